package train

import (
	"context"
	"time"
)

// Measured is how fast this machine trains and decodes, each by itself.
type Measured struct {
	ClipsPerSecond float64 // decoded
	StepSeconds    float64 // of an update step on clips at hand
}

// Measure times the first steps of a pre-training run without saving anything (Time).
func Measure(ctx context.Context, o Options, steps int) (Measured, error) {
	r, err := prepare(ctx, o)
	if err != nil {
		return Measured{}, err
	}
	defer r.close()
	l := Loop{Task: r, Stepper: r.stepper, Rates: Rates(r.schedule)}
	l.From(o.From, o.Out)
	return l.Time(ctx, steps, o.Config.Train.ClipsPerStep(), r.loader.Close)
}

// Time times steps of a given number of clips: reading their clips, then, after stop has ended the reading ahead, training on them. The
// first step, which compiles the graph, is made but not counted.
func (l *Loop) Time(ctx context.Context, steps, clips int, stop func()) (Measured, error) {
	began := time.Now()
	var batches [][]Batch
	for range steps + 1 {
		micro, _, err := l.Task.Next(ctx, l.at)
		if err != nil {
			return Measured{}, err
		}
		batches = append(batches, micro)
	}
	m := Measured{ClipsPerSecond: float64((steps+1)*clips) / time.Since(began).Seconds()}
	stop()
	for i, micro := range batches {
		if i == 1 {
			began = time.Now()
		}
		if _, err := l.Stepper.Step(micro, l.Rates.Rate(i)); err != nil {
			return Measured{}, err
		}
	}
	m.StepSeconds = time.Since(began).Seconds() / float64(steps)
	return m, nil
}
