package eval

import (
	"errors"
	"fmt"
	"slices"
)

// Summary is an evaluation in numbers. Accuracies and intervals are percentages of the N videos with a label; those that could not be read
// count as wrong.
type Summary struct {
	Top1      float64 `json:"top1"`
	Top5      float64 `json:"top5"`   // the true class is among the TopK with the highest scores
	TopK      int     `json:"top5_k"` // 5, or all classes where the model has fewer
	MeanClass float64 `json:"mean_class"`
	N         int     `json:"n"`

	CI95          Interval `json:"ci95"` // of Top1: bootstrap over videos, percentiles
	Top5CI95      Interval `json:"top5_ci95"`
	MeanClassCI95 Interval `json:"mean_class_ci95"`
	Resamples     int      `json:"resamples"`
	Seed          uint64   `json:"seed"`

	Views   string `json:"views"`
	Merge   Rule   `json:"merge"`
	Classes int    `json:"classes"` // of the model

	Unreadable       int           `json:"unreadable"` // videos, of N
	UnreadableVideos []BadVideo    `json:"unreadable_videos,omitempty"`
	Readable         *Accuracies   `json:"readable,omitempty"` // of the videos that could be read, where some could not
	Unlabelled       int           `json:"unlabelled"`         // videos beside N whose class is not known
	Lacking          []LackedClass `json:"lacking,omitempty"`  // classes of the videos that the model does not have
	Incomplete       int           `json:"incomplete"`         // videos with fewer views than Views says

	Notes []string `json:"notes,omitempty"` // what one should know who reads the numbers

	Checkpoint string `json:"checkpoint,omitempty"`
	Model      string `json:"model,omitempty"` // SHA-256 of the weights
	Data       string `json:"data,omitempty"`
	Split      string `json:"split,omitempty"`
	Scheme     string `json:"scheme,omitempty"`
	Precision  string `json:"precision,omitempty"`
	Engine     string `json:"engine,omitempty"`
}

// Accuracies are the numbers of some of the videos.
type Accuracies struct {
	N         int     `json:"n"`
	Top1      float64 `json:"top1"`
	Top5      float64 `json:"top5"`
	MeanClass float64 `json:"mean_class"`
}

// BadVideo is a video that could not be read, and why.
type BadVideo struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

// LackedClass is a class of some videos that the model does not have.
type LackedClass struct {
	Class string `json:"class"`
	N     int    `json:"n"`
}

// The outcomes of a video, by which they are drawn for the intervals.
const (
	wrong = iota
	amongTop
	first
	outcomes
)

// summarise counts verdicts.
func (j Judgement) summarise(p Predictions, o Options) (Summary, error) {
	known := j.labelled()
	if len(known) == 0 {
		return Summary{}, errors.New("none of the videos has a label, so that nothing can be judged")
	}
	s := Summary{N: len(known), TopK: min(5, j.Classes), Resamples: Resamples, Seed: o.Seed, Views: p.Views(), Merge: o.Rule, Classes: j.Classes,
		Unlabelled: len(j.Verdicts) - len(known), Checkpoint: p.Checkpoint, Model: p.Model, Data: p.Data, Split: p.Split, Scheme: p.Scheme,
		Precision: p.Precision, Engine: p.Engine}
	videos := j.kinds(known, s.TopK)
	all := accuracies(count(videos, outcomes*len(j.Rows)))
	s.Top1, s.Top5, s.MeanClass = all.Top1, all.Top5, all.MeanClass
	intervals := bootstrap(videos, outcomes*len(j.Rows), o.Seed, 3, func(drawn []int, into []float64) {
		a := accuracies(drawn)
		into[0], into[1], into[2] = a.Top1, a.Top5, a.MeanClass
	})
	s.CI95, s.Top5CI95, s.MeanClassCI95 = intervals[0], intervals[1], intervals[2]

	for _, v := range p.Videos {
		switch {
		case len(v.Views) == 0:
			s.UnreadableVideos = append(s.UnreadableVideos, BadVideo{v.Name, v.Error})
			if v.Class != "" || v.Label >= 0 {
				s.Unreadable++
			}
		case len(v.Views) < p.Temporal*p.Crops:
			s.Incomplete++
		}
	}
	if s.Unreadable > 0 {
		readable := slices.DeleteFunc(known, func(v Verdict) bool { return v.Predicted < 0 })
		a := accuracies(count(j.kinds(readable, s.TopK), outcomes*len(j.Rows)))
		s.Readable = &a
	}
	s.Lacking = j.lacked()
	s.Notes = s.notes(j)
	return s, nil
}

// kinds gives each video's row and outcome as one number.
func (j Judgement) kinds(verdicts []Verdict, k int) []int {
	kinds := make([]int, len(verdicts))
	for i, v := range verdicts {
		outcome := wrong
		switch {
		case v.Right(1):
			outcome = first
		case v.Right(k):
			outcome = amongTop
		}
		kinds[i] = v.Truth*outcomes + outcome
	}
	return kinds
}

// count tells how many videos there are of each kind.
func count(videos []int, kinds int) []int {
	counts := make([]int, kinds)
	for _, v := range videos {
		counts[v]++
	}
	return counts
}

// accuracies are those of so many videos of each kind. The mean class accuracy is over the classes that have videos.
func accuracies(kinds []int) Accuracies {
	var a Accuracies
	rights, tops, classes, sum := 0, 0, 0, 0.0
	for at := 0; at < len(kinds); at += outcomes {
		n := kinds[at+wrong] + kinds[at+amongTop] + kinds[at+first]
		if n == 0 {
			continue
		}
		a.N += n
		rights += kinds[at+first]
		tops += kinds[at+first] + kinds[at+amongTop]
		classes++
		sum += float64(kinds[at+first]) / float64(n)
	}
	if a.N > 0 {
		a.Top1, a.Top5, a.MeanClass = percent(rights, a.N), percent(tops, a.N), 100*sum/float64(classes)
	}
	return a
}

// lacked counts the videos of the classes that the model does not have.
func (j Judgement) lacked() []LackedClass {
	var all []LackedClass
	for row := j.Classes; row < len(j.Rows); row++ {
		c := LackedClass{Class: j.Rows[row]}
		for _, v := range j.Verdicts {
			if v.Truth == row {
				c.N++
			}
		}
		all = append(all, c)
	}
	return all
}

// notes puts into words what the numbers do not say.
func (s Summary) notes(j Judgement) []string {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if s.Unreadable > 0 {
		note("%d of %d videos could not be read and count as wrong; of the %d others top-1 is %.2f %%", s.Unreadable, s.N, s.Readable.N, s.Readable.Top1)
	}
	if len(s.Lacking) > 0 {
		n := 0
		var names []string
		for _, c := range s.Lacking {
			n += c.N
			names = append(names, fmt.Sprintf("%s (%d)", c.Class, c.N))
		}
		note("%d of %d videos are of classes that the model lacks and count as wrong: %s", n, s.N, few(names))
	}
	if s.Unlabelled > 0 {
		note("%d videos have no label and are not counted", s.Unlabelled)
	}
	if s.TopK < 5 {
		note("the model has %d classes: top-5 is top-%d", s.Classes, s.TopK)
	}
	if s.Incomplete > 0 {
		note("%d videos have fewer views than %s", s.Incomplete, s.Views)
	}
	present := map[int]bool{}
	for _, v := range j.labelled() {
		present[v.Truth] = true
	}
	if len(present) == 1 {
		note("all videos are of one class: a model that always says it is right every time")
	}
	return notes
}
