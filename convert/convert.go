// Package convert turns checkpoints of one program into those of another: anything that weights/checkpoint recognises into official names, a
// folder of the hub, or a checkpoint of this program.
//
// Tensors pass through one at a time, so that a checkpoint of any size takes little memory. What is written stands in its place only when
// all of it is on the disk.
package convert

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"videomae/seed"
	"videomae/train"
	"videomae/vit"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// Format is what to write.
type Format string

// The formats.
const (
	Native   Format = "native"   // a checkpoint folder of this program
	Official Format = "official" // one safetensors file with the official names
	Hub      Format = "hf"       // a folder that Hugging Face transformers loads
)

// Formats lists all of them.
var Formats = []Format{Native, Official, Hub}

// Options say what to convert into what.
type Options struct {
	In, Out string
	To      Format
	Open    checkpoint.Options
	DType   weights.DType // of what is written; empty: as it is stored
	Licence string        // the caller's statement; empty: what is known
	Classes []string      // names for the rows of the head; empty: those of the checkpoint
	// Fold changes the embedding of cubes so that pixels normalised with this program's mean and deviation give what others gave before.
	Fold bool
	// Progress is told the bytes that have been dealt with and those to deal with. May be nil.
	Progress func(done, total int64)
}

// Result tells of a conversion.
type Result struct {
	In, Out string
	Format  Format
	Family  string // of the names in the input
	Model   checkpoint.Model
	Origin  checkpoint.Origin
	Lost    []checkpoint.Loss
	Remarks []string
	Tensors int
	Bytes   int64 // of the values written
}

// Run converts. Every tensor of the model must be in the checkpoint with its shape and finite values, and no other, but for the exceptions that
// Options.Open.Allow names; otherwise the error holds a table of the differences and nothing is written.
func Run(ctx context.Context, o Options) (Result, error) {
	if !slices.Contains(Formats, o.To) {
		return Result{}, fmt.Errorf("convert: unknown format %q (have %v)", o.To, Formats)
	}
	if _, err := os.Lstat(o.Out); !errors.Is(err, fs.ErrNotExist) {
		return Result{}, errors.Join(fmt.Errorf("convert: %s is there already: remove it or choose another name", o.Out), err)
	}
	c, err := Open(o.In, o.Open)
	if err != nil {
		return Result{}, err
	}
	defer c.Close()
	if o.Classes != nil {
		if len(o.Classes) != c.Model.Head {
			return Result{}, fmt.Errorf("convert: %d names of classes for a head of %d", len(o.Classes), c.Model.Head)
		}
		c.Model.Classes = o.Classes
	}
	source, err := c.Complete(FirstValues)
	if err != nil {
		return Result{}, err
	}
	j := job{ctx: ctx, o: o, checkpoint: c, model: c.Model, total: c.Hashed() + sizeOf(stored(source, o.DType))}
	if err := j.prepare(source); err != nil {
		return Result{}, fmt.Errorf("convert: %s: %w", o.In, err)
	}
	if err := j.write(); err != nil {
		return Result{}, fmt.Errorf("convert: %w", err)
	}
	return Result{In: o.In, Out: o.Out, Format: o.To, Family: c.Family, Model: j.model, Origin: j.origin, Lost: c.Lost, Remarks: c.Remarks,
		Tensors: len(j.source.Names()), Bytes: sizeOf(j.source)}, nil
}

// Open opens any checkpoint; of a run of this program its newest one.
func Open(path string, o checkpoint.Options) (*checkpoint.Checkpoint, error) {
	if folder, err := train.Newest(path); err == nil {
		path = folder
	}
	return checkpoint.Open(path, o)
}

// FirstValues draws a tensor that a checkpoint lacks, always in the same way.
func FirstValues(s vit.Spec) []float32 {
	name := fnv.New64a()
	_, _ = name.Write([]byte(s.Name)) // a hash never fails to write
	values := make([]float32, s.Size())
	s.Init(values, seed.Rand(0, "convert", name.Sum64()))
	return values
}

// job is a conversion under way.
type job struct {
	ctx         context.Context
	o           Options
	checkpoint  *checkpoint.Checkpoint
	model       checkpoint.Model
	source      weights.Source // what is written, under official names
	origin      checkpoint.Origin
	done, total int64
}

// step counts bytes that have been dealt with.
func (j *job) step(bytes int64) {
	j.done += bytes
	if j.o.Progress != nil {
		j.o.Progress(j.done, max(j.total, j.done))
	}
}

// prepare finds the origin and what has to be done to the values.
func (j *job) prepare(source weights.Source) error {
	var err error
	if j.origin, err = j.checkpoint.FindOrigin(j.ctx, j.o.Licence, j.step); err != nil {
		return err
	}
	if source, err = j.normalisation(source); err != nil {
		return err
	}
	j.source = stored(source, j.o.DType)
	if j.o.DType != "" {
		if slices.ContainsFunc(weights.Specs(source), func(s weights.Spec) bool { return s.DType != j.o.DType }) {
			j.changed(fmt.Sprintf("stored as %s", j.o.DType))
		}
	}
	for _, l := range j.checkpoint.Lost {
		if l.Change {
			j.changed("parts left out")
			break
		}
	}
	return nil
}

// stored gives the tensors in the type that they are written in; an empty one leaves them.
func stored(source weights.Source, d weights.DType) weights.Source {
	if d == "" {
		return source
	}
	return checkpoint.AsType(source, d)
}

// changed records what was done to the values.
func (j *job) changed(what string) {
	if j.origin.Changed != "" {
		what = j.origin.Changed + "; " + what
	}
	j.origin.Changed = what
}

// write makes what was asked for beside its place, and moves it there.
func (j *job) write() (err error) {
	if j.o.To == Official {
		return j.writeOfficial(j.o.Out)
	}
	beside := filepath.Join(filepath.Dir(filepath.Clean(j.o.Out)), ".writing-"+filepath.Base(filepath.Clean(j.o.Out)))
	if err := errors.Join(os.RemoveAll(beside), os.MkdirAll(beside, 0o777)); err != nil {
		return err
	}
	if j.o.To == Hub {
		err = j.writeHub(beside)
	} else {
		err = j.writeNative(beside)
	}
	if err == nil {
		err = os.Rename(beside, j.o.Out)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(beside))
	}
	return nil
}

// copy writes the tensors of a source to a file. Values must be finite.
func (j *job) copy(path string, metadata map[string]string, from weights.Source) error {
	specs := weights.Specs(from)
	return weights.Write(path, metadata, specs, func(i int) ([]byte, error) {
		if err := j.ctx.Err(); err != nil {
			return nil, err
		}
		t, err := from.Tensor(specs[i].Name)
		if err == nil {
			err = t.CheckFinite()
		}
		if err != nil {
			return nil, err
		}
		j.step(int64(len(t.Data)))
		return t.Data, nil
	})
}

// sizeOf is the number of bytes that the tensors of a source take.
func sizeOf(s weights.Source) (total int64) {
	for _, spec := range weights.Specs(s) {
		n, _ := spec.Bytes() // of a type that is not understood, nothing is read
		total += n
	}
	return total
}

// platform is where a conversion ran, as records of training have it.
func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }
