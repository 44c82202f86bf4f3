// Package golden reads reference numbers made by the official code, for tests: the ladder that this package's own tests
// climb, rung by rung, on every engine. The folder's format is described in its README.
package golden

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"

	"videomae/weights"
)

// Uniform gives the first n values in [0, 1) of the array called name.
func Uniform(name string, n int) []float32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails to write
	state := h.Sum64()
	values := make([]float32, n)
	for i := range values {
		z := state + uint64(i+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		values[i] = float32(z>>40) / (1 << 24)
	}
	return values
}

// Array gives the n values of the array called name with an amplitude and an offset, rounded after each operation.
func Array(name string, n int, amplitude, offset float32) []float32 {
	values := Uniform(name, n)
	for i, u := range values {
		centred := float32(2*u - 1)
		scaled := float32(centred * amplitude) // the conversion forbids fusing this with the sum
		values[i] = scaled + offset
	}
	return values
}

// Pretrain is one pretrain_*.json with its arrays.
type Pretrain struct {
	Name           string             `json:"name"`
	Salt           string             `json:"salt"`
	Image          [2]int             `json:"image"`
	Frames         int                `json:"frames"`
	Width          int                `json:"width"`
	Depth          int                `json:"depth"`
	Heads          int                `json:"heads"`
	DecoderWidth   int                `json:"decoder_width"`
	DecoderDepth   int                `json:"decoder_depth"`
	DecoderHeads   int                `json:"decoder_heads"`
	Batch          int                `json:"batch"`
	MaskRatio      float64            `json:"mask_ratio"`
	Loss           float64            `json:"loss"`
	GradNorm       map[string]float64 `json:"grad_norm"`
	PredNorm       float64            `json:"pred_norm"`
	EncodedNorm    float64            `json:"encoded_norm"`
	TargetNorm     float64            `json:"target_norm"`
	NoDecay        []string           `json:"no_decay"`
	Trajectory     *Trajectory        `json:"trajectory"`
	ParamNormAfter map[string]float64 `json:"param_norm_after"`

	Arrays *weights.File `json:"-"`
}

// Trajectory is a short training run.
type Trajectory struct {
	Losses      []float64  `json:"losses"`
	GradNorms   []float64  `json:"grad_norms"`
	LR          []float64  `json:"lr"`
	WeightDecay float64    `json:"weight_decay"`
	Betas       [2]float64 `json:"betas"`
	Eps         float64    `json:"eps"`
}

// PretrainCases opens every pretrain_*.json of folder/model. The caller closes their arrays.
func PretrainCases(folder string) ([]*Pretrain, error) {
	files, err := filepath.Glob(filepath.Join(folder, "model", "pretrain_*.json"))
	if err != nil {
		return nil, err
	}
	var cases []*Pretrain
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c := new(Pretrain)
		if err := json.Unmarshal(text, c); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if c.Arrays, err = weights.Open(strings.TrimSuffix(file, ".json") + ".safetensors"); err != nil {
			return nil, err
		}
		cases = append(cases, c)
	}
	return cases, nil
}
