package video

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"videomae/internal/given"
	"videomae/seed"
)

func TestPretrainIndicesEqualOfficialOnes(t *testing.T) {
	var want struct {
		Pretrain []struct {
			N, Frames, Stride, Start int
			DrawBelow                *int `json:"draw_below"`
			Indices                  []int
		}
	}
	text, err := os.ReadFile(given.Golden(t, "pipeline", "sampling.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Pretrain) == 0 {
		t.Fatal("the golden data has no pre-training case")
	}
	for _, c := range want.Pretrain {
		starts := 1
		if c.DrawBelow != nil {
			starts = *c.DrawBelow
		}
		if got := PretrainStarts(c.N, c.Frames, c.Stride); got != starts {
			t.Errorf("PretrainStarts(%d, %d, %d) = %d, want %d", c.N, c.Frames, c.Stride, got, starts)
		}
		if got := PretrainIndices(c.Start, c.N, c.Frames, c.Stride); !slices.Equal(got, c.Indices) {
			t.Errorf("PretrainIndices(%d, %d, %d, %d) = %v, want %v", c.Start, c.N, c.Frames, c.Stride, got, c.Indices)
		}
	}
}

func TestDrawPretrainStaysInsideAndReachesEveryStart(t *testing.T) {
	const n, frames, stride = 40, 8, 4
	seen := map[int]bool{}
	for i := range uint64(400) {
		indices := DrawPretrain(seed.Rand(1, "frames", i), n, frames, stride)
		if _, err := CheckRequest(Info{Frames: n, Width: 1, Height: 1}, indices, RGB); err != nil {
			t.Fatal(err)
		}
		seen[indices[0]] = true
	}
	if len(seen) != PretrainStarts(n, frames, stride) {
		t.Errorf("400 draws reach %d starts, want %d", len(seen), PretrainStarts(n, frames, stride))
	}
}
