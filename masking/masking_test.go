package masking

import (
	"math"
	"slices"
	"strings"
	"testing"

	"videomae/seed"
)

// paper is the grid of a clip of 16 frames of 224x224 pixels.
var paper = Grid{Slots: 8, Rows: 14, Cols: 14}

// draw fails the test where no mask can be drawn.
func draw(t *testing.T, kind Kind, grid Grid, ratio float64, at ...uint64) Mask {
	t.Helper()
	m, err := Draw(kind, grid, ratio, seed.Rand(1, "mask", at...))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hidden counts the masked cubes of each slot.
func hidden(m Mask, grid Grid) []int {
	counts := make([]int, grid.Slots)
	for i, masked := range m {
		if masked {
			counts[i/grid.Places()]++
		}
	}
	return counts
}

// The counts are those of spec 4.
func TestCount(t *testing.T) {
	for _, c := range []struct {
		kind  Kind
		grid  Grid
		ratio float64
		want  int
	}{
		{Tube, paper, 0.9, 1408}, {Tube, paper, 0.75, 1176}, {Tube, paper, 0.95, 1488},
		{Tube, Grid{1, 10, 10}, 0.29, 28}, {Tube, Grid{1, 10, 10}, 0.57, 56},
		{Random, paper, 0.9, 1411}, {Random, Grid{1, 10, 10}, 0.29, 28},
		{Frame, paper, 0.875, 7 * 196}, {Frame, paper, 0.9, 7 * 196},
	} {
		if got, err := Count(c.kind, c.grid, c.ratio); err != nil || got != c.want {
			t.Errorf("%s %v at %v: %d, %v, want %d", c.kind, c.grid, c.ratio, got, err, c.want)
		}
	}
}

func TestDrawnMasks(t *testing.T) {
	for _, grid := range []Grid{paper, {4, 3, 5}, {2, 1, 7}} {
		for _, kind := range Kinds {
			want, err := Count(kind, grid, 0.6)
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(20) {
				m := draw(t, kind, grid, 0.6, i)
				checkMask(t, m, kind, grid, want)
			}
		}
	}
}

// checkMask checks the number of masked cubes and where a kind puts them.
func checkMask(t *testing.T, m Mask, kind Kind, grid Grid, want int) {
	t.Helper()
	if len(m) != grid.Tokens() {
		t.Fatalf("%s %v: %d values, want %d", kind, grid, len(m), grid.Tokens())
	}
	total := 0
	for slot, n := range hidden(m, grid) {
		total += n
		if kind == Frame && n != 0 && n != grid.Places() {
			t.Fatalf("%s %v: slot %d hides %d of %d cubes", kind, grid, slot, n, grid.Places())
		}
	}
	if total != want {
		t.Fatalf("%s %v: %d cubes masked, want %d", kind, grid, total, want)
	}
	if kind == Tube && !isTube(m, grid) {
		t.Fatalf("%s %v: slots differ", kind, grid)
	}
}

// isTube tells whether all slots are masked alike.
func isTube(m Mask, grid Grid) bool {
	for slot := range slices.Chunk(m, grid.Places()) {
		if !slices.Equal(slot, m[:grid.Places()]) {
			return false
		}
	}
	return true
}

func TestSplitIsInRasterOrderAndComplete(t *testing.T) {
	m := draw(t, Random, Grid{4, 3, 5}, 0.6)
	visible, masked := m.Split()
	if !slices.IsSorted(visible) || !slices.IsSorted(masked) || len(visible)+len(masked) != len(m) {
		t.Fatalf("visible %v, masked %v", visible, masked)
	}
	for _, i := range visible {
		if m[i] {
			t.Errorf("cube %d is masked and listed as visible", i)
		}
	}
	for _, i := range masked {
		if !m[i] {
			t.Errorf("cube %d is visible and listed as masked", i)
		}
	}
}

// Every cube should be masked equally often. A mask hides a fixed number of units (places, cubes or slots), so their counts
// over many masks have a variance of n*p*(1-p) and a correlation of -1/(units-1): the sum below is chi-square with units-1 degrees.
func TestEveryCubeIsMaskedEquallyOften(t *testing.T) {
	const draws = 4000
	grid := Grid{Slots: 8, Rows: 4, Cols: 5}
	for _, kind := range Kinds {
		counts := make([]float64, grid.Tokens())
		for i := range uint64(draws) {
			for j, masked := range draw(t, kind, grid, 0.75, i) {
				if masked {
					counts[j]++
				}
			}
		}
		units := map[Kind][]float64{Tube: counts[:grid.Places()], Random: counts, Frame: firstOfEachSlot(counts, grid)}[kind]
		p, k, chi := 0.75, float64(len(units)), 0.0
		for _, c := range units {
			chi += (c - draws*p) * (c - draws*p) / (draws * p * (1 - p)) * (k - 1) / k
		}
		if limit := chiLimit(k - 1); chi > limit {
			t.Errorf("%s: chi-square %.1f of %v degrees exceeds %.1f: %v", kind, chi, k-1, limit, units)
		}
	}
}

func firstOfEachSlot(counts []float64, grid Grid) (out []float64) {
	for s := range grid.Slots {
		out = append(out, counts[s*grid.Places()])
	}
	return out
}

// chiLimit is exceeded once in a thousand by chi-square of df degrees (Wilson and Hilferty's approximation).
func chiLimit(df float64) float64 {
	return df * math.Pow(1-2/(9*df)+3.09*math.Sqrt(2/(9*df)), 3)
}

func TestSameGeneratorGivesTheSameMask(t *testing.T) {
	for _, kind := range Kinds {
		a, b, other := draw(t, kind, paper, 0.5, 3), draw(t, kind, paper, 0.5, 3), draw(t, kind, paper, 0.5, 4)
		if !slices.Equal(a, b) {
			t.Errorf("%s: two masks of one generator differ", kind)
		}
		if slices.Equal(a, other) {
			t.Errorf("%s: masks of two generators are equal", kind)
		}
	}
}

func TestMasksThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  Kind
		grid  Grid
		ratio float64
		want  string // part of the message
	}{
		{"nothing masked", Tube, paper, 0, "ratio 0 must lie strictly between 0 and 1"},
		{"all masked", Tube, paper, 1, "ratio 1 must lie strictly between 0 and 1"},
		{"negative", Random, paper, -0.1, "ratio -0.1"},
		{"not a number", Random, paper, math.NaN(), "ratio NaN"},
		{"infinite", Frame, paper, math.Inf(1), "ratio +Inf"},
		{"too few places", Tube, Grid{8, 2, 2}, 0.2, "0 of the 32 cubes"},
		{"too few slots", Frame, Grid{2, 14, 14}, 0.4, "0 of the 392 cubes"},
		{"one cube", Random, Grid{1, 1, 1}, 0.9, "0 of the 1 cubes"},
		{"empty grid", Tube, Grid{8, 0, 14}, 0.9, "no cubes"},
		{"two negative sides", Tube, Grid{-2, -2, 8}, 0.5, "no cubes"},
		{"unknown kind", "checkers", paper, 0.9, `unknown kind "checkers"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Draw(c.kind, c.grid, c.ratio, seed.Rand(1, "mask"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("mask of %d cubes, error %v, want an error with %q", len(m), err, c.want)
			}
		})
	}
}
