package kernel

// Affine maps the centres of output pixels to places of the input: x = A (x+.5) + B (y+.5) + C, y = D (x+.5) + E (y+.5) + F.
type Affine [6]float64

// At is the place of output pixel (x, y) in the input, in the steps of Pillow.
func (m *Affine) At(x, y int) (float64, float64) {
	cx, cy := float64(x)+.5, float64(y)+.5
	return float64(m[0]*cx) + float64(m[1]*cy) + m[2], float64(m[3]*cx) + float64(m[4]*cy) + m[5]
}

// CubicRow fills pixels of row y of dst, w pixels with three channels, from x on, with the bicubic interpolation of src, h rows of w
// pixels, at the places of m. It stops at the first one that is not surrounded by 4 x 4 pixels of src, or that vector instructions do
// not reach, and returns its x.
func CubicRow(dst, src []uint8, w, h, x, y int, m *Affine) int {
	return cubicRowVector(dst, src, w, h, x, y, m)
}

// Cubic is the cubic through four values, at d in [0, 1) between the second and the third, in the steps of Pillow.
func Cubic(v1, v2, v3, v4, d float64) float64 {
	p2 := v3 - v1
	p3 := float64(2*(v1-v2)) + v3 - v4
	p4 := v2 - v1 - v3 + v4
	return v2 + float64(d*(p2+float64(d*(p3+float64(d*p4)))))
}
