package eval

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"videomae/internal/given"
)

// goldenSet is text files of the official code, and what it made of them.
type goldenSet struct {
	Dir             string
	Segments, Crops int
	Classes, Videos int
	Top1, Top5      float64
	Top1OfLogits    float64 `json:"top1_if_logits_were_averaged"`
	PerVideo        []struct {
		ID          string
		ViewsUsed   int `json:"views_used"`
		Pred, Label int
		Top1, Top5  float64
		MeanProb    []float64 `json:"mean_prob"`
	} `json:"per_video"`
}

// golden reads the sets that there are.
func golden(t *testing.T) []goldenSet {
	t.Helper()
	text, err := os.ReadFile(given.Golden(t, "pipeline", "merge.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Sets []goldenSet }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Sets) == 0 {
		t.Fatal("no sets")
	}
	return all.Sets
}

func TestMergingEqualsTheOfficialOne(t *testing.T) {
	for _, want := range golden(t) {
		t.Run(filepath.Base(want.Dir), func(t *testing.T) {
			p, err := ReadTexts(given.Golden(t, "pipeline", want.Dir))
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, p, want)
		})
	}
}

// TestOfficialPredictionsSurviveEveryFile takes the golden sets through our own files and back.
func TestOfficialPredictionsSurviveEveryFile(t *testing.T) {
	for _, want := range golden(t) {
		p, err := ReadTexts(given.Golden(t, "pipeline", want.Dir))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), PredictionsFile)
		if err := p.Write(path); err != nil {
			t.Fatal(err)
		}
		back, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		checkGolden(t, back, want)
		texts := t.TempDir()
		if left, err := WriteTexts(texts, back, 3); err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
		if back, err = Open(texts); err != nil {
			t.Fatal(err)
		}
		checkGolden(t, back, want)
	}
}

// checkGolden compares with the official merging.
func checkGolden(t *testing.T, p Predictions, want goldenSet) {
	t.Helper()
	if p.Temporal != want.Segments || p.Crops != want.Crops || len(p.Classes) != want.Classes || len(p.Videos) != want.Videos {
		t.Errorf("%s views of %d videos in %d classes", p.Views(), len(p.Videos), len(p.Classes))
	}
	j, err := Judge(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	logits, err := Judge(p, Options{Rule: Logits})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{{"top-1", j.Summary.Top1, want.Top1}, {"top-5", j.Summary.Top5, want.Top5}, {"top-1 of logits", logits.Summary.Top1, want.Top1OfLogits}} {
		if math.Abs(c.got-c.want) > 1e-9 {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
	if len(want.PerVideo) != len(p.Videos) {
		t.Fatalf("%d videos, want %d", len(p.Videos), len(want.PerVideo))
	}
	place := map[string]int{}
	for i, v := range p.Videos {
		place[v.Name] = i
	}
	for _, w := range want.PerVideo {
		i, has := place[w.ID]
		if !has {
			t.Fatalf("no video %q", w.ID)
		}
		v, verdict := p.Videos[i], j.Verdicts[i]
		scores, err := v.Merge(Softmax)
		if err != nil {
			t.Fatal(err)
		}
		for class, p := range w.MeanProb {
			if !(math.Abs(scores[class]-p) <= 1e-9) {
				t.Fatalf("%s: probability of class %d is %v, want %v", w.ID, class, scores[class], p)
			}
		}
		right := map[bool]float64{true: 1}
		if len(v.Views) != w.ViewsUsed || v.Label != w.Label || verdict.Predicted != w.Pred || right[verdict.Right(1)] != w.Top1 || right[verdict.Right(5)] != w.Top5 {
			t.Errorf("%s: %d views, label %d, verdict %+v, want %+v", w.ID, len(v.Views), v.Label, verdict, w)
		}
	}
}
