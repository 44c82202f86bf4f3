// Random problems and what their results must be, in float64.

package gemm

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"videomae/engine/simd/pool"
	"videomae/engine/simd/tile"
)

// guard fills what no product may write.
const guard = 0x7F_AB

// array is the memory of an operand or result. Elements are bfloat16 in halves or float32 in floats.
type array struct {
	kind   tile.Type
	floats []float32
	halves []uint16
}

// newArray holds matrices in batches; with room beyond the last element.
func newArray(o Operand, batch []int, rows, cols int, value func() float32) array {
	size := o.extent(batch, rows, cols) + 40
	a := array{kind: o.Type, floats: make([]float32, size), halves: make([]uint16, size)}
	for i := range size {
		x := value()
		a.floats[i], a.halves[i] = x, nearest(x)
	}
	return a
}

func (a array) data() unsafe.Pointer {
	if a.kind == tile.BF16 {
		return unsafe.Pointer(&a.halves[0])
	}
	return unsafe.Pointer(&a.floats[0])
}

func (a array) value(i int) float64 {
	if a.kind == tile.BF16 {
		return float64(math.Float32frombits(uint32(a.halves[i]) << 16))
	}
	return float64(a.floats[i])
}

func (a array) worth(round bool) []float64 {
	list := make([]float64, len(a.floats))
	for i := range list {
		if list[i] = a.value(i); round {
			list[i] = float64(math.Float32frombits(uint32(a.halves[i]) << 16))
		}
	}
	return list
}

// nearest rounds to bfloat16, ties to even, by way of float64: the distance to the next power of two times 2^-7 is its step.
func nearest(x float32) uint16 {
	_, exponent := math.Frexp(float64(x))
	step := math.Ldexp(1, exponent-8)
	return uint16(math.Float32bits(float32(math.RoundToEven(float64(x)/step)*step)) >> 16)
}

func guards() float32 { return math.Float32frombits(guard<<16 | guard) }

// product is a problem with operands, and what their elements are worth when they are multiplied.
type product struct {
	Problem
	a, b           array
	aWorth, bWorth []float64
}

func newProduct(random *rand.Rand, p Problem) product {
	normal := func() float32 { return float32(random.NormFloat64()) }
	e := product{Problem: p, a: newArray(p.A, p.Batch, p.M, p.K, normal), b: newArray(p.B, p.Batch, p.K, p.N, normal)}
	e.aWorth, e.bWorth = e.a.worth(p.Round), e.b.worth(p.Round)
	return e
}

// blank is memory for the result.
func (e product) blank() array {
	c := newArray(Operand{e.C.Type, e.C.Row, 1, e.C.Batch}, e.Batch, e.M, e.N, func() float32 { return 1 })
	for i := range c.floats {
		c.floats[i], c.halves[i] = guards(), guard
	}
	return c
}

// run computes the product on so many workers, or hands it to an epilogue.
func (e product) run(k *tile.Kernels, workers int, epilogue Epilogue) array {
	threads := pool.New(workers)
	defer threads.Close()
	plan, c := NewPlan(k, e.Problem), e.blank()
	plan.Run(threads, e.a.data(), e.b.data(), c.data(), make([]byte, plan.ScratchBytes(workers)), epilogue)
	return c
}

// element is an element of C in float64, and the sum of the sizes of its products.
func (e product) element(batch, row, col int) (sum, size float64) {
	a, b := e.offset(batch, &e.A.Batch)+row*e.A.Row, e.offset(batch, &e.B.Batch)+col*e.B.Col
	for p := range e.K {
		x, y := e.aWorth[a+p*e.A.Col], e.bWorth[b+p*e.B.Row]
		sum += x * y
		size += math.Abs(x * y)
	}
	return float64(e.Alpha) * sum, math.Abs(float64(e.Alpha)) * size
}

// check compares all of C, and the memory between and behind its elements.
func (e product) check(t *testing.T, c array, name string) {
	t.Helper()
	inside := make([]bool, len(c.floats))
	for batch := range e.batches() {
		for row := range e.M {
			for col := range e.N {
				i := e.offset(batch, &e.C.Batch) + row*e.C.Row + col
				inside[i] = true
				want, size := e.element(batch, row, col)
				bound := 2e-6 * size
				if c.kind == tile.BF16 {
					bound += math.Abs(want) / 256
				}
				if got := c.value(i); math.Abs(got-want) > bound || got != got {
					t.Fatalf("%s: batch %d row %d column %d is %v, want %v", name, batch, row, col, got, want)
				}
			}
		}
	}
	for i := range inside {
		if !inside[i] && (math.Float32bits(c.floats[i]) != math.Float32bits(guards()) || c.halves[i] != guard) {
			t.Fatalf("%s: wrote outside the result, at element %d", name, i)
		}
	}
}

// randomProblem has a shape around the sizes of blocks and any layout.
func randomProblem(random *rand.Rand) Problem {
	sizes := []int{0, 1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 33, 64, 95, 97, 130, 200, 300, 580, 810}
	pick := func() int { return sizes[random.IntN(len(sizes))] }
	p := Problem{M: pick(), N: pick(), K: pick(), Alpha: float32(random.IntN(3)) + 0.5, Round: random.IntN(3) == 0}
	for range random.IntN(MaxBatch + 1) {
		p.Batch = append(p.Batch, random.IntN(4))
	}
	if p.FLOPs() > 2e6 {
		return randomProblem(random)
	}
	p.A, p.B = randomOperand(random, p.Batch, p.M, p.K), randomOperand(random, p.Batch, p.K, p.N)
	if random.IntN(2) == 0 {
		p.B.Type = p.A.Type
	}
	p.C = Result{Type: tile.Type(random.IntN(2)), Row: p.N + random.IntN(3)}
	stride := p.M * p.C.Row
	if p.batches() > 0 && random.IntN(2) == 0 { // batches lie side by side in a row
		stride, p.C.Row = p.N, p.N*p.batches()
	}
	for d := len(p.Batch) - 1; d >= 0; d-- {
		p.C.Batch[d] = stride
		stride *= p.Batch[d]
	}
	return p
}

func randomOperand(random *rand.Rand, batch []int, rows, cols int) Operand {
	layouts := [][2]int{{cols, 1}, {cols + 3, 1}, {1, rows}, {1, rows + 5}, {2 * cols, 2}, {2, 2*rows + 1}, {0, 1}, {1024, 1}}
	layout := layouts[random.IntN(len(layouts))]
	o := Operand{Type: tile.Type(random.IntN(2)), Row: layout[0], Col: layout[1]}
	for d := range batch {
		o.Batch[d] = random.IntN(3) * (rows + cols)
	}
	return o
}
