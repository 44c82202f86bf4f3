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

// Measure times the first steps of a run without saving anything: decoding their clips, then training on them. The first
// step, which compiles the graph, is made but not counted.
func Measure(ctx context.Context, o Options, steps int) (Measured, error) {
	r, err := prepare(ctx, o)
	if err != nil {
		return Measured{}, err
	}
	defer r.close()
	rates := Rates(r.schedule)
	began := time.Now()
	var batches [][]Batch
	for range steps + 1 {
		data, err := r.loader.Next(ctx)
		if err != nil {
			return Measured{}, err
		}
		micro, _, err := r.microBatches(data, o.From)
		if err != nil {
			return Measured{}, err
		}
		batches = append(batches, micro)
	}
	clips := float64((steps + 1) * o.Config.Train.ClipsPerStep())
	m := Measured{ClipsPerSecond: clips / time.Since(began).Seconds()}
	r.loader.Close() // what it decodes ahead must not slow the steps
	for i, micro := range batches {
		if i == 1 {
			began = time.Now()
		}
		if _, err := r.stepper.Step(micro, rates.Rate(i)); err != nil {
			return Measured{}, err
		}
	}
	m.StepSeconds = time.Since(began).Seconds() / float64(steps)
	return m, nil
}
