// How fast this machine multiplies: at best, and for a given problem.

package gemm

import (
	"time"
	"unsafe"

	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

// The best of many short bursts is taken, as other programs slow some of them down.
const (
	bursts    = 40
	burstTime = 10 * time.Millisecond
)

// Peak is the rate in FLOP/s of multiply-adds between registers on all workers at once: what no product can exceed. Where the
// CPU does not multiply bfloat16, products of them run as float32, and both rates are the same. It takes under two seconds.
func Peak(workers *pool.Pool, k *tile.Kernels) (f32, bf16 float64) {
	f32 = peak(workers, k.F32.Peak) * float64(2*k.F32.MR*k.NR)
	if k.BF16.Multiply == nil {
		return f32, f32
	}
	return f32, peak(workers, k.BF16.Peak) * float64(2*k.BF16.MR*k.NR)
}

// spinning is a job that does arithmetic only.
type spinning struct {
	spin  func(steps int)
	steps int
}

func (s *spinning) Do(_, _ int) { s.spin(s.steps) }

// peak is the rate of steps per second.
func peak(workers *pool.Pool, spin func(steps int)) float64 {
	s := &spinning{spin, 1}
	for once := time.Duration(0); once < burstTime; { // as many steps as a burst takes
		s.steps *= 2
		begin := time.Now()
		s.spin(s.steps)
		once = time.Since(begin)
	}
	return float64(s.steps*workers.Workers()) / fastest(bursts, func() { workers.Run(workers.Workers(), s) }).Seconds()
}

// Measure is the rate in FLOP/s at which a problem is computed, at best, on operands that are packed and read like any other.
func Measure(workers *pool.Pool, k *tile.Kernels, problem Problem) float64 {
	plan := NewPlan(k, problem)
	a, b := example(problem.A, problem.Batch, problem.M, problem.K), example(problem.B, problem.Batch, problem.K, problem.N)
	c := example(Operand{problem.C.Type, problem.C.Row, 1, problem.C.Batch}, problem.Batch, problem.M, problem.N)
	scratch := make([]byte, plan.ScratchBytes(workers.Workers()))
	run := func() { plan.Run(workers, a, b, c, scratch, nil) }
	once := fastest(2, run)
	return problem.FLOPs() / fastest(int(bursts*burstTime/once)+3, run).Seconds()
}

func fastest(times int, do func()) time.Duration {
	best := time.Duration(1<<63 - 1)
	for range times {
		begin := time.Now()
		do()
		best = min(best, time.Since(begin))
	}
	return best
}

// example is memory for an operand. It is written to, as pages that never were are all the same one, which caches better.
func example(o Operand, batch []int, rows, cols int) unsafe.Pointer {
	list := make([]byte, o.extent(batch, rows, cols)*o.Type.Size())
	for i := range list {
		list[i] = 0x3F // as float32 or bfloat16 a bit under 1
	}
	return unsafe.Pointer(unsafe.SliceData(list))
}
