package frames

import "videomae/video"

// Flip mirrors every frame left to right, in place.
func Flip(clip video.Clip) { mirror(clip.Pix, clip.W, clip.C) }

// FlipFloats mirrors every frame left to right, in place.
func FlipFloats(clip Floats) { mirror(clip.Pix, clip.W, clip.C) }

// mirror reverses the pixels, c values each, of every row of w.
func mirror[V uint8 | float32](pix []V, w, c int) {
	for ; len(pix) >= w*c && w*c > 0; pix = pix[w*c:] {
		for left, right := 0, (w-1)*c; left < right; left, right = left+c, right-c {
			a, b := pix[left:][:c], pix[right:][:c]
			for k := range a {
				a[k], b[k] = b[k], a[k]
			}
		}
	}
}

// Cut copies a box of every frame of src, the size of dst's frames, into dst.
func (f Floats) Cut(dst Floats, box Box) error {
	s := Fill(box, box.W, box.H)
	if err := s.check(dst.shape(), f.shape()); err != nil {
		return err
	}
	row := box.W * f.C
	for t := range f.T {
		for y := range box.H {
			copy(dst.Frame(t)[y*row:][:row], f.Frame(t)[((box.Y+y)*f.W+box.X)*f.C:])
		}
	}
	return nil
}
