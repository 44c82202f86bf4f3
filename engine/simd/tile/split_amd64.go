// Splitting float32 into three bfloat16 as operands are laid out.

package tile

import "unsafe"

// square holds numbers of a block of elements of as many lanes, in rows of either.
type square [splitDepth * splitDepth]float32

// laySplit writes all words of an operand of so many lanes and elements along K. Rows of words are made from rows of numbers;
// where the operand's rows run the other way, or a block is not whole, its numbers are collected in a square first.
func (k *Kernels) laySplit(to place, from Operand, lanes, depth int) {
	direct := 0 // elements along K that need no square
	if from.Type == F32 && (from.Step == 1 && to.step == Word || from.Lane == 1 && to.lane == Word && lanes%16 == 0) {
		direct = depth &^ (splitDepth - 1)
		k.splitBlocks(to, from, lanes, direct/splitDepth)
	}
	if direct == depth {
		return
	}
	var s square
	for p := direct; p < depth; p += splitDepth {
		for lane := 0; lane < lanes; lane += splitDepth {
			at := place{to.at(lane, Split.Steps(p)), to.lane, to.step}
			k.splitSquare(&s, at, from.Offset(lane, p), min(splitDepth, lanes-lane), min(splitDepth, depth-p))
		}
	}
}

// splitBlocks takes whole blocks of elements, from rows of numbers that run as the rows of words do.
func (k *Kernels) splitBlocks(to place, from Operand, lanes, blocks int) {
	move := &k.moves[F32][Split]
	switch {
	case lanes == 0 || blocks == 0:
	case to.step == Word:
		move.copySteps(to.data, to.lane, from.Data, from.Lane*Word, lanes, blocks)
	default:
		move.copyLanes(to.data, to.step, from.Data, 2*from.Step*Word, blocks, lanes/16)
	}
}

// splitSquare takes a block of elements of some lanes. Columns of a panel beyond the last become 0.
func (k *Kernels) splitSquare(s *square, to place, from Operand, lanes, depth int) {
	if lanes < splitDepth || depth < splitDepth {
		clear(s[:])
	}
	numbers := Operand{unseen(unsafe.Pointer(s)), F32, splitDepth, 1}
	if to.lane == Word {
		numbers.Lane, numbers.Step = 1, splitDepth
	}
	k.lay(place{numbers.Data, numbers.Lane * Word, numbers.Step * Word}, Float, from, lanes, depth)
	if to.lane == Word {
		lanes = (lanes + 15) &^ 15
	}
	k.splitBlocks(to, numbers, lanes, 1)
}
