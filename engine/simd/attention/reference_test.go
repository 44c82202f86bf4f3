// The reference: attention and its gradient in float64 with all scores stored, and tensors with guards around their rows.

package attention

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"videomae/engine/simd/tile"
)

// guard is what lies between the rows of a tensor: a NaN with a mark, so that what reads it shows, and so does what writes it.
const guard = 0x7FC17FC1

// buffer is the memory of a tensor.
type buffer struct {
	typ   tile.Type
	words []uint32
	sizes [4]int // batch, tokens, heads, width
	s     Strides
	skew  int // bytes before the first element
}

// newBuffer lays a tensor out at random: axes in any order, with or without gaps.
func newBuffer(r *rand.Rand, typ tile.Type, batch, tokens, heads, width int) *buffer {
	b := &buffer{typ: typ, sizes: [4]int{batch, tokens, heads, width}, skew: 64 + 4*r.IntN(4)}
	gap := r.IntN(2) * r.IntN(20)
	next := width + gap
	axes := [3]*int{&b.s.Batch, &b.s.Token, &b.s.Head}
	for _, axis := range r.Perm(3) {
		*axes[axis] = next
		next *= max(1, b.sizes[axis])
	}
	b.words = make([]uint32, (next*typ.Size()+b.skew+64)/4)
	for i := range b.words {
		b.words[i] = guard
	}
	return b
}

func (b *buffer) pointer() unsafe.Pointer { return unsafe.Add(unsafe.Pointer(&b.words[0]), b.skew) }

func (b *buffer) element(batch, token, head, i int) unsafe.Pointer {
	return unsafe.Add(b.pointer(), (batch*b.s.Batch+token*b.s.Token+head*b.s.Head+i)*b.typ.Size())
}

// each visits the elements.
func (b *buffer) each(visit func(batch, token, head, i int)) {
	for batch := range b.sizes[0] {
		for token := range b.sizes[1] {
			for head := range b.sizes[2] {
				for i := range b.sizes[3] {
					visit(batch, token, head, i)
				}
			}
		}
	}
}

func (b *buffer) get(batch, token, head, i int) float64 {
	p := b.element(batch, token, head, i)
	if b.typ == tile.BF16 {
		return float64(math.Float32frombits(uint32(*(*uint16)(p)) << 16))
	}
	return float64(*(*float32)(p))
}

// set rounds to the buffer's type.
func (b *buffer) set(batch, token, head, i int, x float64) {
	p := b.element(batch, token, head, i)
	if b.typ == tile.BF16 {
		*(*uint16)(p) = uint16(round(float32(x)) >> 16)
	} else {
		*(*float32)(p) = float32(x)
	}
}

func (b *buffer) fill(value func() float64) *buffer {
	b.each(func(batch, token, head, i int) { b.set(batch, token, head, i, value()) })
	return b
}

// checkGuards finds what was written beside the elements, which are cleared for this.
func (b *buffer) checkGuards(t *testing.T, name string) {
	t.Helper()
	bits := b.typ.Size() * 8
	mark := uint32(guard & (1<<bits - 1))
	b.each(func(batch, token, head, i int) {
		p := b.element(batch, token, head, i)
		if bits == 16 {
			*(*uint16)(p) = uint16(mark)
		} else {
			*(*uint32)(p) = mark
		}
	})
	for i, word := range b.words {
		if word != guard {
			t.Fatalf("%s: word %d beside the rows was written", name, i)
		}
	}
}

// compare checks that all elements are within a tolerance of what is wanted, relative to the greatest of these.
func (b *buffer) compare(t *testing.T, name string, want *buffer64, tolerance float64) {
	t.Helper()
	greatest := 1e-30
	for _, x := range want.x {
		greatest = max(greatest, math.Abs(x))
	}
	b.each(func(batch, token, head, i int) {
		got, want := b.get(batch, token, head, i), *want.at(batch, token, head, i)
		if !(math.Abs(got-want) <= tolerance*greatest) {
			t.Fatalf("%s[%d,%d,%d,%d] = %g, want %g (greatest %g)", name, batch, token, head, i, got, want, greatest)
		}
	})
}

// buffer64 is a tensor of the reference.
type buffer64 struct {
	x     []float64
	sizes [4]int
}

func newBuffer64(sizes [4]int) *buffer64 {
	return &buffer64{make([]float64, sizes[0]*sizes[1]*sizes[2]*sizes[3]), sizes}
}

func (b *buffer64) at(batch, token, head, i int) *float64 {
	return &b.x[((batch*b.sizes[1]+token)*b.sizes[2]+head)*b.sizes[3]+i]
}

