package attention

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// machine is a set of kernels to test.
type machine struct {
	name string
	tile *tile.Kernels
	vec  *vec.Kernels
}

// machines are all levels of this CPU, and the portable kernels of pairs of bfloat16, which no level uses.
func machines() []machine {
	var list []machine
	for _, level := range isa.Levels() {
		list = append(list, machine{level.String(), tile.For(level), vec.For(level)})
	}
	pairs := *tile.For(isa.Portable)
	pairs.BF16 = tile.Product{Multiply: multiplyPairs, MR: 1, Depth: 2}
	return append(list, machine{"portable pairs", &pairs, vec.For(isa.Portable)})
}

// multiplyPairs is the product of words of bfloat16 pairs: what the instruction does.
func multiplyPairs(rows, steps int, a unsafe.Pointer, aRow, aStep int, b unsafe.Pointer, bStep int, c *float32, ldc int, alpha float32, load bool) {
	half := func(word unsafe.Pointer, i int) float32 {
		return math.Float32frombits(uint32(*(*uint16)(unsafe.Add(word, 2*i))) << 16)
	}
	for i := range rows {
		for j := range tile.For(isa.Portable).NR {
			var sum float32
			for p := range steps {
				x, y := unsafe.Add(a, i*aRow+p*aStep), unsafe.Add(b, p*bStep+4*j)
				sum += half(x, 0)*half(y, 0) + half(x, 1)*half(y, 1)
			}
			to := (*float32)(unsafe.Add(unsafe.Pointer(c), 4*(i*ldc+j)))
			if load {
				*to += alpha * sum
			} else {
				*to = alpha * sum
			}
		}
	}
}

// example is a problem with its tensors.
type example struct {
	p                          Problem
	strides                    GradientStrides
	q, k, v, o, do, dq, dk, dv *buffer
	lse                        []float32
}

func newExample(r *rand.Rand, p Problem, value func() float64) *example {
	queries := func() *buffer { return newBuffer(r, p.Type, p.Batch, p.Queries, p.Heads, p.HeadDim) }
	keys := func() *buffer { return newBuffer(r, p.Type, p.Batch, p.Keys, p.KVHeads, p.HeadDim) }
	e := &example{q: queries().fill(value), k: keys().fill(value), v: keys().fill(value), o: queries(),
		do: queries().fill(r.NormFloat64), dq: queries(), dk: keys(), dv: keys(), lse: make([]float32, p.state(p.Batch, 0, 0))}
	p.Q, p.K, p.V, p.O = e.q.s, e.k.s, e.v.s, e.o.s
	e.p, e.strides = p, GradientStrides{e.do.s, e.dq.s, e.dk.s, e.dv.s}
	return e
}

// scratchFor is memory that is full of what could do harm, at an odd address.
func scratchFor(n int) []byte {
	memory := make([]byte, n+1)
	for i := range memory {
		memory[i] = 0xFF
	}
	return memory[1:]
}

func (e *example) forward(t testing.TB, m machine, workers *pool.Pool) {
	f, err := NewForward(m.tile, m.vec, e.p)
	if err != nil {
		t.Fatal(err)
	}
	f.Run(workers, e.q.pointer(), e.k.pointer(), e.v.pointer(), e.o.pointer(), e.lse, scratchFor(f.ScratchBytes(workers.Workers())))
}

func (e *example) backward(t testing.TB, m machine, workers *pool.Pool) {
	b, err := NewBackward(m.tile, m.vec, e.p, e.strides)
	if err != nil {
		t.Fatal(err)
	}
	b.Run(workers, e.q.pointer(), e.k.pointer(), e.v.pointer(), e.o.pointer(), e.do.pointer(), e.lse,
		e.dq.pointer(), e.dk.pointer(), e.dv.pointer(), scratchFor(b.ScratchBytes(workers.Workers())))
}

// check compares with the reference and looks at the guards.
func (e *example) check(t *testing.T, forward, backward float64) {
	t.Helper()
	q, k, v, do := e.q.exact(), e.k.exact(), e.v.exact(), e.do.exact()
	o, lse := referenceForward(e.p, q, k, v)
	e.o.compare(t, "output", o, forward)
	for i, want := range lse {
		if got := float64(e.lse[i]); !(got == want || math.Abs(got-want) <= forward*(1+math.Abs(want))) {
			t.Fatalf("state[%d] = %g, want %g", i, got, want)
		}
	}
	dq, dk, dv := referenceBackward(e.p, q, k, v, do)
	e.dq.compare(t, "dq", dq, backward)
	e.dk.compare(t, "dk", dk, backward)
	e.dv.compare(t, "dv", dv, backward)
	e.o.checkGuards(t, "output")
	e.dq.checkGuards(t, "dq")
	e.dk.checkGuards(t, "dk")
	e.dv.checkGuards(t, "dv")
}

