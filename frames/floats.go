package frames

import "fmt"

// Floats is a clip of single-precision values, as the model takes it: T frames of H x W pixels with C channels, frame by frame, row by
// row, channels together. Value (t,y,x), channel c is at ((t*H+y)*W+x)*C+c.
type Floats struct {
	T, H, W, C int
	Pix        []float32 // T*H*W*C values
}

// NewFloats returns a clip of zeros.
func NewFloats(t, h, w, c int) Floats {
	return Floats{T: t, H: h, W: w, C: c, Pix: make([]float32, t*h*w*c)}
}

// Frame returns frame t, H*W*C values that alias the clip.
func (f Floats) Frame(t int) []float32 {
	size := f.H * f.W * f.C
	return f.Pix[t*size : (t+1)*size]
}

// String gives the clip's shape.
func (f Floats) String() string { return fmt.Sprintf("%dx%dx%dx%d", f.T, f.H, f.W, f.C) }

// shape is what a clip's pixels are laid out by.
type shape struct{ t, h, w, c, held int }

func (f Floats) shape() shape { return shape{f.T, f.H, f.W, f.C, len(f.Pix)} }

func (s shape) String() string { return fmt.Sprintf("%dx%dx%dx%d", s.t, s.h, s.w, s.c) }

// valid tells whether the shape holds pixels, as many as it says.
func (s shape) valid() bool {
	return s.t >= 0 && s.h > 0 && s.w > 0 && s.c > 0 && s.t*s.h*s.w*s.c == s.held
}