func (b *buffer64) row(batch, token, head int) []float64 {
	return b.x[((batch*b.sizes[1]+token)*b.sizes[2]+head)*b.sizes[3]:][:b.sizes[3]]
}

// exact is the tensor's values.
func (b *buffer) exact() *buffer64 {
	to := newBuffer64(b.sizes)
	b.each(func(batch, token, head, i int) { *to.at(batch, token, head, i) = b.get(batch, token, head, i) })
	return to
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

func addScaled(to []float64, factor float64, x []float64) {
	for i := range x {
		to[i] += factor * x[i]
	}
}

// weights are the soft-max of the scores of one query, and the logarithm of the sum of the scores' exponentials.
func weights(q []float64, k *buffer64, batch, head int, scale float64) ([]float64, float64) {
	w := make([]float64, k.sizes[1])
	top := math.Inf(-1)
	for j := range w {
		w[j] = scale * dot(q, k.row(batch, j, head))
		top = max(top, w[j])
	}
	var sum float64
	for j := range w {
		w[j] = math.Exp(w[j] - top)
		sum += w[j]
	}
	for j := range w {
		w[j] /= sum
	}
	return w, top + math.Log(sum)
}

// referenceForward gives the output and the state.
func referenceForward(p Problem, q, k, v *buffer64) (o *buffer64, lse []float64) {
	o = newBuffer64(q.sizes)
	lse = make([]float64, p.state(p.Batch, 0, 0))
	for batch := range p.Batch {
		for head := range p.Heads {
			group := head / (p.Heads / p.KVHeads)
			for i := range p.Queries {
				w, state := weights(q.row(batch, i, head), k, batch, group, p.scale())
				lse[p.state(batch, head, i)] = state
				for j := range w {
					addScaled(o.row(batch, i, head), w[j], v.row(batch, j, group))
				}
			}
		}
	}
	return o, lse
}

// referenceBackward gives the gradients of the sum of the products of o and do.
func referenceBackward(p Problem, q, k, v, do *buffer64) (dq, dk, dv *buffer64) {
	dq, dk, dv = newBuffer64(q.sizes), newBuffer64(k.sizes), newBuffer64(v.sizes)
	for batch := range p.Batch {
		for head := range p.Heads {
			group := head / (p.Heads / p.KVHeads)
			for i := range p.Queries {
				w, _ := weights(q.row(batch, i, head), k, batch, group, p.scale())
				dw, mean := make([]float64, len(w)), 0.0
				for j := range w {
					addScaled(dv.row(batch, j, group), w[j], do.row(batch, i, head))
					dw[j] = dot(do.row(batch, i, head), v.row(batch, j, group))
					mean += w[j] * dw[j]
				}
				for j := range w {
					ds := p.scale() * w[j] * (dw[j] - mean)
					addScaled(dq.row(batch, i, head), ds, k.row(batch, j, group))
					addScaled(dk.row(batch, j, group), ds, q.row(batch, i, head))
				}
			}
		}
	}
	return dq, dk, dv
}

// TestReferenceGradient checks the reference by differences.
func TestReferenceGradient(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := Problem{Batch: 2, Heads: 4, KVHeads: 2, Queries: 3, Keys: 4, HeadDim: 5}
	random := func(tokens, heads int) *buffer64 {
		b := newBuffer64([4]int{p.Batch, tokens, heads, p.HeadDim})
		for i := range b.x {
			b.x[i] = r.NormFloat64()
		}
		return b
	}
	q, k, v, do := random(3, 4), random(4, 2), random(4, 2), random(3, 4)
	dq, dk, dv := referenceBackward(p, q, k, v, do)
	loss := func() float64 {
		o, _ := referenceForward(p, q, k, v)
		return dot(o.x, do.x)
	}
	for _, c := range []struct {
		name  string
		x, dx *buffer64
	}{{"q", q, dq}, {"k", k, dk}, {"v", v, dv}} {
		for i := range c.x.x {
			const h = 1e-5
			old := c.x.x[i]
			c.x.x[i] = old + h
			above := loss()
			c.x.x[i] = old - h
			below := loss()
			c.x.x[i] = old
			if want := (above - below) / (2 * h); math.Abs(c.dx.x[i]-want) > 1e-8 {
				t.Fatalf("d%s[%d] = %g, want %g", c.name, i, c.dx.x[i], want)
			}
		}
	}
}

// String names a shape.
func (p Problem) String() string {
	return fmt.Sprintf("B%d H%d/%d N%dx%d d%d %s scale %g", p.Batch, p.Heads, p.KVHeads, p.Queries, p.Keys, p.HeadDim,
		[]string{"f32", "bf16"}[p.Type], p.Scale)
}