// tolerances of outputs and gradients, relative to the greatest element.
func tolerances(typ tile.Type) (forward, backward float64) {
	if typ == tile.BF16 {
		return 1e-2, 2e-2
	}
	return 5e-6, 2e-5
}

func TestAgainstReference(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	r := rand.New(rand.NewPCG(3, 4))
	shapes := []Problem{
		{Batch: 1, Heads: 1, KVHeads: 1, Queries: 1, Keys: 1, HeadDim: 1},
		{Batch: 2, Heads: 3, KVHeads: 3, Queries: 5, Keys: 7, HeadDim: 3},
		{Batch: 1, Heads: 2, KVHeads: 2, Queries: 160, Keys: 160, HeadDim: 64},
		{Batch: 1, Heads: 1, KVHeads: 1, Queries: 130, Keys: 401, HeadDim: 17},
		{Batch: 1, Heads: 4, KVHeads: 2, Queries: 67, Keys: 33, HeadDim: 8},
		{Batch: 1, Heads: 6, KVHeads: 1, Queries: 31, Keys: 129, HeadDim: 80},
		{Batch: 1, Heads: 1, KVHeads: 1, Queries: 49, Keys: 250, HeadDim: 128, Scale: 0.3},
		{Batch: 1, Heads: 1, KVHeads: 1, Queries: 300, Keys: 15, HeadDim: 131, Scale: -0.05},
	}
	for range 6 {
		group := 1 + r.IntN(3)
		shapes = append(shapes, Problem{Batch: 1 + r.IntN(2), Heads: 2 * group, KVHeads: 2, Queries: 1 + r.IntN(100), Keys: 1 + r.IntN(300), HeadDim: 1 + r.IntN(70)})
	}
	for _, m := range machines() {
		for _, p := range shapes {
			for _, p.Type = range []tile.Type{tile.F32, tile.BF16} {
				t.Run(m.name+" "+p.String(), func(t *testing.T) {
					e := newExample(r, p, r.NormFloat64)
					e.forward(t, m, workers)
					e.backward(t, m, workers)
					forward, backward := tolerances(p.Type)
					e.check(t, forward, backward)
				})
			}
		}
	}
}

func TestZeroSizes(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	r := rand.New(rand.NewPCG(5, 6))
	for _, m := range machines() {
		for _, p := range []Problem{
			{Batch: 0, Heads: 2, KVHeads: 2, Queries: 5, Keys: 5, HeadDim: 8},
			{Batch: 2, Heads: 0, KVHeads: 0, Queries: 5, Keys: 5, HeadDim: 8},
			{Batch: 2, Heads: 2, KVHeads: 2, Queries: 0, Keys: 5, HeadDim: 8},
			{Batch: 2, Heads: 2, KVHeads: 1, Queries: 40, Keys: 0, HeadDim: 8},
		} {
			e := newExample(r, p, r.NormFloat64)
			e.forward(t, m, workers)
			e.backward(t, m, workers)
			e.check(t, 0, 0)
		}
	}
}

// Scores far beyond what an exponential bears, in rising order, so that the greatest one changes from part to part. They are
// whole numbers, hence exact.
func TestExtremeScores(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	r := rand.New(rand.NewPCG(7, 8))
	for _, m := range machines() {
		p := Problem{Batch: 1, Heads: 1, KVHeads: 1, Queries: 20, Keys: 500, HeadDim: 8, Scale: 1}
		e := newExample(r, p, func() float64 { return float64(r.IntN(9) - 4) })
		for j := range p.Keys {
			e.k.set(0, j, 0, 0, float64(j/2)*16)
		}
		for i := range p.Queries {
			e.q.set(0, i, 0, 0, float64(i-10))
		}
		e.forward(t, m, workers)
		e.backward(t, m, workers)
		e.check(t, 1e-6, 5e-3) // the state, a float32, is up to 36000 here
	}
}

func TestOneBadQueryHarmsItsOwnRowOnly(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	r := rand.New(rand.NewPCG(9, 10))
	for _, m := range machines() {
		e := newExample(r, Problem{Batch: 1, Heads: 1, KVHeads: 1, Queries: 40, Keys: 50, HeadDim: 16}, r.NormFloat64)
		e.q.set(0, 7, 0, 3, math.NaN())
		e.forward(t, m, workers)
		for i := range e.p.Queries {
			for x := range e.p.HeadDim {
				if got := e.o.get(0, i, 0, x); math.IsNaN(got) != (i == 7) {
					t.Fatalf("%s: output[%d,%d] = %g", m.name, i, x, got)
				}
			}
		}
	}
}

