// Operands as they are in memory, and how they are laid out as words.

package tile

import (
	"math"
	"unsafe"
)

// Type is the type of an operand's elements.
type Type uint8

// The types of operands.
const (
	F32 Type = iota
	BF16
	types
)

// Size is the number of bytes of an element.
func (t Type) Size() int {
	if t == BF16 {
		return 2
	}
	return 4
}

// Operand is a matrix in memory, seen from a product: its lanes are the rows of A or the columns of B, its steps run along K.
// Lane and Step are the distances between neighbours, in elements.
type Operand struct {
	Data       unsafe.Pointer
	Type       Type
	Lane, Step int
}

// Offset is the part of the operand that begins at a lane and a step.
func (o Operand) Offset(lane, step int) Operand {
	o.Data = o.at(lane, step)
	return o
}

func (o Operand) at(lane, step int) unsafe.Pointer {
	return unsafe.Add(o.Data, (lane*o.Lane+step*o.Step)*o.Type.Size())
}

// bits is an element as the bits of a float32.
func (o Operand) bits(lane, step int) uint32 {
	if o.Type == BF16 {
		return uint32(*(*uint16)(o.at(lane, step))) << 16
	}
	return *(*uint32)(o.at(lane, step))
}

// word is a step of a lane in the given form; depth is the number of elements along K.
func (o Operand) word(form Form, lane, step, depth int) uint32 {
	switch form {
	case Rounded:
		return round(o.bits(lane, step))
	case Pair:
		low, high := round(o.bits(lane, 2*step))>>16, uint32(0)
		if 2*step+1 < depth {
			high = round(o.bits(lane, 2*step+1))
		}
		return low | high
	}
	return o.bits(lane, step)
}

// round gives the nearest bfloat16 as a float32, ties to even. A NaN stays one.
func round(bits uint32) uint32 {
	if x := math.Float32frombits(bits); x != x {
		return bits&0xFFFF0000 | 0x00400000
	}
	return (bits + 0x7FFF + bits>>16&1) & 0xFFFF0000
}

// place is where words are laid out: Lane and Step are the distances between neighbours, in bytes.
type place struct {
	data       unsafe.Pointer
	lane, step int
}

func (p place) at(lane, step int) unsafe.Pointer { return unsafe.Add(p.data, lane*p.lane+step*p.step) }

// lay writes all words of an operand of so many lanes and elements along K.
func (k *Kernels) lay(to place, form Form, from Operand, lanes, depth int) {
	if form == Split {
		k.laySplit(to, from, lanes, depth)
		return
	}
	steps := form.Steps(depth)
	doneLanes, doneSteps := k.layMost(to, form, from, lanes, depth)
	if doneSteps < steps {
		layEach(to, form, from, 0, lanes, doneSteps, steps, depth)
	}
	layEach(to, form, from, doneLanes, lanes, 0, doneSteps, depth)
}

// layMost lays out as many lanes and steps as fill whole vectors, and says how many.
func (k *Kernels) layMost(to place, form Form, from Operand, lanes, depth int) (doneLanes, doneSteps int) {
	steps := depth / form.Elements() // without the last one's padding
	move, size := k.moves[from.Type][form], from.Type.Size()
	manySteps, manyLanes := steps >= 8, lanes >= 8
	switch {
	case move.copySteps == nil:
		return 0, 0
	case from.Step == 1 && to.step == Word && manySteps && lanes > 0:
		move.copySteps(to.data, to.lane, from.Data, from.Lane*size, lanes, steps/8)
		return lanes, steps &^ 7
	case from.Step == 1 && to.lane == Word && manySteps && manyLanes:
		move.transposeSteps(to.data, to.step, from.Data, from.Lane*size, lanes/8, steps/8)
		return lanes &^ 7, steps &^ 7
	case from.Lane == 1 && to.lane == Word && manyLanes && steps > 0:
		move.copyLanes(to.data, to.step, from.Data, from.Step*size*form.Elements(), steps, lanes/8)
		return lanes &^ 7, steps
	case from.Lane == 1 && to.step == Word && manyLanes && manySteps:
		move.transposeLanes(to.data, to.lane, from.Data, from.Step*size*form.Elements(), steps/8, lanes/8)
		return lanes &^ 7, steps &^ 7
	}
	return 0, 0
}

func layEach(to place, form Form, from Operand, lane, lanes, step, steps, depth int) {
	for i := lane; i < lanes; i++ {
		for p := step; p < steps; p++ {
			*(*uint32)(to.at(i, p)) = from.word(form, i, p, depth)
		}
	}
}
