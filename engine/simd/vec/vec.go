// Package vec holds the loops over float32 slices that fused element-wise programs are made of, one set for each instruction
// set. A kernel does one thing to slices that fit into the first-level cache, and is cheap to call.
//
// Contracts of all kernels: the first slice is written and decides the length; the other slices must be at least as long,
// which is NOT checked. Any alignment will do. The written slice may be one of those read, if both begin at the same element.
// A result depends on the values and the length alone, not on where the slices lie. Nothing is allocated. Copying is Go's
// copy.
package vec

import "videomae/engine/simd/isa"

// Unary names a function of one number.
type Unary uint8

// The functions of one number, with their greatest errors at any level in units of the last place (ulp) of the result. Those
// with none stated are exact or rounded correctly; those marked float64 are the mathematics library's, in plain Go at all
// levels, and rounded correctly but for rare ties.
const (
	Neg Unary = iota
	Abs
	Sqrt
	Rsqrt      // 1/sqrt(x), both rounded: 1.5 ulp
	Reciprocal // 1/x
	Square     // x*x
	Exp        // 1 ulp, denormal results included
	Expm1      // e^x - 1, float64
	Log        // 1 ulp
	Log1p      // log(1+x), float64
	Tanh       // 1.5 ulp
	Erf        // 2.5 ulp
	Logistic   // 1/(1+e^-x): 2.5 ulp; results below 2^-126 may be 0
	Sin        // float64
	Cos        // float64
	Floor
	Ceil
	Round    // to the nearest whole number, halves to even
	Sign     // -1, 0 or 1; a zero and a NaN stay what they are
	Not      // of a mask of ones and zeros
	IsFinite // 1 or 0
	GELU     // x*Phi(x), Phi(x) = (1+erf(x/sqrt 2))/2: half an ulp and the smaller of 1.3e-7 and 3e-7*|x|
	GELUGrad // its derivative Phi(x) + x*exp(-x*x/2)/sqrt(2 pi): half an ulp and 3e-7
	numUnary
)

// String gives the function's name.
func (u Unary) String() string { return unaryNames[u] }

var unaryNames = [numUnary]string{"Neg", "Abs", "Sqrt", "Rsqrt", "Reciprocal", "Square", "Exp", "Expm1", "Log", "Log1p", "Tanh",
	"Erf", "Logistic", "Sin", "Cos", "Floor", "Ceil", "Round", "Sign", "Not", "IsFinite", "GELU", "GELUGrad"}

// Binary names a function of two numbers.
type Binary uint8

// The functions of two numbers. Comparisons give 1 or 0, and 0 where a number is a NaN (NotEqual: 1).
const (
	Add Binary = iota
	Sub        // x - y
	Mul
	Div   // x / y
	Max   // as Go's max: a NaN where either is one, and 0 is above -0
	Min   // as Go's min
	Pow   // x to the power of y, as math.Pow
	Rem   // x - y*trunc(x/y), exact, with the sign of x
	Atan2 // angle of the point (y, x): the first operand is the ordinate
	Less  // x < y
	LessEqual
	Equal
	NotEqual
	Greater
	GreaterEqual
	And // of masks of ones and zeros, as Or and Xor
	Or
	Xor
	numBinary
)

// String gives the function's name.
func (b Binary) String() string { return binaryNames[b] }

var binaryNames = [numBinary]string{"Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Rem", "Atan2", "Less", "LessEqual", "Equal",
	"NotEqual", "Greater", "GreaterEqual", "And", "Or", "Xor"}

// Kernels is the set of loops for one instruction set. No field is nil.
type Kernels struct {
	Unary             [numUnary]func(dst, x []float32)
	Binary            [numBinary]func(dst, x, y []float32)         // x op y
	BinaryScalarRight [numBinary]func(dst, x []float32, y float32) // x op y with one y for all
	BinaryScalarLeft  [numBinary]func(dst []float32, x float32, y []float32)

	MulAdd    func(dst, x, y, z []float32)                   // x*y + z, rounded once
	AddScaled func(dst, x []float32, s float32, y []float32) // x + s*y, rounded once
	Where     func(dst, mask, x, y []float32)                // x where the mask is not 0, y elsewhere
	Fill      func(dst []float32, v float32)

	// Several operations in one pass. The product that is added last is rounded once with the sum, all others by themselves.
	Affine      func(dst, x []float32, s, t float32)                                   // x*s + t
	AffineSqrt  func(dst, x []float32, s, t float32)                                   // sqrt(x)*s + t
	Blend       func(dst, x []float32, s float32, y []float32, t float32)              // x*s + y*t, the latter added last
	BlendSquare func(dst, x []float32, s float32, y []float32, t float32)              // x*s + (y*y)*t, the latter added last
	AddQuotient func(dst, x []float32, s float32, y []float32, t float32, z []float32) // (y*t)/z + x*s, the latter added last

	// The same over matrices, row by row. Width decides how many elements of each row there are. Where a function over slices has one
	// number for all, here each row has its own.
	BinaryRows    [numBinary]Rows3 // x op y
	RightRows     [numBinary]Rows3 // x op y with one y a row
	MulAddRows    Rows4            // x*y + z
	AddScaledRows Rows4            // x + s*y, the matrix s in between, with one number a row
	SumRows       Rows2            // one number a row
	DotRows       Rows3            // one number a row
	FromBF16Rows  func(dst *float32, ldd int, src *uint16, lds int, rows, width int)
	ToBF16Rows    func(dst *uint16, ldd int, src *float32, lds int, rows, width int)

	// Reductions, in an order that the length alone decides. A sum of float32 has no more than 30 roundings on the way of a
	// term, at any length: its error is below 2e-6 of the sum of the terms' magnitudes, and below 1e-6 unless the terms are
	// made for the worst. Max and Min give a NaN if there is one; of nothing they give -Inf and Inf; among zeros, either zero.
	Sum        func(x []float32) float32
	SumSquares func(x []float32) float32
	Dot        func(x, y []float32) float32 // here x decides the length
	Product    func(x []float32) float32
	Max, Min   func(x []float32) float32

	// Conversions. To a shorter float: rounded to nearest, halves to even; a NaN becomes a quiet NaN. To an integer: cut
	// towards zero, the nearest limit if out of range, 0 for a NaN. Booleans are the bytes 0 and 1: FromUint8 reads them.
	FromBF16  func(dst []float32, src []uint16)
	ToBF16    func(dst []uint16, src []float32)
	RoundBF16 func(dst, src []float32) // to bfloat16 and back
	FromF16   func(dst []float32, src []uint16)
	ToF16     func(dst []uint16, src []float32)
	FromUint8 func(dst []float32, src []uint8)
	FromInt32 func(dst []float32, src []int32)
	ToInt32   func(dst []int32, src []float32)
	ToBool    func(dst []uint8, src []float32) // 1 where the number is not 0

	// Transposes of [rows, cols] matrices: dst[c*ldd+r] = src[r*lds+c], bit for bit. The matrices must not overlap.
	Transpose32 func(dst []float32, ldd int, src []float32, lds int, rows, cols int)
	Transpose16 func(dst []uint16, ldd int, src []uint16, lds int, rows, cols int)
}

// For gives the kernels of a level; what the level has no kernel of its own for is in plain Go. AVX512BF16 and
// AMX have the ones of AVX512: the conversions of bfloat16 instructions take denormals for zeros.
func For(level isa.Level) *Kernels {
	k := portable()
	k.specialise(level)
	return k
}
