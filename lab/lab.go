// Package lab runs experiments: arms that differ in one thing, each with several seeds, told apart in a table with their spread.
//
// An arm is a series of commands of this program, each of which prints its result as JSON. What the last one prints is kept in a file as soon
// as it is there, so that a stop loses at most one arm, and training within it goes on from its checkpoint.
package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Arm is one way of doing a thing.
type Arm struct {
	Name     string                                      // a file's name, and the row of the table
	Measured bool                                        // its result is a row of the table; else others build on it
	Commands func(folder string, seed uint64) [][]string // arguments of this program; folder is the experiment's
}

// Experiment is arms to be compared, in the order in which they can be run.
type Experiment struct {
	Name  string
	Arms  []Arm
	Seeds []uint64
}

// Result is what an arm gave for a seed.
type Result struct {
	Arm      string          `json:"arm"`
	Seed     uint64          `json:"seed"`
	Commands [][]string      `json:"commands"`
	Output   json.RawMessage `json:"output"` // of the last command
}

// Accuracy are the numbers of a result that the table shows, as evaluate and probe print them, in percent.
type Accuracy struct {
	Top1      float64    `json:"top1"`
	MeanClass float64    `json:"mean_class"`
	N         int        `json:"n"`
	CI95      [2]float64 `json:"ci95"`
}

// Accuracy reads them.
func (r Result) Accuracy() (a Accuracy, err error) {
	if err := json.Unmarshal(r.Output, &a); err != nil {
		return a, fmt.Errorf("result of %s, seed %d: %w", r.Arm, r.Seed, err)
	}
	return a, nil
}

// Command runs this program with arguments; what it prints to standard output goes to out.
type Command func(ctx context.Context, args []string, out io.Writer) error

// Run runs every arm with every seed that has no result in the folder yet, and gives the results of all. note is told what is done.
func (e Experiment) Run(ctx context.Context, folder string, run Command, note func(string)) ([]Result, error) {
	var all []Result
	for _, seed := range e.Seeds {
		for _, arm := range e.Arms {
			r, err := arm.once(ctx, folder, seed, run, note)
			if err != nil {
				return all, fmt.Errorf("%s, seed %d: %w", arm.Name, seed, err)
			}
			all = append(all, r)
		}
	}
	return all, nil
}

// once gives an arm's result: the one that is kept, or that of running it.
func (a Arm) once(ctx context.Context, folder string, seed uint64, run Command, note func(string)) (Result, error) {
	r := Result{Arm: a.Name, Seed: seed, Commands: a.Commands(folder, seed)}
	path := filepath.Join(folder, "results", fmt.Sprintf("%s-%d.json", a.Name, seed))
	kept, err := read(path)
	switch {
	case err == nil && !slices.EqualFunc(kept.Commands, r.Commands, slices.Equal):
		return r, fmt.Errorf("%s is the result of other settings (%s): choose another folder, or remove it", path, difference(kept.Commands, r.Commands))
	case err == nil:
		return kept, nil
	case !errors.Is(err, fs.ErrNotExist):
		return r, err
	}
	for _, args := range r.Commands {
		note(fmt.Sprintf("%s, seed %d: videomae %s", a.Name, seed, strings.Join(args, " ")))
		var out bytes.Buffer
		if err := run(ctx, args, &out); err != nil {
			return r, err
		}
		r.Output = bytes.TrimSpace(out.Bytes())
	}
	if !json.Valid(r.Output) {
		return r, fmt.Errorf("videomae %s printed no JSON", strings.Join(r.Commands[len(r.Commands)-1], " "))
	}
	return r, write(path, r)
}

func read(path string) (r Result, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("result %s: %w", path, err)
	}
	return r, nil
}

// write keeps a result, whole or not at all.
func write(path string, r Result) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	beside := path + ".writing"
	if err := os.WriteFile(beside, append(text, '\n'), 0o666); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

// difference shows the first arguments that two series of commands do not share.
func difference(was, is [][]string) string {
	flat := func(commands [][]string) []string { return slices.Concat(commands...) }
	a, b := flat(was), flat(is)
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%s is now %s", a[i], b[i])
		}
	}
	return fmt.Sprintf("%d arguments are now %d", len(a), len(b))
}
