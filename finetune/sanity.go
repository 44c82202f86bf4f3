package finetune

import (
	"fmt"
	"slices"
	"strings"

	"videomae/dataset"
)

// Sanity is what one should know of labelled data before training on it.
type Sanity struct {
	Classes  []string // in the order of the logits
	Train    []int    // videos of each class
	Val      []int
	Majority float64 // top-1 of always naming the most frequent class of training, in percent of the validation videos
	Warnings []string
}

// Inspect counts the classes of the data. Data that no classifier can be trained on or judged by is an error: a single class, a video
// without a label, a class in val that train lacks. classes are those of a model that goes on; nil takes those of the training data.
func Inspect(data, val dataset.Manifest, classes []string) (Sanity, error) {
	s := Sanity{Classes: classes}
	var err error
	if classes == nil {
		if s.Classes, err = dataset.Classes(data.Items); err != nil {
			return s, fmt.Errorf("data %s: %w", data.Source, err)
		}
	}
	if len(s.Classes) < 2 {
		return s, fmt.Errorf("data %s: all %d videos are of one class, %q: there is nothing to tell apart", data.Source, len(data.Items), s.Classes[0])
	}
	if s.Train, err = dataset.ClassCounts(data.Items, s.Classes); err != nil {
		return s, fmt.Errorf("data %s: %w", data.Source, err)
	}
	if s.Val, err = dataset.ClassCounts(val.Items, s.Classes); err != nil {
		return s, fmt.Errorf("validation data %s: %w; a class must have videos to train on before it can be told", val.Source, err)
	}
	s.warn(len(val.Items))
	return s, nil
}

func (s *Sanity) warn(val int) {
	most, least := slices.Max(s.Train), slices.Min(s.Train)
	if val > 0 {
		s.Majority = 100 * float64(s.Val[slices.Index(s.Train, most)]) / float64(val)
	} else {
		s.Warnings = append(s.Warnings, "no videos to validate on: the run cannot tell its best weights (--val-split, --val-share)")
	}
	if least == 0 {
		s.Warnings = append(s.Warnings, fmt.Sprintf("class %q has no video to train on", s.Classes[slices.Index(s.Train, 0)]))
	} else if most >= 10*least {
		s.Warnings = append(s.Warnings, fmt.Sprintf("classes are uneven: %q has %d videos, %q has %d; look at the mean class accuracy",
			s.Classes[slices.Index(s.Train, most)], most, s.Classes[slices.Index(s.Train, least)], least))
	}
	if val > 0 && val < 30*len(s.Classes) {
		s.Warnings = append(s.Warnings, fmt.Sprintf("%d videos to validate on are few for %d classes: mind the interval behind each accuracy", val, len(s.Classes)))
	}
}

// shownClasses is how many classes a report lists.
const shownClasses = 12

// String is the report, a line for each of the first classes.
func (s Sanity) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d classes; naming the most frequent one always: top-1 %.1f; chance: %.1f\n", len(s.Classes), s.Majority, 100/float64(len(s.Classes)))
	for i, name := range s.Classes[:min(shownClasses, len(s.Classes))] {
		fmt.Fprintf(&b, "  %-24s %6d train %6d val\n", name, s.Train[i], s.Val[i])
	}
	if more := len(s.Classes) - shownClasses; more > 0 {
		fmt.Fprintf(&b, "  and %d more, of %d to %d videos to train on\n", more, slices.Min(s.Train), slices.Max(s.Train))
	}
	for _, w := range s.Warnings {
		fmt.Fprintf(&b, "  warning: %s\n", w)
	}
	return b.String()
}
