package convert

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"videomae/engine"
	"videomae/weights/checkpoint"
)

// A folder of the hub whose pixels are normalised otherwise keeps its outputs when the difference goes into the embedding, and is not
// converted without a word.
func TestOtherNormalisation(t *testing.T) {
	hub, err := convertSmall(t, checkpoint.Classifier, func(o *Options) { o.To = Hub })
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(hub, "preprocessor_config.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]any
	if err := json.Unmarshal(text, &settings); err != nil {
		t.Fatal(err)
	}
	settings["image_mean"], settings["image_std"] = []float64{0.5, 0.4, 0.3}, []float64{0.5, 0.6, 0.2}
	if err := writeJSON(file, settings); err != nil {
		t.Fatal(err)
	}
	o := Options{In: hub, Out: filepath.Join(t.TempDir(), "out"), To: Native}
	if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "--fold-normalisation") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
	o.Fold = true
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	v, err := Verify(backend, o, r)
	if err != nil || v.Difference == 0 || r.Origin.Changed == "" {
		t.Errorf("%+v, changed %q, %v", v, r.Origin.Changed, err)
	}
	again := Options{In: hub, Out: filepath.Join(t.TempDir(), "again"), To: Hub}
	if r, err = Run(context.Background(), again); err != nil || r.Model.Mean[1] != 0.4 || r.Origin.Changed != "" {
		t.Errorf("the hub's own form was changed: %+v, %v", r, err)
	}
}
