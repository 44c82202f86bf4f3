// Files of features.

package extract

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"videomae/internal/sha"
	"videomae/train"
	"videomae/weights"
)

// The formats of feature files, by extension.
const (
	NPY         = ".npy"         // X.npy, with X.times.npy, X.spans.npy and X.json beside it
	Safetensors = ".safetensors" // features, times and spans, and what X.json says as metadata
)

// About says what the features of a file are of, and how they were made.
type About struct {
	Video      string  `json:"video"`
	VideoBytes int64   `json:"video_bytes"`
	VideoTime  string  `json:"video_modified"`
	FPS        float64 `json:"fps"`           // frames a second of the video
	Variable   bool    `json:"variable_rate"` // its frames are not evenly spaced, so that times are those of an even rate
	Checkpoint string  `json:"checkpoint"`
	Weights    string  `json:"weights_sha256"` // Fingerprint of the encoder
	Layer      int     `json:"layer"`          // the block whose output features are, from 1
	Norm       string  `json:"norm"`           // the norm applied, or ""
	Pool       Pool    `json:"pool"`
	Frames     int     `json:"window_frames"`
	Stride     int     `json:"stride"`         // frames of the video from one frame of a window to the next; 0 where a length counts
	Length     float64 `json:"window_seconds"` // 0 where the stride counts
	Every      float64 `json:"every_seconds"`  // 0: one window, in the middle
	Precision  string  `json:"precision"`
	Shape      []int   `json:"shape"` // of the features
}

// Fingerprint is a hash of an encoder's tensors, their names and values.
func Fingerprint(e train.Encoder) string {
	h := sha.New()
	part := make([]byte, 0, 1<<16)
	for i, s := range e.Specs {
		fmt.Fprintf(h, "%s %v\n", s.Name, s.Shape) // a hash takes everything
		for values := range slices.Chunk(e.Weights[i], cap(part)/4) {
			part = part[:0]
			for _, v := range values {
				part = binary.LittleEndian.AppendUint32(part, math.Float32bits(v))
			}
			h.Write(part)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Save writes the features of windows to path, in the format of its extension. rows hands them over, window by window. Files take their
// names when they are complete, the features' last.
func Save(path string, a About, w Windows, rows func(emit func([]float32) error) error) error {
	times, spans := make([]float64, w.Count), make([]float64, 2*w.Count)
	for k := range w.Count {
		times[k] = w.Centre(k)
		spans[2*k], spans[2*k+1] = w.Span(k)
	}
	features := func(out io.Writer) error {
		return rows(func(values []float32) error {
			_, err := out.Write(float32Bytes(values))
			return err
		})
	}
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	switch filepath.Ext(path) {
	case NPY:
		return saveNPY(path, a.Shape, append(text, '\n'), times, spans, features)
	case Safetensors:
		specs := []weights.Spec{{Name: "times", DType: weights.F64, Shape: []int{w.Count}}, {Name: "spans", DType: weights.F64, Shape: []int{w.Count, 2}},
			{Name: "features", DType: weights.F32, Shape: a.Shape}}
		return weights.Stream(path, map[string]string{"family": "videomae-features", "about": string(text)}, specs, func(out io.Writer) error {
			if _, err := out.Write(float64Bytes(slices.Concat(times, spans))); err != nil {
				return err
			}
			return features(out)
		})
	}
	return fmt.Errorf("%s: features are written as %s or %s", path, NPY, Safetensors)
}

func saveNPY(path string, shape []int, about []byte, times, spans []float64, features func(io.Writer) error) error {
	doubles := func(values []float64) func(io.Writer) error {
		return func(out io.Writer) error { _, err := out.Write(float64Bytes(values)); return err }
	}
	if err := writeNPY(beside(path, ".times.npy"), npyFloat64, []int{len(times)}, doubles(times)); err != nil {
		return err
	}
	if err := writeNPY(beside(path, ".spans.npy"), npyFloat64, []int{len(times), 2}, doubles(spans)); err != nil {
		return err
	}
	if err := Replace(beside(path, ".json"), func(out io.Writer) error { _, err := out.Write(about); return err }); err != nil {
		return fmt.Errorf("cannot write %s: %w", beside(path, ".json"), err)
	}
	return writeNPY(path, npyFloat32, shape, features)
}

// beside is the name of a file that belongs to X.npy.
func beside(path, extension string) string { return strings.TrimSuffix(path, NPY) + extension }

// Saved tells whether path holds these features already. It does not where the video has changed since; features of the same video that were
// made in another way are an error, which names the difference.
func Saved(path string, a About) (bool, error) {
	text, err := readAbout(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var b About
	if err := json.Unmarshal(text, &b); err != nil {
		return false, fmt.Errorf("%s does not say how its features were made: %w; remove it, or write elsewhere", path, err)
	}
	if a.Video != b.Video || a.VideoBytes != b.VideoBytes || a.VideoTime != b.VideoTime {
		return false, nil
	}
	a.Checkpoint = b.Checkpoint // a folder may move; the weights tell
	if difference := a.difference(b); difference != "" {
		return false, fmt.Errorf("%s holds features of the same video made in another way (%s): remove it, or write elsewhere", path, difference)
	}
	return true, nil
}

func readAbout(path string) ([]byte, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	if filepath.Ext(path) == NPY {
		text, err := os.ReadFile(beside(path, ".json"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is not of this program: %s is missing; remove it, or write elsewhere", path, beside(path, ".json"))
		}
		return text, err
	}
	file, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return []byte(file.Metadata()["about"]), nil
}

// difference names the first setting that differs, with both values.
func (a About) difference(b About) string {
	for _, v := range []struct {
		name     string
		now, was any
	}{
		{"weights", a.Weights, b.Weights}, {"layer", a.Layer, b.Layer}, {"norm", a.Norm, b.Norm}, {"pool", a.Pool, b.Pool}, {"frames", a.Frames, b.Frames},
		{"stride", a.Stride, b.Stride}, {"window", a.Length, b.Length}, {"every", a.Every, b.Every}, {"precision", a.Precision, b.Precision},
		{"shape", fmt.Sprint(a.Shape), fmt.Sprint(b.Shape)},
	} {
		if v.now != v.was {
			return fmt.Sprintf("%s %v, not %v", v.name, v.was, v.now)
		}
	}
	return ""
}
