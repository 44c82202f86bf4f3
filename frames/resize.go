package frames

import (
	"fmt"

	"videomae/frames/internal/kernel"
	"videomae/video"
)

// Method is a way to resize frames of bytes, equal to another program's to the byte.
type Method int

const (
	// PillowBilinear is Pillow 13's antialiased bilinear resize: of pre-training, and of HF's image processor.
	PillowBilinear Method = iota
	// PillowBicubic is Pillow 13's antialiased bicubic resize.
	PillowBicubic
	// OpenCVBilinear is OpenCV's bilinear resize, which does not antialias: of validation and test.
	OpenCVBilinear
)

// String gives the name of a method.
func (m Method) String() string {
	switch m {
	case PillowBilinear:
		return "pillow-bilinear"
	case PillowBicubic:
		return "pillow-bicubic"
	case OpenCVBilinear:
		return "opencv-bilinear"
	}
	return fmt.Sprintf("method %d", int(m))
}

// Resizer resizes clips and keeps its memory from one to the next, so that it allocates nothing once it has seen the largest. The zero
// value is ready. It is not for several goroutines at a time.
type Resizer struct {
	filters [2]filterAxis // across and down, for Pillow's
	bytes   []uint8       // a frame between Pillow's passes

	pairs  [2]pairAxis // across and down, for OpenCV's
	mixed  []int16     // rows between OpenCV's passes
	rowAt  []int       // place of each source row in mixed, or -1
	inRows []int       // source row of each place in mixed

	lerps  [2]lerpAxis // across and down, for the float one
	values []float32   // a source row as floats
	rows   [2][]float32
	rowOf  [2]int // source row that each of rows was made from
}

// Resize resizes every frame of src into dst, which has as many frames and channels and the size of what is kept.
func (r *Resizer) Resize(dst, src video.Clip, method Method, s Scaling) error {
	if err := s.check(shapeOf(dst), shapeOf(src)); err != nil {
		return err
	}
	switch method {
	case PillowBilinear:
		r.pillow(dst, src, bilinear, s)
	case PillowBicubic:
		r.pillow(dst, src, bicubic, s)
	case OpenCVBilinear:
		r.openCV(dst, src, s)
	default:
		return fmt.Errorf("resize: no %v", method)
	}
	return nil
}

// CropResize cuts box from every frame of src and resizes it to fill the frames of dst, which has as many frames and channels, by
// PillowBilinear: a Resizer's Resize for one clip. Source: spec section 5.2.
func CropResize(dst, src video.Clip, box Box) error {
	return new(Resizer).Resize(dst, src, PillowBilinear, Fill(box, dst.W, dst.H))
}

// span is one axis of a resize: in inputs become out outputs, of which those from first on, n of them, are wanted.
type span struct{ in, out, first, n int }

// spans gives the two axes of a scaling.
func (s Scaling) spans() (across, down span) {
	return span{s.From.W, s.W, s.Keep.X, s.Keep.W}, span{s.From.H, s.H, s.Keep.Y, s.Keep.H}
}

// plane is rows of bytes, stride apart.
type plane struct {
	pix          []uint8
	stride, rows int
}

// row gives the bytes from row y on.
func (p plane) row(y int) []uint8 { return p.pix[y*p.stride:] }

// frame is what a scaling takes from frame t of a clip.
func (s Scaling) frame(src video.Clip, t int) plane {
	return plane{src.Frame(t)[(s.From.Y*src.W+s.From.X)*src.C:], src.W * src.C, s.From.H}
}

// filterRows filters along the rows of pixels with c channels, as many rows as dst has.
func filterRows(dst, src plane, c int, taps *kernel.Taps) {
	y := 0
	for ; c == 3 && y+1 < dst.rows; y += 2 {
		kernel.FilterTwo(dst.row(y)[:dst.stride], dst.row(y + 1)[:dst.stride], src.row(y), src.row(y+1), taps)
	}
	for ; y < dst.rows; y++ {
		kernel.Filter(dst.row(y)[:dst.stride], src.row(y), c, taps)
	}
}
