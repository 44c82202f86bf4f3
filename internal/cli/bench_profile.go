// bench step --profile: where a step's time goes.

package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"videomae/engine/simd/gemm"
	"videomae/engine/simd/isa"
	"videomae/engine/simd/plan"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

// profiler is an engine that tells where its time goes.
type profiler interface {
	StartProfile()
	StopProfile() []plan.Group
}

// profile is what an engine did in some steps of a computation.
type profile struct {
	groups []plan.Group
	steps  int
	took   time.Duration // all steps
}

// limits are what the machine can do at most, a second.
type limits struct{ flops, bytes float64 }

// benchProfile makes more steps and lists what takes their time, beside what this machine can do at most in their precision.
func benchProfile(s Streams, on profiler, w benchWork, o benchOptions) error {
	on.StartProfile()
	began := time.Now()
	for range o.steps {
		if err := w.step(); err != nil {
			return err
		}
	}
	p := profile{steps: o.steps, took: time.Since(began), groups: on.StopProfile()}
	level, err := isa.Choose()
	if err != nil {
		return err
	}
	workers := pool.New(0)
	defer workers.Close()
	peaks := gemm.Peak(workers, tile.For(level))
	most := limits{flops: peaks.Float32(), bytes: copyRate(workers)}
	if o.precision == "bf16" {
		most.flops = peaks.BF16
	}
	return p.print(s.Out, most)
}

// print writes a line for each group of operations in a mean step, longest first, and one for what lies between them. A group is held
// against the limit that it is nearer to, of arithmetic or of memory; what stays in caches can pass the latter.
func (p profile) print(out io.Writer, most limits) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "group\tcalls\tms\tof step\trate\tof peak")
	rest := p.took
	longestFirst := func(a, b plan.Group) int { return cmp.Compare(b.Time, a.Time) }
	for _, g := range slices.SortedStableFunc(slices.Values(p.groups), longestFirst) {
		rate, share := rateOf(g, most)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.0f %%\n", g.Name, g.Calls/p.steps, p.times(g.Time), rate, 100*share)
		rest -= g.Time
	}
	fmt.Fprintf(w, "(between groups)\t\t%s\t\t\n", p.times(rest))
	return w.Flush()
}

// times writes a time of all steps as milliseconds of one, and as a share of it.
func (p profile) times(t time.Duration) string {
	return fmt.Sprintf("%.2f\t%.1f %%", t.Seconds()*1e3/float64(p.steps), 100*t.Seconds()/p.took.Seconds())
}

// rateOf is what a group does in a second, and which share of the limit that is.
func rateOf(g plan.Group, most limits) (text string, share float64) {
	flops, bytes := float64(g.FLOPs)/g.Time.Seconds(), float64(g.Bytes)/g.Time.Seconds()
	if flops/most.flops > bytes/most.bytes {
		return fmt.Sprintf("%.1f GFLOP/s", flops/1e9), flops / most.flops
	}
	return fmt.Sprintf("%.1f GB/s", bytes/1e9), bytes / most.bytes
}
