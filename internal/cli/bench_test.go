package cli

import (
	"strings"
	"testing"
	"time"

	"videomae/engine/simd/plan"
)

func TestProfile(t *testing.T) {
	p := profile{steps: 2, took: 200 * time.Millisecond, groups: []plan.Group{
		{Name: "softmax", Calls: 24, Time: 40 * time.Millisecond, FLOPs: 2e7, Bytes: 4e8},
		{Name: "matmul", Calls: 96, Time: 120 * time.Millisecond, FLOPs: 12e9, Bytes: 2e7},
	}}
	var out strings.Builder
	if err := p.print(&out, limits{flops: 200e9, bytes: 20e9}); err != nil {
		t.Fatal(err)
	}
	want := `group             calls  ms     of step  rate           of peak
matmul            48     60.00  60.0 %   100.0 GFLOP/s  50 %
softmax           12     20.00  20.0 %   10.0 GB/s      50 %
(between groups)         20.00  20.0 %`
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.TrimRight(line, " \n"))
	}
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestSummary(t *testing.T) {
	b := benchmark{Batch: 4}
	b.summarise([]time.Duration{3 * time.Second, time.Second, 2 * time.Second, 10 * time.Second})
	if b.Best != 1 || b.Median != 2.5 || b.ClipsPerSecond != 4 || len(b.Times) != 4 || b.Times[0] != 3 {
		t.Errorf("%+v", b)
	}
}
