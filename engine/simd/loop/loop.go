// Package loop runs fused element-wise programs: straight lines of operations on all values of a space of rows x inner, done
// block by block, so that what lies between the operations never leaves the cache. All arithmetic is float32, done by the
// kernels of package vec; other types are converted where a program loads and stores them.
//
// A program is described by a Spec, checked and planned once by New, and run any number of times without allocating. To plan is
// to merge dimensions (space.go), to make a version for each outcome of a choice between whole values
// (versions.go), to pick a kernel for each operation or for several together (build.go, fuse.go, combine.go), to find out which
// stores may happen when (output.go), to share memory between registers (allocate.go), and to cut the space into tasks and blocks
// (plan.go). A register is a slice with a distance between its rows: operands in memory are used where they lie, and results
// are computed right into theirs.
//
// Tasks, blocks and the order of sums follow from the Spec alone, so the bits do not depend on the number of workers.
// Results may differ from those of the operations as written in two ways: x*y + z is rounded once; and a quotient by a value that
// is no constant and varies along less than the quotient is a product with its reciprocal, right to 2 ulp for divisors from
// 2^-126 to 2^126. Sums stay within 1e-6 of the sum of their terms' magnitudes, for millions of terms.
package loop

import (
	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/vec"
)

// Class says along which parts of the space a value varies. In memory each row of a value has Inner, Period or 1 numbers,
// which are contiguous.
type Class uint8

// The classes. A value made of several others varies along all that they vary along: Row and Col make Full.
const (
	Scalar  Class = 0
	ColTile Class = onceAPeriod        // the same in all rows, Period numbers that repeat along inner
	Col     Class = inner              // the same in all rows, Inner numbers
	Row     Class = rows               // a number a row
	Tile    Class = rows + onceAPeriod // in each row Period numbers that repeat along inner
	Full    Class = rows + inner       // a number for each position
)

// A class is made of how it varies along inner (not, once a period, everywhere) and whether it varies along the rows.
const (
	onceAPeriod = 1
	inner       = 2
	rows        = 4
)

// Operand describes a tensor in memory.
type Operand struct {
	Type    dtypes.DType // Float32, BFloat16, Float16, Int32, Uint8 or Bool; integers beyond 2^24 lose their last bits
	Class   Class
	Strides []int // elements from row to row along each of Spec.Rows, 0 where rows share memory; nil: dense, row-major
	Block   bool  // in Program.Block, these values come from the block that the caller hands over
}

// Value is a value of a program: the index of the Node that computes it.
type Value int

// Op says what a Node does.
type Op uint8

// The operations, and the fields of Node that they use besides In.
const (
	Load       Op = iota // Operand, from memory to a value of its class
	Const                // Const
	Unary                // Unary
	Binary               // Binary
	Where                // In[1] where the mask In[0] is not 0, In[2] elsewhere
	Round                // through bfloat16 and back
	Store                // In[0] to Operand, whose class may vary along more than the value's. It has no value
	ReduceRow            // Reduce, along inner: one number a row
	ReduceTile           // Reduce, along the repeats of Period in inner: out[j] of x[j], x[Period+j], ...
	ReduceCol            // Reduce, along the rows, to Operand: Col, ColTile, or Scalar, for which also along inner. It has no value
	numOps
)

var opNames = [numOps]string{"Load", "Const", "Unary", "Binary", "Where", "Round", "Store", "ReduceRow", "ReduceTile", "ReduceCol"}

// arity is the number of values that an operation reads.
var arity = [numOps]int{Unary: 1, Binary: 2, Where: 3, Round: 1, Store: 1, ReduceRow: 1, ReduceTile: 1, ReduceCol: 1}

// Reduction says how values are combined into one.
type Reduction uint8

// The reductions, and what they make of nothing.
const (
	Sum     Reduction = iota // 0
	Product                  // 1
	Max                      // -Inf
	Min                      // Inf
	numReductions
)

// Node is one operation of a program.
type Node struct {
	Op      Op
	Unary   vec.Unary
	Binary  vec.Binary
	Reduce  Reduction
	In      [3]Value // the values it reads, of earlier nodes
	Operand int      // index into Spec.Operands
	Const   float32
}

// Spec describes a program over a space of rows (all combinations of Rows) times Inner positions.
//
// Operands may share memory only in this way: an operand that is stored may be the very memory of one that is loaded (or be
// loaded itself), if class, element size and strides are the same.
type Spec struct {
	Rows     []int
	Inner    int
	Period   int // of tiles: divides Inner
	Operands []Operand
	Nodes    []Node
}
