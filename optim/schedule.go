// Package optim updates weights: learning-rate schedules, parameter groups, gradient clipping, AdamW.
package optim

import "math"

// Schedule is a learning rate that rises linearly from 0 to Peak over WarmupSteps and then falls to Min along half a
// cosine. Source: spec 6.1.
type Schedule struct {
	Peak, Min               float64
	WarmupSteps, TotalSteps int
}

// Rate is the learning rate of a step, counted from 0. As in the official code the last warm-up step and the one after it
// both have the peak rate, and the cosine ends one step short of Min. Steps past the end keep Min.
func (s Schedule) Rate(step int) float64 {
	if step < s.WarmupSteps {
		if s.WarmupSteps == 1 {
			return 0 // the official warm-up of one step is its first point
		}
		return s.Peak * float64(step) / float64(s.WarmupSteps-1)
	}
	i, n := float64(step-s.WarmupSteps), float64(s.TotalSteps-s.WarmupSteps)
	if i >= n {
		return s.Min
	}
	return s.Min + 0.5*(s.Peak-s.Min)*(1+math.Cos(math.Pi*i/n))
}