func TestNumberOfWorkersAndPlaceDoNotMatter(t *testing.T) {
	for _, m := range machines() {
		for _, typ := range []tile.Type{tile.F32, tile.BF16} {
			p := Problem{Batch: 1, Heads: 2, KVHeads: 1, Queries: 250, Keys: 270, HeadDim: 24, Type: typ}
			var first [][]float64
			for _, count := range []int{1, 2, 3, 8} {
				workers := pool.New(count)
				layout, values := rand.New(rand.NewPCG(uint64(count), 0)), rand.New(rand.NewPCG(11, 12))
				e := newExample(layout, p, values.NormFloat64)
				e.do.fill(values.NormFloat64)
				e.forward(t, m, workers)
				e.backward(t, m, workers)
				workers.Close()
				got := [][]float64{e.o.exact().x, e.dq.exact().x, e.dk.exact().x, e.dv.exact().x}
				if first == nil {
					first = got
				}
				for i, name := range []string{"output", "dq", "dk", "dv"} {
					for j := range got[i] {
						if math.Float64bits(got[i][j]) != math.Float64bits(first[i][j]) {
							t.Fatalf("%s %v: %s[%d] = %v with %d workers, %v with 1", m.name, p, name, j, got[i][j], count, first[i][j])
						}
					}
				}
			}
		}
	}
}

// Where products are made in the time of the soft-max, they and it are the same to the last bit, scores that are not finite included.
func TestOverlapChangesNothing(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	for _, m := range machines() {
		for _, size := range [][2]int{{70, 288}, {1, 672}, {33, 448}, {64, 192}, {400, 1568}} {
			r := rand.New(rand.NewPCG(15, 16))
			p := Problem{Batch: 2, Heads: 2, KVHeads: 1, Queries: size[0], Keys: size[1], HeadDim: overlapWidth, Type: tile.BF16}
			e := newExample(r, p, func() float64 { return 3 * r.NormFloat64() })
			e.q.set(0, 0, 0, 3, math.Inf(1))
			f, err := NewForward(m.tile, m.vec, e.p)
			if err != nil {
				t.Fatal(err)
			}
			if !f.overlaps {
				continue
			}
			run := func() ([]float64, []float32) {
				scratch := make([]byte, f.ScratchBytes(2))
				f.Run(workers, e.q.pointer(), e.k.pointer(), e.v.pointer(), e.o.pointer(), e.lse, scratch)
				return slices.Clone(e.o.exact().x), slices.Clone(e.lse)
			}
			o, lse := run()
			f.overlaps = false
			wantO, wantLSE := run()
			for i := range o {
				if math.Float64bits(o[i]) != math.Float64bits(wantO[i]) {
					t.Fatalf("%s %v: output[%d] = %v, without overlap %v", m.name, p, i, o[i], wantO[i])
				}
			}
			for i := range lse {
				if math.Float32bits(lse[i]) != math.Float32bits(wantLSE[i]) {
					t.Fatalf("%s %v: state[%d] = %v, without overlap %v", m.name, p, i, lse[i], wantLSE[i])
				}
			}
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	r := rand.New(rand.NewPCG(13, 14))
	m := machines()[len(isa.Levels())-1]
	for _, typ := range []tile.Type{tile.F32, tile.BF16} {
		e := newExample(r, Problem{Batch: 1, Heads: 2, KVHeads: 2, Queries: 90, Keys: 200, HeadDim: 20, Type: typ}, r.NormFloat64)
		f, _ := NewForward(m.tile, m.vec, e.p)
		b, _ := NewBackward(m.tile, m.vec, e.p, e.strides)
		memory := make([]byte, max(f.ScratchBytes(2), b.ScratchBytes(2)))
		q, k, v, o, do := e.q.pointer(), e.k.pointer(), e.v.pointer(), e.o.pointer(), e.do.pointer()
		if n := testing.AllocsPerRun(10, func() {
			f.Run(workers, q, k, v, o, e.lse, memory)
			b.Run(workers, q, k, v, o, do, e.lse, e.dq.pointer(), e.dk.pointer(), e.dv.pointer(), memory)
		}); n > 0 {
			t.Errorf("type %d: %v allocations", typ, n)
		}
	}
}

func TestWrongProblems(t *testing.T) {
	for _, c := range []struct {
		p    Problem
		want string
	}{
		{Problem{Batch: -1, HeadDim: 1}, "negative size"},
		{Problem{Batch: 1, Heads: 1, KVHeads: 1}, "head width 0"},
		{Problem{Heads: 3, KVHeads: 2, HeadDim: 1}, "3 heads of queries on 2"},
		{Problem{HeadDim: 1, Type: 9}, "unknown type 9"},
	} {
		_, err := NewForward(tile.For(isa.Portable), vec.For(isa.Portable), c.p)
		_, again := NewBackward(tile.For(isa.Portable), vec.For(isa.Portable), c.p, GradientStrides{})
		if err == nil || !strings.Contains(err.Error(), c.want) || again == nil {
			t.Errorf("%v: %v and %v, want %q", c.p, err, again, c.want)
		}
	}
}
