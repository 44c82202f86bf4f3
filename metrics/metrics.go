// Package metrics is the stream of numbers and pictures that a run gives off: one Record a logged step, and the sinks that keep
// them (a JSON Lines file, TensorBoard event files).
package metrics

import (
	"encoding/json"
	"errors"
	"image"
	"math"
)

// Record is what is known of one training step.
type Record struct {
	Step           int                // optimiser steps done, counted from 1
	Epoch          float64            // passes over the data done, with fraction
	Loss           float64            // training loss of the step; NaN or infinite when the step was skipped
	LR             float64            // learning rate used
	GradNorm       float64            // L2 norm of the gradient before clipping
	ClipsPerSecond float64            // since the record before
	DataWait       float64            // share of the time spent waiting for data, 0 to 1
	Skipped        int                // steps skipped so far because loss or gradient was not finite
	Seconds        float64            // run time so far, over all resumptions
	Baselines      map[string]float64 // loss of each trivial predictor on the same masked cubes; nil when not measured
	Scores         map[string]float64 // what else was measured at this step, such as "val_loss"; may be nil
}

// Sink keeps records and pictures. Steps never decrease. Sinks are not safe for concurrent use.
type Sink interface {
	// Log keeps a record.
	Log(Record) error
	// Picture keeps a picture made at a step. Sinks that hold numbers only ignore it.
	Picture(step int, name string, img image.Image) error
	// Close makes all that was logged durable.
	Close() error
}

// Multi returns a sink that passes everything to each of sinks, and joins their errors.
func Multi(sinks ...Sink) Sink { return multi(sinks) }

type multi []Sink

func (m multi) each(do func(Sink) error) error {
	var errs []error
	for _, s := range m {
		errs = append(errs, do(s))
	}
	return errors.Join(errs...)
}

func (m multi) Log(r Record) error { return m.each(func(s Sink) error { return s.Log(r) }) }

func (m multi) Picture(step int, name string, img image.Image) error {
	return m.each(func(s Sink) error { return s.Picture(step, name, img) })
}

func (m multi) Close() error { return m.each(Sink.Close) }

// wire is a Record as JSON has it.
type wire struct {
	Step           int               `json:"step"`
	Epoch          number            `json:"epoch"`
	Loss           number            `json:"loss"`
	LR             number            `json:"lr"`
	GradNorm       number            `json:"grad_norm"`
	ClipsPerSecond number            `json:"clips_per_s"`
	DataWait       number            `json:"data_wait"`
	Skipped        int               `json:"skipped"`
	Seconds        number            `json:"seconds"`
	Baselines      map[string]number `json:"baselines,omitempty"`
	Scores         map[string]number `json:"scores,omitempty"`
}

// number is a float64 that JSON shows as null when it is not finite, since JSON has no such numbers; null reads as NaN.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(n))
}

// MarshalJSON gives a record the keys of metrics.jsonl. A number that is not finite becomes null.
func (r Record) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{r.Step, number(r.Epoch), number(r.Loss), number(r.LR), number(r.GradNorm), number(r.ClipsPerSecond),
		number(r.DataWait), r.Skipped, number(r.Seconds), convert[number](r.Baselines), convert[number](r.Scores)})
}

// UnmarshalJSON reads what MarshalJSON wrote; null becomes NaN.
func (r *Record) UnmarshalJSON(text []byte) error {
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	*r = Record{w.Step, float64(w.Epoch), float64(w.Loss), float64(w.LR), float64(w.GradNorm), float64(w.ClipsPerSecond),
		float64(w.DataWait), w.Skipped, float64(w.Seconds), convert[float64](w.Baselines), convert[float64](w.Scores)}
	return nil
}

// convert changes the number type of a map; nil stays nil.
func convert[To, From ~float64](m map[string]From) map[string]To {
	if m == nil {
		return nil
	}
	out := make(map[string]To, len(m))
	for k, v := range m {
		out[k] = To(v)
	}
	return out
}
