// Package masking chooses the cubes that the encoder does not see.
//
// Source: spec section 4 (VideoMAE, NeurIPS 2022, section 3.3). A mask lives on the grid of cubes: S time slots of R rows and C columns, in raster order
// (slot, then row, then column), and true means masked. Every mask of one grid, kind and ratio hides the same number of
// cubes, so that the clips of a batch have equally many visible tokens.
package masking

import (
	"fmt"
	"math/rand/v2"
)

// Kind names a way of masking.
type Kind string

// The kinds of masking.
const (
	Tube   Kind = "tube"   // one map of places, the same in every time slot (the paper's)
	Random Kind = "random" // any cubes
	Frame  Kind = "frame"  // whole time slots
)

// Kinds lists every kind, for help texts and checks.
var Kinds = []Kind{Tube, Random, Frame}

// Grid is the number of cubes along time, height and width: T/2 x H/16 x W/16 for the usual cube.
type Grid struct{ Slots, Rows, Cols int }

// Tokens is the number of cubes, N.
func (g Grid) Tokens() int { return g.Slots * g.Rows * g.Cols }

// Places is the number of cubes in one time slot.
func (g Grid) Places() int { return g.Rows * g.Cols }

// Mask holds N values in raster order; true is masked.
type Mask []bool

// Count returns how many of the grid's cubes a mask of this kind and ratio hides: trunc(ratio x places) in each slot for
// Tube, trunc(ratio x N) for Random, trunc(ratio x slots) whole slots for Frame. It is an error when that would leave
// nothing to see or nothing to predict.
func Count(kind Kind, grid Grid, ratio float64) (int, error) {
	if grid.Slots < 1 || grid.Rows < 1 || grid.Cols < 1 {
		return 0, fmt.Errorf("mask: grid %dx%dx%d has no cubes", grid.Slots, grid.Rows, grid.Cols)
	}
	if !(ratio > 0 && ratio < 1) {
		return 0, fmt.Errorf("mask: ratio %v must lie strictly between 0 and 1", ratio)
	}
	n := 0
	switch kind {
	case Tube:
		n = int(ratio*float64(grid.Places())) * grid.Slots
	case Random:
		n = int(ratio * float64(grid.Tokens()))
	case Frame:
		n = int(ratio*float64(grid.Slots)) * grid.Places()
	default:
		return 0, fmt.Errorf("mask: unknown kind %q (have %v)", kind, Kinds)
	}
	if n == 0 || n == grid.Tokens() {
		return 0, fmt.Errorf("mask: %s at ratio %v masks %d of the %d cubes of a %dx%dx%d grid; some must be masked and some visible",
			kind, ratio, n, grid.Tokens(), grid.Slots, grid.Rows, grid.Cols)
	}
	return n, nil
}

// Draw returns a mask of the given kind, drawn from rng, that hides exactly Count cubes.
func Draw(kind Kind, grid Grid, ratio float64, rng *rand.Rand) (Mask, error) {
	n, err := Count(kind, grid, ratio)
	if err != nil {
		return nil, err
	}
	m := make(Mask, grid.Tokens())
	places := grid.Places()
	switch kind {
	case Tube:
		for _, p := range rng.Perm(places)[:n/grid.Slots] {
			for s := range grid.Slots {
				m[s*places+p] = true
			}
		}
	case Random:
		for _, p := range rng.Perm(len(m))[:n] {
			m[p] = true
		}
	case Frame:
		for _, s := range rng.Perm(grid.Slots)[:n/places] {
			for p := range places {
				m[s*places+p] = true
			}
		}
	}
	return m, nil
}

// Split returns the indices of the visible and of the masked cubes, each in raster order.
func (m Mask) Split() (visible, masked []int32) {
	for i, hidden := range m {
		if hidden {
			masked = append(masked, int32(i))
		} else {
			visible = append(visible, int32(i))
		}
	}
	return visible, masked
}
