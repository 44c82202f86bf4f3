package probe

import (
	"cmp"
	"context"
	"slices"
)

// model is a fitted probe: it gives a score of each class for each clip.
type model interface {
	scores(clips [][]float32) ([][]float32, error)
}

// fitter fits a probe to a set with a learning rate.
type fitter func(ctx context.Context, s set, lr float64) (model, error)

// choice is a learning rate, and what else was tried.
type choice struct {
	lr      float64
	tried   []Tried
	heldOut int // videos
}

// choose finds the learning rate that gives the best top-1 on the clips held out from a fit, of equal ones the lower cross-entropy. Where
// there is nothing to hold out it takes the usual one. Validation data has no part in it.
func choose(ctx context.Context, s set, classes int, seed uint64, rates []float64, usual float64, fit fitter) (choice, error) {
	rest, held, videos := s.split(classes, seed)
	if videos == 0 {
		return choice{lr: usual}, nil
	}
	c := choice{heldOut: videos}
	for _, lr := range rates {
		m, err := fit(ctx, rest, lr)
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
		t := Tried{LR: lr, Diverged: err != nil}
		if err == nil {
			t.Top1, t.Loss, err = accuracy(m, held)
			t.Diverged = err != nil
		}
		c.tried = append(c.tried, t)
	}
	best := slices.MinFunc(c.tried, func(a, b Tried) int {
		switch {
		case a.Diverged != b.Diverged:
			return map[bool]int{true: 1, false: -1}[a.Diverged]
		default:
			return cmp.Or(cmp.Compare(b.Top1, a.Top1), cmp.Compare(a.Loss, b.Loss))
		}
	})
	c.lr = best.LR
	return c, nil
}

// accuracy gives a model's top-1 in percent and its mean cross-entropy.
func accuracy(m model, s set) (top1, loss float64, err error) {
	scores, err := m.scores(s.clips)
	if err != nil {
		return 0, 0, err
	}
	right := 0
	for i, row := range scores {
		if err := finite(row); err != nil {
			return 0, 0, err
		}
		values := make([]float64, len(row))
		for c, v := range row {
			values[c] = float64(v)
		}
		if slices.Index(row, slices.Max(row)) == s.labels[i] {
			right++
		}
		loss += softmax(values, s.labels[i]) / float64(len(scores))
	}
	return 100 * float64(right) / float64(len(scores)), loss, nil
}
