package report

import (
	"image/color"
	"math"
	"testing"

	"videomae/metrics"
)

// run returns n records of a falling loss.
func run(n int) []metrics.Record {
	var records []metrics.Record
	for i := range n {
		records = append(records, metrics.Record{Step: i + 1, Loss: 0.5 + 1/float64(i+2), LR: 1e-3})
	}
	return records
}

// rgb gives the colour of a line of the figure.
func rgb(c color.Color) []uint8 {
	r, g, b, _ := c.RGBA()
	return []uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
}

func TestLossCurveDrawsALineForEachSeries(t *testing.T) {
	records := run(100)
	bare, err := LossCurve(records, "Run", "loss")
	if err != nil {
		t.Fatal(err)
	}
	for i := range records {
		records[i].Baselines = map[string]float64{"zero": 1, "nearest": 1.4}
		records[i].Scores = map[string]float64{"val_loss": 0.9}
	}
	records[50].Loss, records[60].Baselines["zero"] = math.NaN(), math.Inf(1)
	full, err := LossCurve(records, "Run", "loss")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]color.Color{"first baseline": others[0], "second baseline": others[1], "validation": green} {
		if got := count(full, rgb(c)); got < 300 {
			t.Errorf("%s: %d pixels of its colour, want a line", name, got)
		}
		if got := count(bare, rgb(c)); got != 0 {
			t.Errorf("%s: %d pixels of its colour though it was not measured", name, got)
		}
	}
	if count(bare, rgb(blue)) < 300 {
		t.Error("the loss has no line")
	}
}

func TestBaselinesAreMeansOfFiniteValues(t *testing.T) {
	got := baselines([]metrics.Record{
		{Baselines: map[string]float64{"zero": 1, "nearest": math.NaN()}},
		{Baselines: map[string]float64{"zero": 3}},
		{Baselines: map[string]float64{"zero": math.Inf(1)}},
		{},
	})
	if len(got) != 1 || got[0] != (baseline{"zero", 2}) {
		t.Errorf("baselines %v, want zero with mean 2", got)
	}
}

func TestRunningMeanKeepsAStraightLine(t *testing.T) {
	records := run(400)
	for i := range records {
		records[i].Loss = 3 - 0.001*float64(i)
	}
	raw := points(records, func(r metrics.Record) float64 { return r.Loss })
	for i, p := range RunningMean(raw)[8:392] {
		if math.Abs(p.Y-raw[8+i].Y) > 1e-12 {
			t.Fatalf("at %d: %v, want %v", i, p.Y, raw[8+i].Y)
		}
	}
}

func TestOddRunsGiveAFigureOrAnError(t *testing.T) {
	constant, huge, noRate := run(5), run(5), run(5)
	for i := range 5 {
		constant[i].Loss, constant[i].LR = 1, 0
		huge[i].Loss = 1e17 + 16*float64(i)
		noRate[i].LR = math.NaN()
	}
	for name, records := range map[string][]metrics.Record{
		"one record": run(1), "constant": constant, "huge": huge, "no rate": noRate,
		"overflow": {{Step: 1, Loss: -math.MaxFloat64}, {Step: 2, Loss: math.MaxFloat64}},
	} {
		if _, err := LossCurve(records, name, "loss"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, records := range map[string][]metrics.Record{"no records": nil, "no loss": {{Step: 1, Loss: math.NaN()}}} {
		if _, err := LossCurve(records, name, "loss"); err == nil {
			t.Errorf("%s gave a figure", name)
		}
	}
}
