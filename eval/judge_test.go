package eval

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strings"
	"testing"

	"videomae/seed"
)

func TestMergingDoesNotDependOnTheOrderOfViews(t *testing.T) {
	for _, v := range made(5, 7, 5, 3, 0.5, 1).Videos {
		for _, rule := range []Rule{Softmax, Logits} {
			want, err := v.Merge(rule)
			if err != nil {
				t.Fatal(err)
			}
			shuffled := v
			shuffled.Views = slices.Clone(v.Views)
			seed.Rand(2, "order").Shuffle(len(v.Views), func(i, k int) {
				shuffled.Views[i], shuffled.Views[k] = shuffled.Views[k], shuffled.Views[i]
			})
			got, err := shuffled.Merge(rule)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v (%v), want %v", rule, got, err, want)
			}
			if !slices.Equal(shuffled.Views[0].Logits, shuffled.Views[0].Logits) {
				t.Error("merging moved views")
			}
		}
	}
}

func TestMergedProbabilities(t *testing.T) {
	v := Video{Views: []View{{Logits: []float32{0, float32(math.Log(3))}}, {Crop: 1, Logits: []float32{1000, 1000}}}}
	got, err := v.Merge(Softmax)
	if err != nil || math.Abs(got[0]-0.375) > 1e-7 || math.Abs(got[1]-0.625) > 1e-7 {
		t.Errorf("%v, %v", got, err)
	}
	got, err = v.Merge(Logits)
	if err != nil || got[0] != 500 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestScoresThatAreNotFiniteNameTheVideo(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		p := made(4, 3, 2, 2, 1, 1)
		p.Videos[2].Views[3].Logits[1] = float32(bad)
		for _, rule := range []Rule{Softmax, Logits} {
			_, err := Judge(p, Options{Rule: rule})
			if err == nil || !strings.Contains(err.Error(), p.Videos[2].Name) || !strings.Contains(err.Error(), "view 1, crop 1") {
				t.Errorf("%v: %v", bad, err)
			}
		}
	}
}

func TestEqualScoresRankByClassNumber(t *testing.T) {
	scores := []float64{1, 2, 2, 0, 2}
	if best(scores) != 1 {
		t.Errorf("best is %d", best(scores))
	}
	for class, want := range []int{3, 0, 1, 4, 2} {
		if got := rank(scores, class); got != want {
			t.Errorf("class %d has rank %d, want %d", class, got, want)
		}
	}
}

// byHand is four classes: of class 0 two of three right, of class 1 none of one, of class 2 one unreadable, and a class that is lacking.
func byHand() Predictions {
	p := Predictions{About: About{Classes: []string{"a", "b", "c", "d"}, Temporal: 1, Crops: 1}}
	add := func(name, class string, label int, logits ...float32) {
		v := Video{Index: len(p.Videos), Name: name, Class: class, Label: label}
		if len(logits) == 0 {
			v.Error = "broken"
		} else {
			v.Views = []View{{Logits: logits}}
		}
		p.Videos = append(p.Videos, v)
	}
	add("1", "a", 0, 9, 0, 0, 0)
	add("2", "a", 0, 9, 0, 0, 0)
	add("3", "a", 0, 1, 2, 3, 4)
	add("4", "b", 1, 1, 2, 3, 4)
	add("5", "c", 2)
	add("6", "z", -1, 1, 0, 0, 0)
	add("7", "", -1, 1, 0, 0, 0)
	return p
}

func TestCountsByHand(t *testing.T) {
	j, err := Judge(byHand(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := j.Summary
	// top-4 of 4 classes: all but the unreadable and the lacking one
	if s.N != 6 || s.Top1 != percent(2, 6) || s.Top5 != percent(4, 6) || s.TopK != 4 || math.Abs(s.MeanClass-100.*(2./3)/4) > 1e-12 {
		t.Errorf("%+v", s)
	}
	if s.Unreadable != 1 || s.UnreadableVideos[0] != (BadVideo{"5", "broken"}) || s.Unlabelled != 1 || len(s.Lacking) != 1 || s.Lacking[0] != (LackedClass{"z", 1}) {
		t.Errorf("%+v", s)
	}
	if r := s.Readable; r == nil || r.N != 5 || r.Top1 != 40 || r.Top5 != 80 || math.Abs(r.MeanClass-100.*(2./3)/3) > 1e-12 {
		t.Errorf("readable %+v", s.Readable)
	}
	notes := strings.Join(s.Notes, "\n")
	for _, want := range []string{"1 of 6 videos could not be read and count as wrong; of the 5 others top-1 is 40.00 %", "z (1)", "1 videos have no label", "top-5 is top-4"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes lack %q:\n%s", want, notes)
		}
	}
	want := [][]int{{2, 0, 0, 1, 0}, {0, 0, 0, 1, 0}, {0, 0, 0, 0, 1}, {0, 0, 0, 0, 0}, {1, 0, 0, 0, 0}}
	if got := j.Confusion(); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("confusion %v, want %v", got, want)
	}
	table := j.PerClass()
	if c := table[0]; c != (ClassScore{Class: "a", N: 3, Right: 2, Accuracy: percent(2, 3), Predicted: 3, Confused: "d", ConfusedN: 1}) {
		t.Errorf("%+v", c)
	}
	if c := table[4]; c != (ClassScore{Class: "z", N: 1, Confused: "a", ConfusedN: 1, Lacking: true}) {
		t.Errorf("%+v", c)
	}
	if c := table[2]; c.N != 1 || c.Unreadable != 1 || c.Confused != "" {
		t.Errorf("%+v", c)
	}
	text := Lines(table)
	if strings.Contains(text, "\nd ") || !strings.Contains(text, "1 unreadable") || !strings.Contains(text, "the model lacks this class") {
		t.Error(text)
	}
	for _, write := range []func() (string, error){
		func() (string, error) { b := &bytes.Buffer{}; err := j.WriteConfusion(b); return b.String(), err },
		func() (string, error) { b := &bytes.Buffer{}; err := j.WritePerClass(b); return b.String(), err },
	} {
		text, err := write()
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := csv.NewReader(strings.NewReader(text)).ReadAll(); err != nil || len(rows) != 6 {
			t.Errorf("%v: %d rows", err, len(rows))
		}
	}
}

