// Package imagedir reads a folder of numbered pictures (img_00001.jpg, img_00002.jpg...) as a video.
package imagedir

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // registers the format
	_ "image/png"  // registers the format
	"os"
	"path/filepath"
	"strings"

	"videomae/video"
)

// Decoder reads folders of JPEG and PNG pictures; frame 0 is the picture with the lowest number, and gaps in the numbers do not count.
// It keeps nothing between calls.
type Decoder struct {
	FPS float64 // frames per second that Probe reports, since pictures do not say
}

// Name is "imagedir".
func (Decoder) Name() string { return "imagedir" }

// Probe counts the pictures of the folder path and reads the size of the first.
func (d Decoder) Probe(_ context.Context, path string) (video.Info, error) {
	dir, names, err := list(path)
	if err != nil {
		return video.Info{}, fmt.Errorf("folder of frames %s: %w", path, err)
	}
	first := filepath.Join(dir, names[0])
	f, err := os.Open(first)
	if err != nil {
		return video.Info{}, fmt.Errorf("frame %s: %w", first, video.Reason(err))
	}
	defer f.Close()
	config, format, err := image.DecodeConfig(f)
	if err != nil {
		return video.Info{}, fmt.Errorf("frame %s: %w", first, err)
	}
	info := video.Info{Path: path, Container: video.FolderContainer, Codec: format, Frames: len(names), KeyFrames: len(names),
		Width: config.Width, Height: config.Height, FPS: d.FPS}
	if d.FPS > 0 {
		info.Seconds = float64(info.Frames) / d.FPS
	}
	if err := video.CheckInfo(info); err != nil { // before anyone makes room for such pictures
		return video.Info{}, fmt.Errorf("frame %s: %w", first, err)
	}
	return info, nil
}

// Frames reads the pictures at indices. All must have the size of the first. Transparent pixels are laid over black. Scaling is
// Pillow's antialiased bilinear one.
func (d Decoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	dir, names, err := list(info.Path)
	if err != nil {
		return video.Clip{}, fmt.Errorf("folder of frames %s: %w", info.Path, err)
	}
	if len(names) != info.Frames {
		return video.Clip{}, fmt.Errorf("folder of frames %s: holds %d pictures now, held %d", info.Path, len(names), info.Frames)
	}
	form := newFitting(info, layout, out.Channels)
	clip := video.NewClip(len(indices), layout.H, layout.W, out.Channels)
	for t, n := range indices {
		if err := ctx.Err(); err != nil {
			return video.Clip{}, err
		}
		if t > 0 && n == indices[t-1] {
			copy(clip.Frame(t), clip.Frame(t-1))
			continue
		}
		path := filepath.Join(dir, names[n])
		if err := read(path, form.whole, 0); err != nil {
			return video.Clip{}, fmt.Errorf("frame %s: %w", path, err)
		}
		if err := form.fit(clip.Frame(t)); err != nil {
			return video.Clip{}, fmt.Errorf("frame %s: %w", path, err)
		}
	}
	return clip, nil
}

// IsPicture tells by its extension whether a file name is that of a frame.
func IsPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

// read decodes a picture into frame t of a clip.
func read(path string, clip video.Clip, t int) error {
	f, err := os.Open(path)
	if err != nil {
		return video.Reason(err)
	}
	defer f.Close()
	config, _, err := image.DecodeConfig(f)
	if err != nil {
		return err
	}
	if config.Width != clip.W || config.Height != clip.H { // asked before decoding, which takes the memory that the header claims
		return fmt.Errorf("is %dx%d, but the first frame is %dx%d", config.Width, config.Height, clip.W, clip.H)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return err
	}
	picture, _, err := image.Decode(f)
	if err != nil {
		return err
	}
	if clip.C == 1 {
		grey := &image.Gray{Pix: clip.Frame(t), Stride: clip.W, Rect: image.Rect(0, 0, clip.W, clip.H)}
		toGrey(grey, picture)
		return nil
	}
	rgba := image.NewRGBA(image.Rect(0, 0, clip.W, clip.H))
	draw.Draw(rgba, rgba.Rect, picture, picture.Bounds().Min, draw.Src)
	frame := clip.Frame(t)
	for i, o := 0, 0; o < len(frame); i, o = i+4, o+3 {
		copy(frame[o:o+3], rgba.Pix[i:i+3])
	}
	return nil
}

// toGrey takes the luma (Rec. 601), which a JPEG holds as it is.
func toGrey(dst *image.Gray, src image.Image) {
	at := src.Bounds().Min
	if ycc, ok := src.(*image.YCbCr); ok {
		for y := range dst.Rect.Dy() {
			copy(dst.Pix[y*dst.Stride:(y+1)*dst.Stride], ycc.Y[ycc.YOffset(at.X, at.Y+y):])
		}
		return
	}
	for y := range dst.Rect.Dy() {
		for x := range dst.Rect.Dx() {
			dst.SetGray(x, y, color.GrayModel.Convert(src.At(at.X+x, at.Y+y)).(color.Gray))
		}
	}
}
