package randaugment

import (
	"fmt"
	"math"
	"strconv"

	"videomae/frames/internal/kernel"
)

// Resample is how rotations, shears and shifts interpolate.
type Resample int

const (
	// Bicubic looks at 4 x 4 pixels, Bilinear at 2 x 2.
	Bicubic Resample = iota
	Bilinear
)

// NamedResample finds a way to interpolate by its name, "bicubic" or "bilinear".
func NamedResample(name string) (Resample, error) {
	switch name {
	case "bicubic":
		return Bicubic, nil
	case "bilinear":
		return Bilinear, nil
	}
	return 0, fmt.Errorf("randaugment: no interpolation %q (have bicubic, bilinear)", name)
}

// fill is what moves in from outside.
const fill = 128

// move fills dst with the picture rotated by arg degrees, sheared by a slope, or shifted by pixels or a share of the side.
func (p picture) move(dst []uint8, op Op, arg float64, resample Resample) {
	m := kernel.Affine{1, 0, 0, 0, 1, 0}
	switch op {
	case Rotate:
		if p.turn(dst, arg) {
			return
		}
		m = rotation(arg, p.w, p.h)
	case ShearX:
		m[1] = arg
	case ShearY:
		m[3] = arg
	case TranslateX:
		m[2] = arg
	case TranslateY:
		m[5] = arg
	case TranslateXRel:
		m[2] = arg * float64(p.w)
	case TranslateYRel:
		m[5] = arg * float64(p.h)
	}
	p.transform(dst, &m, resample)
}

// turn does the rotations that only move pixels, as Pillow does: none, by 180 degrees, and by 90 and 270 where the picture is square. It
// tells whether the angle, counter-clockwise degrees, is such a one.
func (p picture) turn(dst []uint8, degrees float64) bool {
	w, h := p.w, p.h
	var from func(x, y int) int
	switch angle := positive(degrees); {
	case angle == 0:
		copy(dst, p.pix)
		return true
	case angle == 180:
		from = func(x, y int) int { return (h-1-y)*w + w - 1 - x }
	case angle == 90 && w == h:
		from = func(x, y int) int { return x*w + w - 1 - y }
	case angle == 270 && w == h:
		from = func(x, y int) int { return (h-1-x)*w + y }
	default:
		return false
	}
	for y := range h {
		for x := range w {
			copy(dst[3*(y*w+x):][:3], p.pix[3*from(x, y):])
		}
	}
	return true
}

// positive brings an angle into [0, 360).
func positive(degrees float64) float64 {
	if degrees = math.Mod(degrees, 360); degrees < 0 {
		degrees += 360
	}
	return degrees
}

// rotation is the map of a counter-clockwise turn about the centre, in the steps of Pillow.
func rotation(degrees float64, w, h int) kernel.Affine {
	perDegree := float64(math.Pi) / 180
	angle := -(positive(degrees) * perDegree)
	sin, cos := math.Sincos(angle)
	m := kernel.Affine{fifteen(cos), fifteen(sin), 0, fifteen(-sin), fifteen(cos), 0}
	x, y := float64(w)/2, float64(h)/2
	m[2] = float64(m[0]*-x) + float64(m[1]*-y) + 0 + x
	m[5] = float64(m[3]*-x) + float64(m[4]*-y) + 0 + y
	return m
}

// fifteen rounds to 15 decimals, exact ties to even, as Python does.
func fifteen(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 15, 64), 64)
	if err != nil {
		return v // not reached: what was formatted can be read
	}
	return rounded
}

// transform fills dst with the picture at the places of m, and with fill where they lie outside.
func (p picture) transform(dst []uint8, m *kernel.Affine, resample Resample) {
	for y := range p.h {
		row := dst[y*p.w*3:][:p.w*3]
		for x := 0; x < p.w; x++ {
			fx, fy := m.At(x, y)
			out := row[3*x:][:3]
			switch {
			case !(fx >= 0 && fy >= 0 && fx < float64(p.w) && fy < float64(p.h)):
				out[0], out[1], out[2] = fill, fill, fill
			case resample == Bilinear:
				p.linear(out, fx-.5, fy-.5)
			default:
				if next := kernel.CubicRow(row, p.pix, p.w, p.h, x, y, m); next > x {
					x = next - 1
					continue
				}
				p.cubic(out, fx-.5, fy-.5)
			}
		}
	}
}

// cubic interpolates a pixel between 4 x 4 others; beyond the border it is repeated.
func (p picture) cubic(out []uint8, x, y float64) {
	left, top := math.Floor(x), math.Floor(y)
	var at [4]int
	for i := range at {
		at[i] = 3 * clamp(int(left)-1+i, p.w)
	}
	dx, dy := x-left, y-top
	for c := range out {
		var v [4]float64
		for i := range v {
			row := p.pix[clamp(int(top)-1+i, p.h)*p.w*3+c:]
			v[i] = kernel.Cubic(float64(row[at[0]]), float64(row[at[1]]), float64(row[at[2]]), float64(row[at[3]]), dx)
		}
		out[c] = uint8(max(0, min(kernel.Cubic(v[0], v[1], v[2], v[3], dy), 255)))
	}
}

// linear interpolates a pixel between 2 x 2 others; beyond the border it is repeated.
func (p picture) linear(out []uint8, x, y float64) {
	left, top := math.Floor(x), math.Floor(y)
	x0, x1 := 3*clamp(int(left), p.w), 3*clamp(int(left)+1, p.w)
	upper, lower := p.pix[clamp(int(top), p.h)*p.w*3:], p.pix[clamp(int(top)+1, p.h)*p.w*3:]
	dx, dy := x-left, y-top
	mix := func(a, b, d float64) float64 { return a + float64((b-a)*d) }
	for c := range out {
		a := mix(float64(upper[x0+c]), float64(upper[x1+c]), dx)
		b := mix(float64(lower[x0+c]), float64(lower[x1+c]), dx)
		out[c] = uint8(mix(a, b, dy))
	}
}

func clamp(v, n int) int { return max(0, min(v, n-1)) }
