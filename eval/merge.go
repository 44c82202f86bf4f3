package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Rule is how the scores of a video's views become one score for each class.
type Rule string

// The rules of merging.
const (
	// Softmax is the mean of the views' soft-maxes, as in the official code since August 2022.
	Softmax Rule = "softmax"
	// Logits is the mean of the logits.
	Logits Rule = "logits"
)

// ParseRule reads the name of a rule.
func ParseRule(name string) (Rule, error) {
	if r := Rule(name); r == Softmax || r == Logits {
		return r, nil
	}
	return "", fmt.Errorf("unknown way of merging views %q (have %s, %s)", name, Softmax, Logits)
}

// Merge gives a video's score for each class, in double precision: its mean probability, or its mean logit. It does not depend on the order
// of the views. A logit that is not finite is an error.
func (v Video) Merge(rule Rule) ([]float64, error) {
	if len(v.Views) == 0 {
		return nil, fmt.Errorf("video %s: no view was scored: %s", v.Name, v.Error)
	}
	views := slices.Clone(v.Views)
	slices.SortFunc(views, func(a, b View) int {
		return cmp.Or(cmp.Compare(a.Temporal, b.Temporal), cmp.Compare(a.Crop, b.Crop))
	})
	scores := make([]float64, len(views[0].Logits))
	term := make([]float64, len(scores))
	for _, view := range views {
		if err := v.check(view, len(scores)); err != nil {
			return nil, err
		}
		for i, logit := range view.Logits {
			term[i] = float64(logit)
		}
		if rule == Softmax {
			softmax(term)
		}
		for i, x := range term {
			scores[i] += x
		}
	}
	for i := range scores {
		scores[i] /= float64(len(views))
	}
	return scores, nil
}

// check makes sure that a view has a finite score for each of n classes.
func (v Video) check(view View, n int) error {
	if len(view.Logits) != n || n == 0 {
		return fmt.Errorf("video %s, view %d, crop %d: %d scores, want one for each of %d classes", v.Name, view.Temporal, view.Crop, len(view.Logits), n)
	}
	for class, logit := range view.Logits {
		if x := float64(logit); math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("video %s, view %d, crop %d: the score of class %d is %v: the weights or this video's pixels are not finite, or the precision does not suffice (try f32)",
				v.Name, view.Temporal, view.Crop, class, logit)
		}
	}
	return nil
}

// softmax replaces logits by probabilities.
func softmax(x []float64) {
	top, sum := slices.Max(x), 0.0
	for i := range x {
		x[i] = math.Exp(x[i] - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// best is the class of the highest score; of equal ones the first.
func best(scores []float64) int {
	at := 0
	for i, s := range scores {
		if s > scores[at] {
			at = i
		}
	}
	return at
}

// rank is the place of a class, from 0, when classes are ordered by falling score. Of equal scores the class with the lower number comes
// first: what a stable sort gives, and the official code's sort as well for up to 16 classes; for more, that one's order of equal
// scores depends on the processor.
func rank(scores []float64, class int) int {
	before := 0
	for i, s := range scores {
		if s > scores[class] || s == scores[class] && i < class {
			before++
		}
	}
	return before
}

// Predicted is the class of a video's highest merged score.
func (v Video) Predicted(rule Rule) (int, error) {
	scores, err := v.Merge(rule)
	if err != nil {
		return -1, err
	}
	return best(scores), nil
}
