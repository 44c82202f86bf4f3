package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

func describe(k *tile.Kernels, p Problem) string { return fmt.Sprintf("%v %+v", k.Level, p) }

func TestProductsAreThoseOfFloat64OnAnyNumberOfWorkers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	onEveryLevel(t, func(t *testing.T, k *tile.Kernels) {
		for range 100 {
			e := newProduct(random, randomProblem(random))
			c := e.run(k, 1, nil)
			e.check(t, c, describe(k, e.Problem))
			for _, workers := range []int{2, 3, 8} {
				again := e.run(k, workers, nil)
				if !slices.Equal(bits(again), bits(c)) {
					t.Fatalf("%s: %d workers give other bits", describe(k, e.Problem), workers)
				}
			}
		}
	})
}

// onEveryLevel tests the kernels that this CPU runs.
func onEveryLevel(t *testing.T, test func(t *testing.T, k *tile.Kernels)) {
	for _, level := range isa.Levels() {
		t.Run(level.String(), func(t *testing.T) { test(t, tile.For(level)) })
	}
}

func bits(a array) []uint32 {
	list := make([]uint32, len(a.floats))
	for i := range list {
		list[i] = math.Float32bits(float32(a.value(i)))
	}
	return list
}

// Large enough for several tasks in each direction, several cuts of K, and several copies of A in turn.
func TestLargeProducts(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	k := tile.For(isa.Levels()[len(isa.Levels())-1])
	for _, p := range []Problem{
		{M: 1700, N: 210, K: 40, A: Operand{Row: 1, Col: 1700}, B: Operand{Row: 1, Col: 40}},
		{M: 20, N: 25, K: 9000, A: Operand{Row: 1, Col: 20}, B: Operand{Row: 25, Col: 1}},
		{M: 130, N: 20, K: 2200, Batch: []int{25}, A: Operand{Row: 1, Col: 130}, B: Operand{Row: 20, Col: 1}},
	} {
		p.C, p.Alpha = Result{Row: p.N}, 1
		if len(p.Batch) > 0 {
			p.C.Batch[0] = p.M * p.N
		}
		e := newProduct(random, p)
		e.check(t, e.run(k, 2, nil), describe(k, p))
	}
}

func TestRoundingWhilePackingEqualsConvertingFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	onEveryLevel(t, func(t *testing.T, k *tile.Kernels) {
		for range 50 {
			p := randomProblem(random)
			p.A.Type, p.B.Type, p.Round = tile.F32, tile.F32, true
			e := newProduct(random, p)
			got := e.run(k, 2, nil)
			e.A.Type, e.B.Type, e.Round = tile.BF16, tile.BF16, false
			e.a.kind, e.b.kind = tile.BF16, tile.BF16
			if want := e.run(k, 2, nil); !slices.Equal(bits(got), bits(want)) {
				t.Fatalf("%s: other bits than for converted operands", describe(k, p))
			}
		}
	})
}

// collector stores blocks as a plan would, and counts how often each element comes.
type collector struct {
	product
	c       array
	workers int
	counts  []atomic.Int32
	wrong   atomic.Int32
}

func (s *collector) Block(worker, batch, row, rows, col, cols int, c []float32, ld int) {
	if worker >= s.workers || rows > blockRows || len(c) < (rows-1)*ld+cols {
		s.wrong.Add(1)
	}
	for i := range rows {
		for j := range cols {
			at := s.offset(batch, &s.C.Batch) + (row+i)*s.C.Row + col + j
			s.c.floats[at] = c[i*ld+j]
			s.counts[at].Add(1)
			c[i*ld+j] = guards()
		}
	}
}

func TestEpilogueGetsEveryElementOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	onEveryLevel(t, func(t *testing.T, k *tile.Kernels) {
		for range 60 {
			p := randomProblem(random)
			p.C.Type = tile.F32
			e := newProduct(random, p)
			s := &collector{product: e, c: e.blank(), workers: 3}
			s.counts = make([]atomic.Int32, len(s.c.floats))
			if untouched := e.run(k, s.workers, s); !slices.Equal(bits(untouched), bits(e.blank())) {
				t.Fatalf("%s: the result was written beside the epilogue", describe(k, p))
			}
			want := e.run(k, 1, nil)
			if !slices.Equal(bits(s.c), bits(want)) || s.wrong.Load() > 0 {
				t.Fatalf("%s: the epilogue saw other sums", describe(k, p))
			}
			for i := range s.counts {
				if s.counts[i].Load() > 1 {
					t.Fatalf("%s: element %d came %d times", describe(k, p), i, s.counts[i].Load())
				}
			}
		}
	})
}

func TestNoStepsGiveZeros(t *testing.T) {
	for _, level := range isa.Levels() {
		e := newProduct(rand.New(rand.NewPCG(9, 10)), Problem{M: 5, N: 7, A: Operand{Col: 1}, B: Operand{Row: 7, Col: 1}, C: Result{Row: 7}, Alpha: 1})
		for i, x := range e.run(tile.For(level), 1, nil).floats[:35] {
			if x != 0 {
				t.Errorf("%v: element %d is %v", level, i, x)
			}
		}
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	e := newProduct(rand.New(rand.NewPCG(11, 12)), Problem{M: 300, N: 200, K: 100, A: Operand{Row: 1, Col: 300}, B: Operand{Row: 200, Col: 1}, C: Result{Row: 200}, Alpha: 1})
	for _, level := range isa.Levels() {
		plan, c := NewPlan(tile.For(level), e.Problem), e.blank()
		scratch := make([]byte, plan.ScratchBytes(workers.Workers()))
		if n := testing.AllocsPerRun(3, func() { plan.Run(workers, e.a.data(), e.b.data(), c.data(), scratch, nil) }); n > 0 {
			t.Errorf("%v: a run allocates %v times", level, n)
		}
	}
}

func TestPeakAndMeasureGiveRates(t *testing.T) {
	workers := pool.New(2)
	defer workers.Close()
	k := tile.For(isa.Levels()[len(isa.Levels())-1])
	peaks := Peak(workers, k)
	problem := passes[0].problem(100, 60, 80)
	problem.C.Row, problem.Alpha = problem.N, 1
	rate := Measure(workers, k, problem)
	if peaks.F32 <= 0 || peaks.BF16 < peaks.F32/4 || peaks.Float32() < peaks.F32 || rate <= 0 || rate > 1e15 {
		t.Errorf("peaks %+v, a problem at %g FLOP/s", peaks, rate)
	}
}
