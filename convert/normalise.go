package convert

import (
	"fmt"
	"math"

	"videomae/frames"
	"videomae/weights"
	"videomae/weights/checkpoint"
)

// normalisation sees to it that what is written is used with the mean and deviation that belong to it. Folders of the hub state theirs; all
// else is used with this program's.
func (j *job) normalisation(source weights.Source) (weights.Source, error) {
	m := &j.model
	mean, std := ours(m.Channels)
	if m.Mean == nil {
		m.Mean, m.Std = mean, std
	}
	if near(m.Mean, mean) && near(m.Std, std) || j.o.To == Hub && !j.o.Fold {
		return source, nil
	}
	if !j.o.Fold {
		return nil, fmt.Errorf("its pixels are normalised with mean %v and deviation %v, here with %v and %v: fold the difference into the embedding of cubes (--fold-normalisation)",
			m.Mean, m.Std, mean, std)
	}
	folded := fold(source, *m, mean, std)
	m.Mean, m.Std = mean, std
	j.changed("the embedding of cubes takes pixels normalised with ImageNet's mean and deviation")
	return folded, nil
}

// ours is the mean and deviation that this program normalises pixels in [0, 1] with.
func ours(channels int) (mean, std []float64) {
	m, s := frames.PixelStats(channels)
	for c := range m {
		mean, std = append(mean, round(m[c])), append(std, round(s[c]))
	}
	return mean, std
}

// round gives the decimal number that a float32 was written as.
func round(v float32) float64 { return math.Round(float64(v)*1e6) / 1e6 }

func near(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-6 {
			return false
		}
	}
	return true
}

// fold gives the tensors of a model of pixels x = (v - m.Mean) / m.Std for pixels y = (v - mean) / std: as x = y std / m.Std + (mean - m.Mean) /
// m.Std, the weights of a channel are scaled and the bias is shifted.
func fold(source weights.Source, m checkpoint.Model, mean, std []float64) weights.Source {
	prefix := ""
	if m.Kind == checkpoint.Pretrain {
		prefix = "encoder."
	}
	weightName, biasName := prefix+"patch_embed.proj.weight", prefix+"patch_embed.proj.bias"
	plane := m.Tubelet * m.Patch * m.Patch
	return checkpoint.Replace(source, map[string]func(weights.Tensor) (weights.Tensor, error){
		weightName: func(t weights.Tensor) (weights.Tensor, error) {
			return changeValues(t, func(i int, v float64) float64 {
				c := i / plane % m.Channels
				return v * std[c] / m.Std[c]
			})
		},
		biasName: func(t weights.Tensor) (weights.Tensor, error) {
			w, err := source.Tensor(weightName)
			if err != nil {
				return w, err
			}
			values, err := w.Float32s()
			if err != nil {
				return w, err
			}
			shift := make([]float64, m.EncoderWidth)
			for i, v := range values {
				c := i / plane % m.Channels
				shift[i/(plane*m.Channels)] += float64(v) * (mean[c] - m.Mean[c]) / m.Std[c]
			}
			return changeValues(t, func(i int, v float64) float64 { return v + shift[i] })
		},
	})
}

// changeValues gives a tensor of the same type with other values.
func changeValues(t weights.Tensor, change func(i int, v float64) float64) (weights.Tensor, error) {
	values, err := t.Float32s()
	if err != nil {
		return t, err
	}
	for i, v := range values {
		values[i] = float32(change(i, float64(v)))
	}
	out, err := weights.FromFloat32s(t.Name, t.Shape, values)
	if err != nil {
		return t, err
	}
	return out.As(t.DType)
}
