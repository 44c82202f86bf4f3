// An evaluation: what a model makes of the videos of a list.

package page

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"videomae/eval"
)

// Evaluation is one of them, judged anew from the predictions.
type Evaluation struct {
	Name      string // of its folder
	Folder    string
	About     eval.About
	Summary   eval.Summary
	Classes   []eval.ClassScore // the worst first; classes without videos at the end
	Confusion Matrix
	Wrong     []*Example // the surest mistakes
	Right     []*Example
	Without   string // why examples have no pictures; "" where they have
}

// Example is one video with what it was taken for.
type Example struct {
	Video   string // as the list names it
	Truth   string
	Guesses []Guess // the likeliest classes
	Frames  []Data  // of the video, in order
	Problem string  // why there are none
}

// Guess is a class with its probability.
type Guess struct {
	Class string
	Share float64 // 0 to 1
	True  bool
}

// Percent is the share in hundredths.
func (g Guess) Percent() string { return fmt.Sprintf("%.0f", 100*g.Share) }

// How much of an evaluation is shown.
const (
	shownExamples = 6 // wrong ones, and as many right ones
	shownGuesses  = 3
)

// isEvaluation tells whether a folder holds predictions, finished or not.
func isEvaluation(folder string) bool {
	return exists(folder, eval.PredictionsFile) || exists(folder, eval.JournalFile) || exists(folder, eval.SummaryFile)
}

// evaluation reads the evaluation of a folder into the run; what cannot be read becomes a problem.
func (r *Run) evaluation(folder string) {
	e, err := openEvaluation(folder)
	if err != nil {
		r.problem("%v", err)
		return
	}
	r.Evaluations = append(r.Evaluations, e)
	if r.Kind == Evaluated {
		r.Origins = append(r.Origins, e.origins()...)
	}
	for _, note := range e.Summary.Notes {
		r.problem("evaluation %s: %s", e.Name, note)
	}
}

func openEvaluation(folder string) (*Evaluation, error) {
	p, err := eval.Open(folder)
	if err != nil {
		return nil, err
	}
	var given struct {
		Merge eval.Rule `json:"merge"`
		Seed  uint64    `json:"seed"`
	}
	path := filepath.Join(folder, eval.SummaryFile)
	if err := readJSON(path, &given); err != nil && exists(folder, eval.SummaryFile) {
		return nil, fmt.Errorf("%s %w", path, err)
	}
	j, err := eval.Judge(p, eval.Options{Rule: given.Merge, Seed: given.Seed})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	e := &Evaluation{Name: name(folder), Folder: folder, About: p.About, Summary: j.Summary, Classes: j.PerClass(),
		Confusion: Matrix{Rows: j.Rows, Columns: j.Rows[:j.Classes], Counts: j.Confusion()}}
	slices.SortStableFunc(e.Classes, func(a, b eval.ClassScore) int {
		return cmp.Or(cmp.Compare(min(1, b.N), min(1, a.N)), cmp.Compare(a.Accuracy, b.Accuracy))
	})
	e.choose(p, j)
	return e, nil
}

// choose picks examples: the mistakes that the model was surest of, and right ones of as many classes as possible.
func (e *Evaluation) choose(p eval.Predictions, j eval.Judgement) {
	type candidate struct {
		example *Example
		truth   int
	}
	var wrong, right []candidate
	for i, verdict := range j.Verdicts {
		if verdict.Truth < 0 || verdict.Predicted < 0 {
			continue
		}
		scores, err := p.Videos[i].Merge(eval.Softmax)
		if err != nil {
			continue // Judge has merged it, so it can be
		}
		c := candidate{newExample(verdict, scores, j.Rows), verdict.Truth}
		if verdict.Right(1) {
			right = append(right, c)
		} else {
			wrong = append(wrong, c)
		}
	}
	surest := func(a, b candidate) int { return cmp.Compare(b.example.Guesses[0].Share, a.example.Guesses[0].Share) }
	slices.SortStableFunc(wrong, surest)
	slices.SortStableFunc(right, surest)
	for _, c := range wrong[:min(len(wrong), shownExamples)] {
		e.Wrong = append(e.Wrong, c.example)
	}
	taken := map[int]int{}
	for round := 0; len(e.Right) < min(len(right), shownExamples); round++ { // the surest of each class, then the second of each
		for _, c := range right {
			if taken[c.truth] == round && len(e.Right) < shownExamples && !slices.Contains(e.Right, c.example) {
				taken[c.truth]++
				e.Right = append(e.Right, c.example)
			}
		}
		for truth, n := range taken {
			taken[truth] = max(n, round+1)
		}
	}
}

func newExample(v eval.Verdict, scores []float64, rows []string) *Example {
	x := &Example{Video: v.Name, Truth: rows[v.Truth]}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for _, i := range order[:min(shownGuesses, len(order))] {
		x.Guesses = append(x.Guesses, Guess{rows[i], scores[i], i == v.Truth})
	}
	return x
}

// Examples lists all of them.
func (e *Evaluation) Examples() []*Example { return slices.Concat(e.Wrong, e.Right) }

// essence is the evaluation in the overview.
func (e *Evaluation) essence(several bool) []Fact {
	s := e.Summary
	of := ""
	if several {
		of = " of " + e.Name
	}
	return []Fact{
		{"top-1" + of, fmt.Sprintf("%.1f %% (%.1f to %.1f)", s.Top1, s.CI95[0], s.CI95[1])},
		{fmt.Sprintf("top-%d%s", s.TopK, of), fmt.Sprintf("%.1f %%", s.Top5)},
		{"mean of classes" + of, fmt.Sprintf("%.1f %%", s.MeanClass)},
		{"videos" + of, fmt.Sprintf("%d, %s views", s.N, s.Views)},
	}
}

// origins is where the predictions come from.
func (e *Evaluation) origins() []Fact {
	a := e.About
	facts := []Fact{{"checkpoint", a.Checkpoint}, {"weights", a.Model}, {"data", a.Data}, {"split", a.Split}, {"data hash", a.DataHash},
		{"scheme", a.Scheme}, {"precision", a.Precision}, {"engine", a.Engine}}
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Value == "" })
}
