package randaugment

import (
	"fmt"

	"videomae/frames/internal/kernel"
	"videomae/video"
)

// Scratch is the memory of operations, kept from frame to frame. The zero value is ready. It is not for several goroutines at a time.
type Scratch struct {
	a, b  []uint8 // frames between operations
	table lookup
}

// Apply does the steps to every frame of src, a clip with three channels, and puts the result into dst, of the same shape; dst may be src.
func Apply(dst, src video.Clip, steps []Step, resample Resample, scratch *Scratch) error {
	if dst.T != src.T || dst.H != src.H || dst.W != src.W || dst.C != src.C || len(dst.Pix) != len(src.Pix) {
		return fmt.Errorf("randaugment: clip %v does not fit %v", src, dst)
	}
	for t := range src.T {
		frame, err := scratch.Frame(video.Clip{T: 1, H: src.H, W: src.W, C: src.C, Pix: src.Frame(t)}, steps, resample)
		if err != nil {
			return err
		}
		copy(dst.Frame(t), frame)
	}
	return nil
}

// Frame does the steps to a clip of one frame with three channels, which it leaves alone. The result is valid until the next call; without
// steps it is the frame itself.
func (s *Scratch) Frame(frame video.Clip, steps []Step, resample Resample) ([]uint8, error) {
	if frame.T != 1 || frame.C != 3 || frame.W < 1 || frame.H < 1 || len(frame.Pix) != frame.H*frame.W*3 {
		return nil, fmt.Errorf("randaugment: clip %v is no frame of three channels", frame)
	}
	if len(steps) == 0 {
		return frame.Pix, nil
	}
	if cap(s.a) < len(frame.Pix) {
		s.a, s.b = make([]uint8, len(frame.Pix)), make([]uint8, len(frame.Pix))
	}
	s.a, s.b = s.a[:len(frame.Pix)], s.b[:len(frame.Pix)]
	from := frame.Pix
	for _, step := range steps {
		p := picture{from, frame.W, frame.H}
		if err := p.do(step.Op, step.Arg(), resample, s); err != nil {
			return nil, err
		}
		s.a, s.b = s.b, s.a // what was made lies in a
		from = s.a
	}
	return from, nil
}

// picture is a frame with three channels.
type picture struct {
	pix  []uint8
	w, h int
}

// do makes s.b the picture after one operation. The picture may be s.a.
func (p picture) do(op Op, arg float64, resample Resample, s *Scratch) error {
	switch op {
	case AutoContrast:
		s.table.autoContrast(p.pix)
		s.table.apply(s.b, p.pix)
	case Equalize:
		s.table.equalize(p.pix)
		s.table.apply(s.b, p.pix)
	case Invert, Posterize, PosterizeIncreasing, PosterizeOriginal, Solarize, SolarizeIncreasing, SolarizeAdd, Brightness, BrightnessIncreasing:
		s.table.same(func(v int) uint8 { return valueOf(op, arg, v) })
		s.table.apply(s.b, p.pix)
	case Contrast, ContrastIncreasing:
		mean := brightness(p.pix)
		s.table.same(func(v int) uint8 { return kernel.BlendOne(mean, uint8(v), float32(arg)) })
		s.table.apply(s.b, p.pix)
	case Color, ColorIncreasing:
		color(s.b, p, arg)
	case Sharpness, SharpnessIncreasing:
		sharpness(s.b, p, arg)
	case Rotate, ShearX, ShearY, TranslateX, TranslateY, TranslateXRel, TranslateYRel:
		p.move(s.b, op, arg, resample)
	default:
		return fmt.Errorf("randaugment: no %v", op)
	}
	return nil
}
