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

// Case is what cases of every kind have: settings, scalars, arrays.
type Case struct {
	Name           string             `json:"name"`
	Salt           string             `json:"salt"`
	Image          Size               `json:"image"`
	Frames         int                `json:"frames"`
	Width          int                `json:"width"`
	Depth          int                `json:"depth"`
	Heads          int                `json:"heads"`
	Batch          int                `json:"batch"`
	Loss           float64            `json:"loss"`
	GradNorm       map[string]float64 `json:"grad_norm"`
	Trajectory     *Trajectory        `json:"trajectory"`
	ParamNormAfter map[string]float64 `json:"param_norm_after"`

	Arrays *weights.File `json:"-"`
}

// Pretrain is one pretrain_*.json with its arrays.
type Pretrain struct {
	Case
	DecoderWidth int      `json:"decoder_width"`
	DecoderDepth int      `json:"decoder_depth"`
	DecoderHeads int      `json:"decoder_heads"`
	MaskRatio    float64  `json:"mask_ratio"`
	PredNorm     float64  `json:"pred_norm"`
	EncodedNorm  float64  `json:"encoded_norm"`
	TargetNorm   float64  `json:"target_norm"`
	NoDecay      []string `json:"no_decay"`
}

// Finetune is one finetune_*.json with its arrays.
type Finetune struct {
	Case
	Classes int `json:"classes"`
}

// Size is the height and width of a picture, which files state as a pair or, where both are the same, as one number.
type Size [2]int

// UnmarshalJSON reads either form.
func (s *Size) UnmarshalJSON(text []byte) error {
	if side := 0; json.Unmarshal(text, &side) == nil {
		*s = Size{side, side}
		return nil
	}
	return json.Unmarshal(text, (*[2]int)(s))
}

// Trajectory is a short training run.
type Trajectory struct {
	Losses      []float64  `json:"losses"`
	GradNorms   []float64  `json:"grad_norms"`
	LR          []float64  `json:"lr"`          // of each step; absent where the rate rises evenly to its peak at the last step
	PeakLR      float64    `json:"peak_lr"`     // of those
	LayerDecay  float64    `json:"layer_decay"` // of fine-tuning
	WeightDecay float64    `json:"weight_decay"`
	Betas       [2]float64 `json:"betas"`
	Eps         float64    `json:"eps"`
}

// Rates are the learning rates of the steps.
func (t Trajectory) Rates() []float64 {
	if t.LR != nil {
		return t.LR
	}
	var rates []float64
	for step := range t.Losses {
		rates = append(rates, t.PeakLR*float64(step+1)/float64(len(t.Losses)))
	}
	return rates
}

// PretrainCases opens every pretrain_*.json of folder/model. The caller closes their arrays.
func PretrainCases(folder string) ([]*Pretrain, error) {
	return cases(folder, "pretrain", func(c *Pretrain) *Case { return &c.Case })
}

// FinetuneCases opens every finetune_*.json of folder/model. The caller closes their arrays.
func FinetuneCases(folder string) ([]*Finetune, error) {
	return cases(folder, "finetune", func(c *Finetune) *Case { return &c.Case })
}

func cases[T any](folder, kind string, shared func(*T) *Case) ([]*T, error) {
	files, err := filepath.Glob(filepath.Join(folder, "model", kind+"_*.json"))
	if err != nil {
		return nil, err
	}
	var list []*T
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		c := new(T)
		if err := json.Unmarshal(text, c); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if shared(c).Arrays, err = weights.Open(strings.TrimSuffix(file, ".json") + ".safetensors"); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}
