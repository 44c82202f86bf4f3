//go:build goexperiment.simd && amd64

package kernel

import (
	"encoding/binary"
	"simd/archsimd"
)

// cubicPlace is where a pixel is taken from.
type cubicPlace struct {
	at       int  // of the upper left one of 4 x 4 pixels
	from, to int  // rows of those that count
	level    bool // of a row only the second pixel counts
	dx, dy   [4]float64
}

// cubicRowVector keeps the three channels of a pixel in the lanes of one vector. It finds the places of some pixels first: floating-point
// numbers outside of vectors, between the instructions for these, would stall the processor at each change.
func cubicRowVector(dst, src []uint8, w, h, x, y int, m *Affine) int {
	if !vector {
		return x
	}
	var places [16]cubicPlace
	for {
		n := 0
		for n < len(places) && x+n < w-1 && places[n].find(src, w, h, x+n, y, m) { // the store of 4 bytes must not pass the end
			n++
		}
		cubicPixels(dst[3*x:], src, w, places[:n])
		if x += n; n < len(places) {
			return x
		}
	}
}

// find tells whether vectors can do pixel (x, y), and how.
func (p *cubicPlace) find(src []uint8, w, h, x, y int, m *Affine) bool {
	px, py := m.At(x, y)
	px, py = px-.5, py-.5
	if !(px >= 1 && py >= 1 && px < float64(w-2) && py < float64(h-2)) {
		return false
	}
	left, top := int(px), int(py)
	dx, dy := px-float64(left), py-float64(top)
	p.at, p.from, p.to, p.level = ((top-1)*w+left-1)*3, 0, 4, dx == 0
	if dy == 0 { // the other rows do not count
		p.from, p.to = 1, 2
	}
	p.dx, p.dy = [4]float64{dx, dx, dx, dx}, [4]float64{dy, dy, dy, dy}
	return p.at+9*w+16 <= len(src)
}

// cubicPixels does pixels at places, from the first of dst on.
func cubicPixels(dst, src []uint8, w int, places []cubicPlace) {
	first, second, third, fourth := spread(0), spread(1), spread(2), spread(3)
	pack := archsimd.LoadInt8x32(&bytesOf32).GetLo()
	zero, white := archsimd.Float64x4{}, archsimd.BroadcastFloat64x4(255)
	var rows [4]archsimd.Float64x4 // interpolated along each
	for i := range places {
		p := &places[i]
		d := archsimd.LoadFloat64x4(&p.dx)
		for k := p.from; k < p.to; k++ {
			pixels := archsimd.LoadUint8x16Slice(src[p.at+3*w*k:])
			if p.level {
				rows[k] = pixels.PermuteOrZero(second).AsInt32x4().ConvertToFloat64()
				continue
			}
			v1, v2 := pixels.PermuteOrZero(first).AsInt32x4(), pixels.PermuteOrZero(second).AsInt32x4()
			v3, v4 := pixels.PermuteOrZero(third).AsInt32x4(), pixels.PermuteOrZero(fourth).AsInt32x4()
			less := v1.Sub(v2)
			p3 := less.Add(less).Add(v3).Sub(v4)
			p4 := v4.Sub(v3).Sub(less)
			inner := p3.ConvertToFloat64().Add(d.Mul(p4.ConvertToFloat64()))
			rows[k] = v2.ConvertToFloat64().Add(d.Mul(v3.Sub(v1).ConvertToFloat64().Add(d.Mul(inner))))
		}
		v := rows[1]
		if p.from == 0 {
			d = archsimd.LoadFloat64x4(&p.dy)
			v1, v2, v3, v4 := rows[0], rows[1], rows[2], rows[3]
			less := v1.Sub(v2)
			p3 := less.Add(less).Add(v3).Sub(v4)
			p4 := v2.Sub(v1).Sub(v3).Add(v4)
			v = v2.Add(d.Mul(v3.Sub(v1).Add(d.Mul(p3.Add(d.Mul(p4))))))
		}
		bytes := v.Max(zero).Min(white).ConvertToInt32().AsUint8x16().PermuteOrZero(pack)
		binary.LittleEndian.PutUint32(dst[3*i:], bytes.AsUint32x4().GetElem(0))
	}
	archsimd.ClearAVXUpperBits()
}
