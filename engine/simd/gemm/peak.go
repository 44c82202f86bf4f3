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

// Peaks are rates in FLOP/s of multiply-adds between registers on all workers at once. Products of a type cannot exceed them.
type Peaks struct {
	F32   float64 // by float32 instructions
	Split float64 // of float32 as six products of bfloat16 parts; 0 where the CPU has no tiles
	BF16  float64 // that of F32 where the CPU does not multiply bfloat16
}

// Float32 is the rate that no product of float32 exceeds.
func (p Peaks) Float32() float64 { return max(p.F32, p.Split) }

// Peak measures them in under two seconds.
func Peak(workers *pool.Pool, k *tile.Kernels) Peaks {
	p := Peaks{F32: peak(workers, k, k.F32), Split: peak(workers, k, k.Split), BF16: peak(workers, k, k.BF16)}
	if p.BF16 == 0 {
		p.BF16 = p.F32
	}
	return p
}

// spinning is a job that does arithmetic only.
type spinning struct {
	spin  func(depth int)
	depth int
}

func (s *spinning) Do(_, _ int) { s.spin(s.depth) }

// peak is the rate of a kernel, 0 if there is none.
func peak(workers *pool.Pool, k *tile.Kernels, p tile.Product) float64 {
	if p.Multiply == nil {
		return 0
	}
	s := &spinning{p.Peak, 1}
	for once := time.Duration(0); once < burstTime; { // as much depth as a burst takes
		s.depth *= 2
		begin := time.Now()
		s.spin(s.depth)
		once = time.Since(begin)
	}
	flops := float64(2 * p.MR * k.NR * s.depth * workers.Workers())
	return flops / fastest(bursts, func() { workers.Run(workers.Workers(), s) }).Seconds()
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
