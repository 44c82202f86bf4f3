// bench peak: what the machine can do at most.

package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"videomae/engine/simd/gemm"
	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

// machinePeak is what the machine can do at most, and how much of that the simd engine's matrix product reaches.
type machinePeak struct {
	InstructionSet string        `json:"instruction_set"`
	Workers        int           `json:"workers"`
	F32            float64       `json:"f32_gflops"`       // multiply-adds between registers, two operations each
	Split          float64       `json:"f32_split_gflops"` // of float32 as six products of bfloat16 parts; 0 where the CPU has no tiles
	BF16           float64       `json:"bf16_gflops"`      // of pairs of bfloat16; that of f32 where the CPU has no such instruction
	Copy           float64       `json:"copy_gbytes_s"`
	Products       []productPeak `json:"matmul"`
}

// productPeak is a matrix product [m, k] x [k, n], packing included.
type productPeak struct {
	M         int     `json:"m"`
	K         int     `json:"k"`
	N         int     `json:"n"`
	Precision string  `json:"precision"`
	Rate      float64 `json:"gflops"`
	OfPeak    float64 `json:"of_peak"`
}

func newBenchPeak(s Streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "peak",
		Short: "Measure what this machine can compute and move at most",
		Long: `Measure, on all processors: multiply-adds between registers, the copying of memory (bytes read and bytes written both count), and the
simd engine's product of the largest layer of ViT-B on all tokens of a clip.`,
		Example: example("videomae bench peak", "videomae bench peak --json"),
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return benchPeak(s, asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

func benchPeak(s Streams, asJSON bool) error {
	level, err := isa.Choose()
	if err != nil {
		return err
	}
	workers, kernels := pool.New(0), tile.For(level)
	defer workers.Close()
	peaks := gemm.Peak(workers, kernels)
	m := machinePeak{InstructionSet: level.String(), Workers: workers.Workers(), F32: digits(peaks.F32 / 1e9), Split: digits(peaks.Split / 1e9),
		BF16: digits(peaks.BF16 / 1e9), Copy: digits(copyRate(workers) / 1e9)}
	for _, p := range []struct {
		precision string
		of        tile.Type
		peak      float64
	}{{"f32", tile.F32, peaks.Float32()}, {"bf16", tile.BF16, peaks.BF16}} {
		const tokens, in, out = 1568, 768, 3072
		rate := gemm.Measure(workers, kernels, linearProblem(tokens, in, out, p.of))
		m.Products = append(m.Products, productPeak{tokens, in, out, p.precision, digits(rate / 1e9), digits(rate / p.peak)})
	}
	if asJSON {
		return printJSON(s.Out, m)
	}
	return m.print(s)
}

// linearProblem is what a linear layer computes: rows of inputs times rows of weights.
func linearProblem(tokens, in, out int, of tile.Type) gemm.Problem {
	return gemm.Problem{M: tokens, K: in, N: out, Alpha: 1,
		A: gemm.Operand{Type: of, Row: in, Col: 1}, B: gemm.Operand{Type: of, Row: 1, Col: in}, C: gemm.Result{Type: of, Row: out}}
}

func (m machinePeak) print(s Streams) error {
	w := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "instruction set\t%s, %d workers\n", m.InstructionSet, m.Workers)
	fmt.Fprintf(w, "f32 multiply-adds\t%v GFLOP/s\n", m.F32)
	if m.Split > 0 {
		fmt.Fprintf(w, "f32 by six of bf16\t%v GFLOP/s\n", m.Split)
	}
	fmt.Fprintf(w, "bf16 multiply-adds\t%v GFLOP/s\n", m.BF16)
	fmt.Fprintf(w, "copy\t%v GB/s\n", m.Copy)
	for _, p := range m.Products {
		fmt.Fprintf(w, "matmul %dx%dx%d %s\t%v GFLOP/s\t%.0f %% of peak\n", p.M, p.K, p.N, p.Precision, p.Rate, 100*p.OfPeak)
	}
	return w.Flush()
}

// copied is more than caches hold, and copyTimes how often it is copied to find the best time.
const (
	copied    = 128 << 20
	copyTimes = 8
)

// copying is a job of so many tasks, each of which copies an equal share.
type copying struct {
	tasks    int
	from, to []byte
}

func (c copying) Do(task, _ int) {
	share := len(c.from) / c.tasks
	copy(c.to[task*share:][:share], c.from[task*share:])
}

// copyRate is how many bytes a second are read and written by a copy on all workers.
func copyRate(workers *pool.Pool) float64 {
	job := copying{workers.Workers(), make([]byte, copied), make([]byte, copied)}
	for i := range job.from { // pages that were never written to are all the same one
		job.from[i] = 1
	}
	best := time.Duration(1<<63 - 1)
	for range copyTimes {
		began := time.Now()
		workers.Run(job.tasks, job)
		best = min(best, time.Since(began))
	}
	return 2 * copied / best.Seconds()
}
