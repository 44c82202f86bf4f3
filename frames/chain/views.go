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

// scaling is what view i of Views is of a frame.
func (c Test) scaling(src video.Clip, dst frames.Floats, i int) frames.Scaling {
	s := frames.ShortSideView(src.W, src.H, c.ShortSide, dst.W, dst.H, i, c.Views)
	if c.RoundDown && c.Views <= 1 {
		s.Keep.X, s.Keep.Y = (s.W-dst.W)/2, (s.H-dst.H)/2
	}
	return s
}

// frame is a clip of one frame in the scratch's memory.
func (s *Scratch) frame(h, w, c int) video.Clip {
	if cap(s.view) < h*w*c {
		s.view = make([]uint8, h*w*c)
	}
	return video.Clip{T: 1, H: h, W: w, C: c, Pix: s.view[:h*w*c]}
}

// Apply fills dst, T x H x W x C, with view i of Views from src, as many frames of any size.
func (c Test) Apply(dst frames.Floats, src video.Clip, i int, s *Scratch) error {
	if i < 0 || i >= max(c.Views, 1) {
		return fmt.Errorf("chain: no view %d of %d", i, c.Views)
	}
	if err := fits(dst, src); err != nil {
		return err
	}
	scaling := c.scaling(src, dst, i)
	view := s.frame(dst.H, dst.W, dst.C)
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

// ApplyAll fills dst, a clip for each of Views, all of one shape, with what Apply gives for each; every frame is scaled once for all.
func (c Test) ApplyAll(dst []frames.Floats, src video.Clip, s *Scratch) error {
	if len(dst) != max(c.Views, 1) {
		return fmt.Errorf("chain: %d clips for %d views", len(dst), c.Views)
	}
	if len(dst) == 1 {
		return c.Apply(dst[0], src, 0, s)
	}
	for _, d := range dst {
		if err := fits(d, src); err != nil {
			return err
		}
		if d.H != dst[0].H || d.W != dst[0].W {
			return fmt.Errorf("chain: views of different shapes, %v and %v", dst[0], d)
		}
	}
	all := c.scaling(src, dst[0], 0)
	boxes := make([]frames.Box, len(dst))
	for i := range dst {
		boxes[i] = c.scaling(src, dst[i], i).Keep
		all.Keep = around(all.Keep, boxes[i])
	}
	scaled := s.frame(all.Keep.H, all.Keep.W, src.C)
	for t := range src.T {
		if err := s.resizer.Resize(scaled, one(src, src.Frame(t)), c.Method, all); err != nil {
			return err
		}
		for i, box := range boxes {
			box.X, box.Y = box.X-all.Keep.X, box.Y-all.Keep.Y
			if err := c.cut(oneOf(dst[i], t), scaled, box); err != nil {
				return err
			}
		}
	}
	return nil
}

// fits tells what keeps a view of src from filling dst.
func fits(dst frames.Floats, src video.Clip) error {
	if dst.T != src.T || dst.C != src.C || src.W < 1 || src.H < 1 || len(src.Pix) != src.T*src.H*src.W*src.C || len(dst.Pix) != dst.T*dst.H*dst.W*dst.C {
		return fmt.Errorf("chain: clip %v does not fit %v", src, dst)
	}
	return nil
}

// around is the smallest box that holds two.
func around(a, b frames.Box) frames.Box {
	x, y := min(a.X, b.X), min(a.Y, b.Y)
	return frames.Box{X: x, Y: y, W: max(a.X+a.W, b.X+b.W) - x, H: max(a.Y+a.H, b.Y+b.H) - y}
}

// cut normalises a box of a frame.
func (c Test) cut(dst frames.Floats, frame video.Clip, box frames.Box) error {
	row := dst.W * dst.C
	for y := range dst.H {
		from := ((box.Y+y)*frame.W + box.X) * frame.C
		err := c.Table.Normalise(frames.Floats{T: 1, H: 1, W: dst.W, C: dst.C, Pix: dst.Pix[y*row:][:row]},
			video.Clip{T: 1, H: 1, W: dst.W, C: frame.C, Pix: frame.Pix[from:][:row]})
		if err != nil {
			return err
		}
	}
	return nil
}