func TestOneClassAndOneVideo(t *testing.T) {
	p := made(1, 1, 1, 1, 1, 1)
	j, err := Judge(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := j.Summary; s.Top1 != 100 || s.TopK != 1 || s.MeanClass != 100 || s.CI95 != (Interval{100, 100}) || !strings.Contains(strings.Join(s.Notes, "\n"), "one class") {
		t.Errorf("%+v", s)
	}
}

func TestUnlabelledDataCannotBeJudged(t *testing.T) {
	p := made(3, 2, 1, 1, 1, 1)
	for i := range p.Videos {
		p.Videos[i].Class, p.Videos[i].Label = "", -1
	}
	if _, err := Judge(p, Options{}); err == nil || !strings.Contains(err.Error(), "label") {
		t.Error(err)
	}
}

func TestAllUnreadable(t *testing.T) {
	p := made(3, 2, 1, 1, 1, 1)
	for i := range p.Videos {
		p.Videos[i] = unreadable(p.Videos[i])
	}
	j, err := Judge(p, Options{})
	if err != nil || j.Summary.Top1 != 0 || j.Summary.Unreadable != 3 || j.Summary.Readable.N != 0 {
		t.Errorf("%+v, %v", j.Summary, err)
	}
}

// TestIntervalsCover draws samples of a known accuracy: about 95 % of the intervals must hold it.
func TestIntervalsCover(t *testing.T) {
	const samples, n, accuracy = 30, 60, 0.7
	covered := 0
	for s := range uint64(samples) {
		rng := seed.Rand(s, "sample")
		videos := make([]int, n)
		for i := range videos {
			if rng.Float64() < accuracy {
				videos[i] = 1
			}
		}
		i := bootstrap(videos, 2, s, 1, func(drawn []int, into []float64) { into[0] = float64(drawn[1]) / n })[0]
		if i[0] <= accuracy && accuracy <= i[1] {
			covered++
		}
		// width of the normal approximation, which holds for this n
		if want := 2 * 1.96 * math.Sqrt(accuracy*(1-accuracy)/n); math.Abs(i[1]-i[0]-want) > 0.25*want {
			t.Errorf("sample %d: interval %v is %v wide, want about %v", s, i, i[1]-i[0], want)
		}
	}
	if covered < 25 { // of 30 with chance .95 each: fewer once in 3,000
		t.Errorf("%d of %d intervals hold the accuracy", covered, samples)
	}
}

func TestIntervalsDependOnTheSeedAlone(t *testing.T) {
	p := made(60, 5, 1, 1, 0.6, 3)
	judge := func(s uint64) Summary {
		j, err := Judge(p, Options{Seed: s})
		if err != nil {
			t.Fatal(err)
		}
		return j.Summary
	}
	a, b, c := judge(1), judge(1), judge(2)
	if a.CI95 != b.CI95 || a.MeanClassCI95 != b.MeanClassCI95 || a.Top5CI95 != b.Top5CI95 {
		t.Errorf("%v and %v from one seed", a.CI95, b.CI95)
	}
	if a.MeanClassCI95 == c.MeanClassCI95 {
		t.Error("the seed changes nothing")
	}
	for name, i := range map[string]Interval{"top-1": a.CI95, "top-5": a.Top5CI95, "mean class": a.MeanClassCI95} {
		if !(i[0] <= i[1] && i[0] >= 0 && i[1] <= 100) {
			t.Errorf("%s: %v", name, i)
		}
	}
}
