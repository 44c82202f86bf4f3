package vit

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"videomae/internal/given"
	"videomae/internal/graphtest"
	"videomae/masking"
	"videomae/weights"
)

// tables is what these tests read of the reference file on position tables.
type tables struct {
	Tables []struct {
		Key    string
		D      int
		ToHW   [2]int `json:"to_hw"`
		Slices []int  `json:"time_slices_stored"`
	} `json:"pos_table"`
}

// The spatial part against PyTorch's bicubic resizing, as action detection uses it, of the table of the paper's 8x14x14 cubes.
func TestInterpolatedPositionsAreTheOfficialOnes(t *testing.T) {
	folder := given.Golden(t, "pipeline", "ava")
	text, err := os.ReadFile(filepath.Join(folder, "ava.json"))
	if err != nil {
		t.Fatal(err)
	}
	var reference tables
	if err := json.Unmarshal(text, &reference); err != nil || len(reference.Tables) == 0 {
		t.Fatalf("%d tables, %v", len(reference.Tables), err)
	}
	file, err := weights.Open(filepath.Join(folder, "ava.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range reference.Tables {
		tensor, err := file.Tensor(c.Key)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tensor.Float32s()
		if err != nil {
			t.Fatal(err)
		}
		to := masking.Grid{Slots: 8, Rows: c.ToHW[0], Cols: c.ToHW[1]}
		got, size := InterpolatedPositions(masking.Grid{Slots: 8, Rows: 14, Cols: 14}, to, c.D), to.Places()*c.D
		for i, slot := range c.Slices {
			for j, w := range want[i*size:][:size] {
				if g := got[slot*size+j]; math.Abs(float64(g-w)) > 1e-5 {
					t.Fatalf("%s: value %d of slot %d is %v, want %v", c.Key, j, slot, g, w)
				}
			}
		}
	}
}

func TestInterpolatedPositionsOfTheSameGridAreTheTable(t *testing.T) {
	grid := masking.Grid{Slots: 2, Rows: 3, Cols: 4}
	if !slices.Equal(InterpolatedPositions(grid, grid, 8), Positions(24, 8)) {
		t.Error("the table changed")
	}
}

// Twice as many slots lie at quarters between the old ones, the first and the last beyond their ends.
func TestPositionsAreInterpolatedOverTime(t *testing.T) {
	from, to := masking.Grid{Slots: 2, Rows: 1, Cols: 2}, masking.Grid{Slots: 4, Rows: 1, Cols: 2}
	table := Positions(4, 6)
	a, b := graphtest.Doubles(table[:12]), graphtest.Doubles(table[12:])
	var want []float64
	for _, share := range []float64{0, 0.25, 0.75, 1} {
		for j := range a {
			want = append(want, (1-share)*a[j]+share*b[j])
		}
	}
	graphtest.Near(t, "table", InterpolatedPositions(from, to, 6), want, 1e-6)
}
