// Comparison with masks made by the official code.

package masking

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"videomae/internal/given"
	"videomae/weights"
)

// cases is what this test reads of the reference file on masks.
type cases struct {
	Counts []struct {
		Grid  [3]int `json:"grid_thw"`
		Ratio float64
		Total int `json:"total_masked"`
	}
	Masks []struct {
		Key   string
		Grid  [3]int `json:"grid_thw"`
		Ratio float64
	}
}

func reference(t *testing.T) (c cases, folder string) {
	t.Helper()
	folder = given.Golden(t, "pipeline")
	data, err := os.ReadFile(filepath.Join(folder, "masks.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Counts) == 0 || len(c.Masks) == 0 {
		t.Fatal("masks.json lacks cases")
	}
	return c, folder
}

// The official code also makes masks that hide nothing or everything; here they are errors.
func TestCountsAreTheOfficialOnes(t *testing.T) {
	c, _ := reference(t)
	for _, want := range c.Counts {
		grid := Grid{want.Grid[0], want.Grid[1], want.Grid[2]}
		got, err := Count(Tube, grid, want.Ratio)
		if usable := want.Total != 0 && want.Total != grid.Tokens(); usable != (err == nil) {
			t.Errorf("%v at %v hides %d of %d cubes: error %v", grid, want.Ratio, want.Total, grid.Tokens(), err)
		} else if usable && got != want.Total {
			t.Errorf("%v at %v: %d cubes masked, want %d", grid, want.Ratio, got, want.Total)
		}
	}
}

// Official masks pass the checks that drawn ones have to pass, which shows that the checks are right.
func TestOfficialMasksPassTheChecks(t *testing.T) {
	c, folder := reference(t)
	arrays, err := weights.Open(filepath.Join(folder, "masks.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = arrays.Close() }()
	for _, sample := range c.Masks {
		tensor, err := arrays.Tensor(sample.Key)
		if err != nil {
			t.Fatal(err)
		}
		m := make(Mask, len(tensor.Data))
		for i, v := range tensor.Data {
			m[i] = v == 1
		}
		grid := Grid{sample.Grid[0], sample.Grid[1], sample.Grid[2]}
		want, err := Count(Tube, grid, sample.Ratio)
		if err != nil {
			t.Fatal(err)
		}
		checkMask(t, m, Tube, grid, want)
	}
}
