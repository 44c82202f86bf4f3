// Copies of operands in the order in which products read them.

package tile

import "unsafe"

// PanelBytes is the size of a panel: NR columns of B with so many elements along K. Its steps are NR words each.
func (k *Kernels) PanelBytes(form Form, depth int) int { return form.Steps(depth) * k.NR * Word }

// Panels is the number of panels that hold so many columns of B.
func (k *Kernels) Panels(cols int) int { return (cols + k.NR - 1) / k.NR }

// laneSteps is how many steps PackB copies of each panel before it goes to the next panel, if the source's columns are
// neighbours: it then reads whole stretches of as many rows as the copying looks ahead.
const laneSteps = 8

// laneDepth is that in elements along K. Split numbers come in longer blocks.
func laneDepth(form Form) int {
	if form == Split {
		return splitDepth
	}
	return laneSteps * form.Elements()
}

// PackB writes the panels of B, Panels(cols)·PanelBytes bytes. Columns beyond the last are 0. It is fastest for a few hundred
// elements along K at a time, whose panel fits into L1.
func (k *Kernels) PackB(dst unsafe.Pointer, form Form, b Operand, cols, depth int) {
	panel, block := k.PanelBytes(form, depth), depth
	if rest := cols % k.NR; rest > 0 {
		clear(unsafe.Slice((*byte)(unsafe.Add(dst, cols/k.NR*panel)), panel))
	}
	if b.Lane == 1 {
		block = laneDepth(form)
	}
	for first := 0; first < depth; first += block {
		for col := 0; col < cols; col += k.NR {
			to := place{unsafe.Add(dst, col/k.NR*panel+form.Steps(first)*k.NR*Word), Word, k.NR * Word}
			k.lay(to, form, b.Offset(col, first), min(k.NR, cols-col), min(block, depth-first))
		}
	}
}

// Left is how a product reads A: the distances in bytes that Multiply takes as aRow and aStep.
type Left struct{ Row, Step int }

// InPlace is how a product reads A where it is, if that has the words of this form.
func (o Operand) InPlace(form Form, depth int) (Left, bool) {
	size := o.Type.Size()
	if form == Pair {
		return Left{o.Lane * size, Word}, o.Type == BF16 && o.Step == 1 && depth%2 == 0
	}
	return Left{o.Lane * size, o.Step * size}, form == Float && o.Type == F32
}

// Copied is how a product reads a copy of A: by rows that follow each other.
func Copied(form Form, depth int) Left { return Left{form.Steps(depth) * Word, Word} }

// packRows is how many rows of A are written at a time: their lines stay in the cache while the source is read across them.
const packRows = 128

// PackA writes a copy of A as Copied describes it, its rows so many bytes apart.
func (k *Kernels) PackA(dst unsafe.Pointer, dstRow int, form Form, a Operand, rows, depth int) {
	for row := 0; row < rows; row += packRows {
		to := place{unsafe.Add(dst, row*dstRow), dstRow, Word}
		k.lay(to, form, a.Offset(row, 0), min(packRows, rows-row), depth)
	}
}
