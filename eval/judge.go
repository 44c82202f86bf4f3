package eval

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Options say how predictions are judged.
type Options struct {
	Rule Rule   // of merging; "" is Softmax
	Seed uint64 // of the intervals
}

// Verdict is what came out for one video.
type Verdict struct {
	Name      string
	Truth     int // row of Judgement.Rows that the list says it is; -1 without a label
	Predicted int // class of the highest score; -1 where the video could not be read
	Rank      int // place of the true class by falling score, from 0; -1 where there is none
}

// Right tells whether the true class is among the k with the highest scores.
func (v Verdict) Right(k int) bool { return v.Rank >= 0 && v.Rank < k }

// Judgement is all that is counted of predictions.
type Judgement struct {
	Summary  Summary
	Rows     []string // what videos may truly be: the model's classes, then those of the list that it lacks, sorted
	Classes  int      // the model's; so many of Rows come first
	Verdicts []Verdict
}

// Judge merges the views of each video and counts. It is an error when no video has a label, or a score is not finite.
func Judge(p Predictions, o Options) (Judgement, error) {
	if o.Rule == "" {
		o.Rule = Softmax
	}
	if len(p.Classes) == 0 {
		return Judgement{}, errors.New("predictions of a model without classes")
	}
	j := Judgement{Rows: slices.Concat(p.Classes, lacking(p.Videos)), Classes: len(p.Classes)}
	beyond := map[string]int{}
	for i, name := range j.Rows[j.Classes:] {
		beyond[name] = j.Classes + i
	}
	for _, v := range p.Videos {
		verdict := Verdict{Name: v.Name, Truth: v.Label, Predicted: -1, Rank: -1}
		switch {
		case v.Label >= j.Classes:
			return j, fmt.Errorf("video %s: its class has number %d, and the model has %d classes", v.Name, v.Label, j.Classes)
		case v.Label < 0 && v.Class != "":
			verdict.Truth = beyond[v.Class]
		}
		if len(v.Views) > 0 {
			scores, err := v.Merge(o.Rule)
			if err != nil {
				return j, err
			}
			if len(scores) != j.Classes {
				return j, fmt.Errorf("video %s has scores of %d classes, and the model has %d", v.Name, len(scores), j.Classes)
			}
			verdict.Predicted = best(scores)
			if v.Label >= 0 {
				verdict.Rank = rank(scores, v.Label)
			}
		}
		j.Verdicts = append(j.Verdicts, verdict)
	}
	var err error
	j.Summary, err = j.summarise(p, o)
	return j, err
}

// lacking lists the classes of videos that the model does not have.
func lacking(videos []Video) []string {
	names := map[string]bool{}
	for _, v := range videos {
		if v.Label < 0 && v.Class != "" {
			names[v.Class] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// labelled are the verdicts on videos with a label.
func (j Judgement) labelled() []Verdict {
	return slices.DeleteFunc(slices.Clone(j.Verdicts), func(v Verdict) bool { return v.Truth < 0 })
}

// Confusion counts videos by what they are, a row each of Rows, and what they were taken for: a column for each of the model's classes, and
// a last one for videos that could not be read.
func (j Judgement) Confusion() [][]int {
	counts := make([][]int, len(j.Rows))
	for i := range counts {
		counts[i] = make([]int, j.Classes+1)
	}
	for _, v := range j.labelled() {
		column := v.Predicted
		if column < 0 {
			column = j.Classes
		}
		counts[v.Truth][column]++
	}
	return counts
}

// ClassScore is how one class of the videos fared.
type ClassScore struct {
	Class      string  `json:"class"`
	N          int     `json:"n"`          // videos of it
	Right      int     `json:"right"`      // of them, recognised
	Accuracy   float64 `json:"accuracy"`   // percent; 0 without videos
	Unreadable int     `json:"unreadable"` // of N
	Predicted  int     `json:"predicted"`  // videos taken for it, rightly or wrongly
	Confused   string  `json:"confused"`   // the class that most of the others were taken for; of equals the first; "" without any
	ConfusedN  int     `json:"confused_n"`
	Lacking    bool    `json:"lacking"` // the model does not have it
}

// PerClass is a table of all of Rows.
func (j Judgement) PerClass() []ClassScore {
	counts := j.Confusion()
	table := make([]ClassScore, len(j.Rows))
	for row, name := range j.Rows {
		c := ClassScore{Class: name, Unreadable: counts[row][j.Classes], Lacking: row >= j.Classes}
		for column, n := range counts[row] {
			c.N += n
			switch {
			case column == row && column < j.Classes:
				c.Right = n
			case column < j.Classes && n > c.ConfusedN:
				c.Confused, c.ConfusedN = j.Rows[column], n
			}
		}
		if row < j.Classes {
			for _, from := range counts {
				c.Predicted += from[row]
			}
		}
		c.Accuracy = percent(c.Right, c.N)
		table[row] = c
	}
	return table
}

// percent is part in hundredths of all, 0 of nothing.
func percent(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}
