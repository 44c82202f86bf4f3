package optim

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"videomae/internal/given"
)

// schedules is what these tests read of the reference file on schedules and parameter groups.
type schedules struct {
	Cosine []struct {
		Base, Final   float64
		Epochs        int
		StepsPerEpoch int `json:"steps_per_epoch"`
		WarmupEpochs  int `json:"warmup_epochs"`
		WarmupSteps   int `json:"warmup_steps"` // in place of the epochs where it is above 0
		Values        []float64
	}
	LayerDecay []struct {
		Model  string
		Depth  int
		Decay  float64
		Values []float64
		ByName map[string][2]float64 `json:"by_name"` // layer, share of the rate
	} `json:"layer_decay"`
	ParamGroups map[string]struct {
		Groups []struct {
			WeightDecay float64 `json:"weight_decay"`
			Scale       float64 `json:"lr_scale"`
			Params      []string
		}
	} `json:"param_groups"`
}

// reference reads the file, and tells the folder of all reference numbers.
func reference(t *testing.T) (s schedules, folder string) {
	t.Helper()
	folder = given.Golden(t)
	data, err := os.ReadFile(filepath.Join(folder, "pipeline", "schedules.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Cosine) == 0 || len(s.LayerDecay) == 0 || len(s.ParamGroups) == 0 {
		t.Fatal("schedules.json lacks cases")
	}
	return s, folder
}

func checkRates(t *testing.T, s Schedule, want []float64, limit float64) {
	t.Helper()
	for step, w := range want {
		if got := s.Rate(step); math.Abs(got-w) > limit*math.Abs(w) {
			t.Errorf("%+v: rate %.17g at step %d, want %.17g", s, got, step, w)
		}
	}
}

func TestRatesAreTheOfficialOnes(t *testing.T) {
	reference, _ := reference(t)
	for _, c := range reference.Cosine {
		warmup := c.WarmupEpochs * c.StepsPerEpoch
		if c.WarmupSteps > 0 {
			warmup = c.WarmupSteps
		}
		checkRates(t, Schedule{Peak: c.Base, Min: c.Final, WarmupSteps: warmup, TotalSteps: c.Epochs * c.StepsPerEpoch}, c.Values, 1e-12)
	}
}

// The values are those of spec 10, to six digits.
func TestRatesOfTheSpecification(t *testing.T) {
	checkRates(t, Schedule{Peak: 1, Min: 0.1, WarmupSteps: 5, TotalSteps: 20}, []float64{
		0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.990166, 0.961095, 0.914058, 0.851109, 0.775, 0.689058, 0.597038, 0.502962, 0.410942, 0.325,
		0.248891, 0.185942, 0.138905, 0.109834}, 5e-6)
}

func TestRatesAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name     string
		schedule Schedule
		want     map[int]float64
	}{
		{"warm-up of one step", Schedule{2, 0.5, 1, 3}, map[int]float64{0: 0, 1: 2, 2: 1.25, 3: 0.5}},
		{"no warm-up", Schedule{2, 0.5, 0, 2}, map[int]float64{0: 2, 1: 1.25, 2: 0.5, 99: 0.5}},
		{"nothing but warm-up", Schedule{2, 0.5, 3, 3}, map[int]float64{0: 0, 1: 1, 2: 2, 3: 0.5}},
		{"warm-up longer than the run", Schedule{2, 0.5, 5, 3}, map[int]float64{0: 0, 2: 1, 4: 2, 5: 0.5}},
		{"no steps", Schedule{2, 0.5, 0, 0}, map[int]float64{0: 0.5}},
	} {
		for step, want := range c.want {
			if got := c.schedule.Rate(step); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: rate %v at step %d, want %v", c.name, got, step, want)
			}
		}
	}
}
