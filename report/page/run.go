// What there is of a run, read from its folder.

package page

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"videomae/eval"
)

// Kind is what a folder holds.
type Kind int

// The kinds.
const (
	Pretraining Kind = iota
	Finetuning
	Evaluated // an evaluation without its run
)

func (k Kind) String() string { return [...]string{"Pre-training", "Fine-tuning", "Evaluation"}[k] }

// Run is a run of training with what was made of it, or an evaluation alone.
type Run struct {
	Name   string
	Folder string
	Kind   Kind
	Colour string // of its curves

	Settings    []Fact // of the recipe, by key
	Origins     []Fact // where it comes from
	Progress    []Fact
	Evaluations []*Evaluation
	Sheets      []Picture // reconstructions
	Problems    []string  // what is missing or cannot be read

	lines []logged
}

// Picture is an image with what it shows.
type Picture struct {
	Caption string
	Data    Data
}

// Open reads the folder of a run or of an evaluation. It fails only when the folder holds neither.
func Open(folder string) (*Run, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("report: %s is a file; the folder of a run or of an evaluation is wanted", folder)
	}
	r := &Run{Name: name(folder), Folder: folder}
	switch {
	case isEvaluation(folder):
		r.Kind = Evaluated
		r.evaluation(folder)
		return r, nil
	case !exists(folder, metricsFile) && !exists(folder, "checkpoints") && !exists(folder, "best"):
		return nil, fmt.Errorf("report: %s holds neither a run (%s, checkpoints) nor an evaluation (%s)", folder, metricsFile, eval.PredictionsFile)
	}
	var problems []string
	r.lines, problems = readMetrics(folder)
	r.Problems = append(r.Problems, problems...)
	r.checkpoint()
	r.sheets()
	r.nestedEvaluations()
	return r, nil
}

// name is the last element of a folder's path, also of "." and "run/".
func name(folder string) string {
	if whole, err := filepath.Abs(folder); err == nil {
		folder = whole
	}
	return filepath.Base(folder)
}

func exists(folder, file string) bool {
	_, err := os.Stat(filepath.Join(folder, file))
	return err == nil
}

func (r *Run) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Attach gives evaluations that were made of a run to that run; those of models that are not among the runs stay by themselves.
func Attach(runs []*Run) []*Run {
	var left []*Run
	for _, r := range runs {
		owner := (*Run)(nil)
		if r.Kind == Evaluated && len(r.Evaluations) > 0 {
			owner = ownerOf(r.Evaluations[0], runs)
		}
		if owner == nil {
			left = append(left, r)
			continue
		}
		owner.Evaluations = append(owner.Evaluations, r.Evaluations...)
		for _, text := range r.Problems {
			owner.problem("evaluation %s: %s", r.Name, text)
		}
	}
	return left
}

// ownerOf finds the run whose checkpoint was evaluated.
func ownerOf(e *Evaluation, runs []*Run) *Run {
	if e.Summary.Checkpoint == "" {
		return nil
	}
	checkpoint, err := filepath.Abs(e.Summary.Checkpoint)
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(runs, func(r *Run) bool {
		folder, err := filepath.Abs(r.Folder)
		return err == nil && r.Kind != Evaluated && (checkpoint == folder || strings.HasPrefix(checkpoint, folder+string(filepath.Separator)))
	})
	if i < 0 {
		return nil
	}
	return runs[i]
}

// nestedEvaluations reads the evaluations that lie in folders of the run.
func (r *Run) nestedEvaluations() {
	entries, err := os.ReadDir(r.Folder)
	if err != nil {
		r.problem("the folder cannot be listed: %v", err)
	}
	for _, e := range entries {
		if folder := filepath.Join(r.Folder, e.Name()); e.IsDir() && isEvaluation(folder) {
			r.evaluation(folder)
		}
	}
}

// sheets takes the first and the newest reconstruction that the run has drawn.
func (r *Run) sheets() {
	folder := filepath.Join(r.Folder, "reconstructions")
	files, err := os.ReadDir(folder) // sorted by name, which holds the step
	if errors.Is(err, fs.ErrNotExist) {
		if r.Kind == Pretraining {
			r.problem("there are no reconstructions")
		}
		return
	}
	if err != nil {
		r.problem("reconstructions cannot be listed: %v", err)
	}
	files = slices.DeleteFunc(files, func(e fs.DirEntry) bool { return filepath.Ext(e.Name()) != ".png" })
	for i, e := range files {
		if i != 0 && i != len(files)-1 {
			continue
		}
		data, err := LoadImage(filepath.Join(folder, e.Name()))
		if err != nil {
			r.problem("reconstruction %s: %v", e.Name(), err)
			continue
		}
		caption := strings.TrimSuffix(e.Name(), ".png")
		if step := strings.TrimLeft(strings.TrimPrefix(caption, "step-"), "0"); strings.HasPrefix(caption, "step-") {
			caption = "after step " + step
		}
		r.Sheets = append(r.Sheets, Picture{caption, data})
	}
	slices.Reverse(r.Sheets) // the newest first
}
