// Pictures inside the page.

package page

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	_ "image/png" // reconstructions are
	"net/http"
	"os"
)

// Data is a picture as the address of an image that holds it.
type Data = template.URL

// largestPicture is the largest file that is taken into a page, in bytes.
const largestPicture = 16 << 20

// LoadImage takes a PNG or JPEG file as it is, after making sure that it can be decoded.
func LoadImage(path string) (Data, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", cause(err)
	}
	if len(text) > largestPicture {
		return "", fmt.Errorf("has %d bytes, more than the %d that a page takes", len(text), largestPicture)
	}
	if _, _, err := image.Decode(bytes.NewReader(text)); err != nil {
		return "", errors.New("is damaged or not finished")
	}
	return address(http.DetectContentType(text), text), nil
}

// Encode makes a JPEG of a picture.
func Encode(img image.Image) (Data, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return address("image/jpeg", b.Bytes()), nil
}

func address(kind string, text []byte) Data {
	return Data("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(text))
}
