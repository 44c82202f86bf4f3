// Text and clips on a picture.

package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"videomae/video"
)

const (
	margin   = 12 // pixels around the picture and between its parts
	gap      = 4  // pixels between the frames of a row
	textSize = 15 // pixels
	lineStep = 20 // pixels from line to line
)

// typefaces are the fonts of a picture.
type typefaces struct{ regular, bold font.Face }

// loadFaces prepares the fonts that are part of the program.
func loadFaces() (typefaces, error) {
	regular, err := loadFace(goregular.TTF, textSize)
	if err != nil {
		return typefaces{}, err
	}
	bold, err := loadFace(gobold.TTF, textSize)
	return typefaces{regular, bold}, err
}

// loadFace prepares a font in a size in pixels.
func loadFace(ttf []byte, size float64) (font.Face, error) {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("report: font: %w", err)
	}
	// At 72 dots an inch a point is a pixel.
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("report: font: %w", err)
	}
	return face, nil
}

// wrap breaks text into lines at most width pixels wide, between words; a word wider than that has a line of its own.
func wrap(face font.Face, text string, width int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && font.MeasureString(face, lines[n-1]+" "+word).Ceil() <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// write draws lines of text below (x,y).
func write(img draw.Image, face font.Face, lines []string, x, y int) {
	pen := font.Drawer{Dst: img, Src: image.Black, Face: face}
	for i, line := range lines {
		pen.Dot = fixed.P(x, y+(i+1)*lineStep-lineStep/4)
		pen.DrawString(line)
	}
}

// blank returns a white picture.
func blank(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	return img
}

// place draws frame t of a clip at (x,y), each pixel as a square of scale x scale.
func place(img *image.RGBA, clip video.Clip, t, x, y, scale int) {
	frame := clip.Frame(t)
	for i := range clip.H * clip.W {
		pixel := frame[i*clip.C : (i+1)*clip.C]
		colour := color.RGBA{pixel[0], pixel[clip.C/2], pixel[clip.C-1], 255} // of a grey clip, all three are the one channel
		left, top := x+i%clip.W*scale, y+i/clip.W*scale
		for dy := range scale {
			for dx := range scale {
				img.SetRGBA(left+dx, top+dy, colour)
			}
		}
	}
}

// enlarge returns the smallest whole factor that makes size at least least.
func enlarge(size, least int) int { return max(1, (least+size-1)/size) }
