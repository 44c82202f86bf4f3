package chain

import (
	"fmt"

	"videomae/frames"
	"videomae/video"
)

// Test is what validation and test do: the shorter side is resized, views are cut, and pixels are normalised.
type Test struct {
	Method    frames.Method // OpenCVBilinear in the official code; PillowBilinear in HF's image processor
	ShortSide int           // pixels
	Views     int           // crops of each clip along its longer side; 1: the centre, as in validation
	Table     *frames.Table
	// RoundDown rounds the place of a single view down, as HF's image processor does, and not half to even.
	RoundDown bool
}

// OfficialTest is the chain of the official code for a model of side x side pixels: 3 views in its tests, 1 in validation.
func OfficialTest(side, views int) Test {
	return Test{Method: frames.OpenCVBilinear, ShortSide: side, Views: views, Table: frames.ImageNet(3)}
}

// HFTest is what HF's image processor does, with its usual order of steps: the shorter side is resized as Pillow does, the centre cut.
func HFTest(shortSide int, table *frames.Table) Test {
	return Test{Method: frames.PillowBilinear, ShortSide: shortSide, Views: 1, Table: table, RoundDown: true}
}

// Apply fills dst, T x H x W x C, with view i of Views from src, as many frames of any size.
func (c Test) Apply(dst frames.Floats, src video.Clip, i int, s *Scratch) error {
	if i < 0 || i >= max(c.Views, 1) {
		return fmt.Errorf("chain: no view %d of %d", i, c.Views)
	}
	if dst.T != src.T || len(src.Pix) != src.T*src.H*src.W*src.C || src.W < 1 || src.H < 1 {
		return fmt.Errorf("chain: clip %v does not fit %v", src, dst)
	}
	size := dst.H * dst.W * dst.C
	if cap(s.view) < size {
		s.view = make([]uint8, size)
	}
	view := video.Clip{T: 1, H: dst.H, W: dst.W, C: dst.C, Pix: s.view[:size]}
	scaling := frames.ShortSideView(src.W, src.H, c.ShortSide, dst.W, dst.H, i, c.Views)
	if c.RoundDown && c.Views <= 1 {
		scaling.Keep.X, scaling.Keep.Y = (scaling.W-dst.W)/2, (scaling.H-dst.H)/2
	}
	for t := range src.T {
		if err := s.resizer.Resize(view, one(src, src.Frame(t)), c.Method, scaling); err != nil {
			return err
		}
		if err := c.Table.Normalise(oneOf(dst, t), view); err != nil {
			return err
		}
	}
	return nil
}
