package probe

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"

	"videomae/optim"
	"videomae/seed"
)

// The settings of the linear probe. Source: spec 6.3 and He et al. 2022, appendix A.1.
const (
	linearBatch  = 1024 // clips in a step at most
	linearWarmup = 10   // epochs
	momentum     = 0.9
)

// linearRates are the learning rates that are tried, for 256 clips.
var linearRates = []float64{0.01, 0.03, 0.1, 0.3, 1, 3}

// linear is soft-max regression in double precision: logits are weights x features + biases.
type linear struct {
	classes, width int
	weights        []float64 // classes x width
	biases         []float64
}

func newLinear(classes, width int) linear {
	return linear{classes, width, make([]float64, classes*width), make([]float64, classes)}
}

// matrix names the rows of values.
func matrix(values []float64, rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: values}
}

// logits gives classes values for each row of features x.
func (l linear) logits(x []float64) []float64 {
	n := len(x) / l.width
	out := slices.Repeat(l.biases, n)
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, matrix(x, n, l.width), matrix(l.weights, l.classes, l.width), 1, matrix(out, n, l.classes))
	return out
}

// gradient gives the mean cross-entropy of rows of features x with classes, and its gradient.
func (l linear) gradient(x []float64, labels []int) (loss float64, gradient linear) {
	n := len(labels)
	d := l.logits(x)
	for i, label := range labels {
		row := d[i*l.classes:][:l.classes]
		loss += softmax(row, label) / float64(n)
		row[label]--
		for c := range row {
			row[c] /= float64(n)
		}
	}
	gradient = newLinear(l.classes, l.width)
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, matrix(d, n, l.classes), matrix(x, n, l.width), 0, matrix(gradient.weights, l.classes, l.width))
	for i, v := range d {
		gradient.biases[i%l.classes] += v
	}
	return loss, gradient
}

// softmax replaces logits by probabilities and gives the cross-entropy of a class.
func softmax(row []float64, label int) (loss float64) {
	top, sum := slices.Max(row), 0.0
	loss = top - row[label]
	for i, v := range row {
		row[i] = math.Exp(v - top)
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
	return loss + math.Log(sum)
}

// linearModel is a fitted linear probe.
type linearModel struct {
	standard
	linear
}

// fitLinear trains on a set from weights of zero: SGD with momentum, no weight decay, warm-up and cosine; in each epoch the clips come in
// another order, in batches of nearly equal size.
func fitLinear(ctx context.Context, s set, classes int, o Options, lr float64) (linearModel, error) {
	m := linearModel{standardOf(s.clips), newLinear(classes, len(s.clips[0]))}
	n, width := len(s.clips), m.width
	x := make([]float64, n*width)
	each(n, func(i int) { m.apply(x[i*width:][:width], s.clips[i]) })
	steps := stepsOf(n)
	rate := optim.Schedule{Peak: peak(lr, n), WarmupSteps: min(linearWarmup, o.Epochs/2) * steps, TotalSteps: o.Epochs * steps}
	velocity := newLinear(classes, width)
	batch, labels := make([]float64, 0, batchSize(n)*width), make([]int, 0, batchSize(n))
	for epoch := range o.Epochs {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		order := seed.Rand(o.Seed, "probe order", uint64(epoch)).Perm(n)
		for step := range steps {
			batch, labels = batch[:0], labels[:0]
			for _, i := range order[step*n/steps : (step+1)*n/steps] {
				batch, labels = append(batch, x[i*width:][:width]...), append(labels, s.labels[i])
			}
			loss, g := m.gradient(batch, labels)
			if math.IsNaN(loss) || math.IsInf(loss, 0) {
				return m, fmt.Errorf("linear probe: with the learning rate %v the loss is %v after %d steps: choose a lower one", lr, loss, epoch*steps+step)
			}
			move(m.weights, velocity.weights, g.weights, rate.Rate(epoch*steps+step))
			move(m.biases, velocity.biases, g.biases, rate.Rate(epoch*steps+step))
		}
	}
	return m, nil
}

// stepsOf is how many steps an epoch of n clips has, and batchSize how many clips each of them takes, the largest.
func stepsOf(n int) int   { return (n + linearBatch - 1) / linearBatch }
func batchSize(n int) int { return (n + stepsOf(n) - 1) / stepsOf(n) }

// peak is the highest rate on n clips for a learning rate that is for 256 of them.
func peak(lr float64, n int) float64 { return lr * float64(batchSize(n)) / 256 }

// move makes a step of SGD with momentum.
func move(weights, velocity, gradient []float64, rate float64) {
	for i, g := range gradient {
		velocity[i] = momentum*velocity[i] + g
		weights[i] -= rate * velocity[i]
	}
}

// scores gives a logit of each class for each clip.
func (m linearModel) scores(clips [][]float32) ([][]float32, error) {
	out := make([][]float32, len(clips))
	x := make([]float64, m.width)
	for i, clip := range clips {
		m.apply(x, clip)
		out[i] = rounded(m.logits(x))
	}
	return out, nil
}

// rounded gives values in single precision.
func rounded(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}
