package imagedir

import (
	"videomae/frames"
	"videomae/video"
)

// fitting brings whole pictures into the form that is asked for, one after another.
type fitting struct {
	layout        video.Layout
	whole, scaled video.Clip // one frame each
}

func newFitting(info video.Info, layout video.Layout, channels int) fitting {
	f := fitting{layout: layout, whole: video.NewClip(1, info.Height, info.Width, channels)}
	f.scaled = f.whole
	if layout.Scaled(info.Width, info.Height) {
		f.scaled = video.NewClip(1, layout.ScaledH, layout.ScaledW, channels)
	}
	return f
}

// fit writes what is wanted of the picture in whole to dst.
func (f fitting) fit(dst []uint8) error {
	if f.scaled.W != f.whole.W || f.scaled.H != f.whole.H {
		if err := frames.CropResize(f.scaled, f.whole, frames.Box{W: f.whole.W, H: f.whole.H}); err != nil {
			return err
		}
	}
	row := f.layout.W * f.scaled.C
	for y := range f.layout.H {
		from := ((f.layout.Y+y)*f.scaled.W + f.layout.X) * f.scaled.C
		copy(dst[y*row:][:row], f.scaled.Pix[from:])
	}
	return nil
}
