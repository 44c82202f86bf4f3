package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"videomae/recipe"
	"videomae/weights/checkpoint"
)

// Files of a checkpoint folder of this program, as training writes them.
const (
	modelFile      = "model.safetensors"
	configFile     = "config.yaml"
	provenanceFile = "provenance.json"
)

// writeNative writes a checkpoint folder without the state of a run: the weights, a recipe of the model, and where they come from.
func (j *job) writeNative(folder string) error {
	if j.model.Kind == checkpoint.Detector {
		return errors.New("detectors are not a kind of checkpoint of this program; take the encoder (--as encoder), or official names")
	}
	if j.model.Kind == checkpoint.Encoder && j.model.Grid != "" {
		return errors.New("its table of positions is interpolated, which the folder of an encoder cannot say; keep the classifier")
	}
	if err := j.model.CheckRunnable(); err != nil {
		return err
	}
	settings, err := j.recipe()
	if err != nil {
		return err
	}
	about, err := j.about()
	if err != nil {
		return err
	}
	if err := j.copy(filepath.Join(folder, modelFile), about, j.source); err != nil {
		return err
	}
	return errors.Join(
		writeSynced(filepath.Join(folder, configFile), settings),
		j.writeProvenance(filepath.Join(folder, provenanceFile)),
	)
}

// recipe describes the model as the settings of a run, the resolved form. What the run was like is not known: all else is as usual.
func (j *job) recipe() ([]byte, error) {
	m := j.model
	if m.EncoderMLP != 4*m.EncoderWidth || m.Kind == checkpoint.Pretrain && m.DecoderMLP != 4*m.DecoderWidth {
		return nil, fmt.Errorf("the hidden width of its MLP is %d, not 4 times %d: recipes cannot describe that", m.EncoderMLP, m.EncoderWidth)
	}
	model := recipe.Model{Size: sizeName(m.EncoderWidth), Frames: m.Frames, Height: m.Height, Width: m.Width, Channels: m.Channels, Tubelet: m.Tubelet, Patch: m.Patch,
		EncoderWidth: m.EncoderWidth, EncoderDepth: m.EncoderDepth, EncoderHeads: m.EncoderHeads}
	label := recipe.Label{Name: "imported", About: fmt.Sprintf("Weights of %s (%s). Only the model is known; how it was trained is not.", j.origin.Source, j.checkpoint.About)}
	if m.Kind == checkpoint.Classifier {
		r := recipe.DefaultFinetune()
		r.Label, r.Model.Model, r.Model.Pooling = label, model, m.Pooling
		if m.Grid != "" {
			r.Model.Positions = "interpolate"
		}
		if m.Stride > 0 {
			r.Data.Stride = m.Stride
		}
		r, err := r.Resolve()
		return r.YAML(), err
	}
	r := recipe.Default()
	r.Label, r.Model.Model = label, model
	if m.Kind == checkpoint.Pretrain {
		r.Model.DecoderWidth, r.Model.DecoderDepth, r.Model.DecoderHeads, r.Model.Target = m.DecoderWidth, m.DecoderDepth, m.DecoderHeads, m.Target
	}
	if m.Stride > 0 {
		r.Data.Stride = m.Stride
	}
	r, err := r.Resolve()
	return r.YAML(), err
}

// sizeName is the name of the size with this width, or the smallest's: the numbers themselves are stated too.
func sizeName(width int) string {
	for _, name := range recipe.SizeNames {
		if d, err := recipe.Size(name); err == nil && d.Width == width {
			return name
		}
	}
	return recipe.SizeNames[0]
}

// classNames are the names of the head's rows: numbers where they have none, as in lists with numbers for labels.
func classNames(m checkpoint.Model) []string {
	if len(m.Classes) == m.Head {
		return m.Classes
	}
	names := make([]string, m.Head)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names
}

// provenance is the record beside the weights: what made the folder, as training records it, and where the weights come from.
type provenance struct {
	Program  string            `json:"program"`
	Platform string            `json:"platform"`
	Init     string            `json:"init"`
	Imported checkpoint.Origin `json:"imported"`
}

func (j *job) writeProvenance(path string) error {
	text, err := json.MarshalIndent(provenance{"videomae convert", platform(), j.origin.Source, j.origin}, "", "  ")
	if err != nil {
		return err
	}
	return writeSynced(path, append(text, '\n'))
}

// writeSynced writes a file and waits until it is on the disk.
func writeSynced(path string, text []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
