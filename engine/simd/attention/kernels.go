// What the algorithm needs from an instruction set.

package attention

import (
	"unsafe"

	"videomae/engine/simd/tile"
	"videomae/engine/simd/vec"
)

// kernels are the inner loops for one instruction set and type. They work on panels: matrices of lanes columns, whose rows
// follow each other.
type kernels struct {
	*tile.Kernels
	vec     *vec.Kernels
	form    tile.Form // of the words that products take
	product tile.Product
	lanes   int
	unit    int // divides the parts of keys and blocks of queries: a multiple of the rows of a tile and of the vectors of packing
	softmax
}

// softmax are the loops of the soft-max. Slices have the length of what they hold; the assembly does not check it. Where n rows of
// numbers of a panel become words, the words begin with the panel's memory and the numbers lie ahead(n) rows behind that; n rows
// fill whole words (whole).
type softmax struct {
	// rescale multiplies the n rows of a panel by one number for each lane.
	rescale func(c []float32, n int, by []float32)

	// soften turns n more rows of scores into words of weights 2^(scale*s - top), scale > 0: top, of each lane, rises to the greatest
	// scaled score so far, alpha becomes the factor 2^(old top - top) of all that was summed before, and sum the weights' sum.
	soften func(s []float32, n int, scale float32, top, sum, alpha []float32)

	// weigh turns n rows of scores into words of weights 2^(scale*s - lse), and ds from gradients of weights into words of
	// gradients of scaled scores, weight*(ds - delta); lse and delta have one number for each row. The rows of gradients are
	// also put into rows, ldrows words apart, as words of neighbouring lanes.
	weigh func(s, ds, rows []float32, ldrows, n int, scale float32, lse, delta []float32)

	// overlap is soften and, in the same time, two products of heads overlapWidth wide: the scores of the next panel, keys (n rows)
	// times queries, and the sums of the panel before, values (a column for each key) times its weights, added to them if more is
	// set. n is a multiple of overlapKeys; rows are so many bytes apart. most holds the greatest score of each lane if that is known
	// and gets those of the next panel. It is nil where it would take no less time.
	overlap func(s []float32, n int, scale float32, top, sum, alpha []float32,
		keys []float32, keysRow int, queries, next, values []float32, valuesRow int, weights, sums []float32, more bool,
		most []float32, known bool)
}

const (
	overlapWidth = 64
	overlapKeys  = 32
)

// splitRows are the numbers in a block of words of parts. Heads that are less wide are not multiplied like that.
var splitRows = tile.Split.Elements()

func newKernels(t *tile.Kernels, v *vec.Kernels, typ tile.Type, width int) kernels {
	k := kernels{Kernels: t, vec: v, form: tile.Float, lanes: t.NR}
	switch {
	case typ == tile.BF16 && t.BF16.Multiply != nil:
		k.form = tile.Pair
	case typ == tile.F32 && t.Split.Multiply != nil && width >= splitRows:
		k.form = tile.Split
	}
	k.product, k.softmax = t.Product(k.form), softmaxFor(t.Level, k.form)
	k.unit = divide(fewestRows, k.product.MR) * k.product.MR
	return k
}

// whole is the number of rows of a panel that hold n and fill whole words.
func (k *kernels) whole(n int) int {
	if k.form == tile.Split {
		return divide(n, splitRows) * splitRows
	}
	return n
}

// ahead is the number of rows in front of n whole rows of numbers in a panel's memory: words of parts are more than numbers.
func (k *kernels) ahead(n int) int {
	if k.form == tile.Split {
		return n/2 + splitRows/2
	}
	return 0
}

// panelWords is the memory that a panel of n rows takes as numbers that become words.
func (k *kernels) panelWords(n int) int {
	whole := k.whole(n)
	return (k.ahead(whole) + whole) * k.lanes
}

// numbers are the n rows of numbers in a panel's memory, with the rest of the whole rows set to a value.
func (k *kernels) numbers(panel []float32, n int, rest float32) []float32 {
	whole := k.whole(n)
	rows := panel[k.ahead(whole)*k.lanes:][:whole*k.lanes]
	k.vec.Fill(rows[n*k.lanes:], rest)
	return rows[:n*k.lanes]
}

// left is a matrix as a product reads its rows: words that are summed over neighbour each other, rows are so many bytes apart.
type left struct {
	words []float32
	row   int
}

// leftWords is the memory that a left matrix takes.
func (k *kernels) leftWords(rows, depth int) int {
	return rows * tile.Copied(k.form, depth).Row / tile.Word
}

// left is the matrix in a piece of memory.
func (k *kernels) left(words []float32, depth int) left {
	return left{words, tile.Copied(k.form, depth).Row}
}

// rightWords is the memory that the panels of a right matrix take.
func (k *kernels) rightWords(cols, depth int) int {
	return k.Panels(cols) * k.PanelBytes(k.form, depth) / tile.Word
}

// packLeft copies a matrix of so many rows and elements along them.
func (k *kernels) packLeft(to left, from tile.Operand, rows, depth int) {
	k.PackA(address(to.words), to.row, k.form, from, rows, depth)
}

// packRight copies a matrix of so many columns and elements along them into panels.
func (k *kernels) packRight(to []float32, from tile.Operand, cols, depth int) {
	k.PackB(address(to), k.form, from, cols, depth)
}

// multiply computes C = A*B, or adds that to C, for one panel B of so many elements along K.
func (k *kernels) multiply(c []float32, ldc int, a left, b []float32, rows, depth int, add bool) {
	k.product.Multiply(rows, k.form.Steps(depth), address(a.words), a.row, tile.Word, address(b), k.lanes*tile.Word,
		unsafe.SliceData(c), ldc, 1, add)
}

func address(x []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }
