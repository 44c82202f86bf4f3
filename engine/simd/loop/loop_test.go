package loop

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
	"videomae/engine/simd/vec"
)

// The programs that training consists of, over spaces of several blocks and tasks.
func TestTypicalPrograms(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for name, s := range map[string]Spec{
		"residual":            residual(37, 300),
		"layer norm":          layerNorm(70, 200, f32),
		"layer norm bf16":     layerNorm(70, 200, bf16),
		"layer norm gradient": layerNormGradient(80, 130),
		"gelu":                gelu(7, 1500),
		"gelu fused":          geluFused(2, 5000),
		"gelu gradient":       geluGradient(7, 1500),
		"softmax":             softmax(13, 700),
		"adamw":               adamW(9001),
		"pixels":              pixels(10, 900),
		"patches":             patches(10, 768),
		"squared error":       squaredError(20, 500),
		"square sum":          squareSum(30003),
	} {
		described := program{Spec: s}
		before := described.memory(rand.New(rand.NewPCG(1, 2)))
		for i, o := range s.Operands {
			if o.Class.inner() != inner { // divisors and deviations
				for col := range before[i].width {
					before[i].set(0, col, 1)
				}
			}
		}
		if name == "adamw" { // second moments
			for i := range s.Inner {
				before[3].set(0, i, math.Abs(before[3].get(0, i)))
			}
		}
		want := interpret(&s, before)
		for _, level := range isa.Levels() {
			after := execute(t, p, level, s, before)
			if err := verify(want, before, after); err != nil {
				t.Errorf("%s, %s: %v", name, level, err)
			}
		}
	}
}

// alone makes a program for one worker, and runs it on memory given as slices.
func alone(t *testing.T, s Spec, operands ...unsafe.Pointer) {
	t.Helper()
	p := pool.New(1)
	defer p.Close()
	made, err := New(vec.For(isa.Portable), 1, s)
	if err != nil {
		t.Fatal(err)
	}
	made.Run(p, operands, make([]byte, made.ScratchBytes()))
}

func first[T any](list []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(list)) }

// Two stored operands may lie where each other's source does.
func TestSwapInPlace(t *testing.T) {
	s := newScript(3)
	x, y := s.load(f32, Full), s.load(f32, Full)
	s.store(f32, Full, y)
	s.store(f32, Full, x)
	a, b := []float32{1, 2, 3}, []float32{4, 5, 6}
	alone(t, s.Spec, first(a), first(b), first(a), first(b))
	if a[1] != 5 || b[1] != 2 {
		t.Errorf("after swapping: %v and %v", a, b)
	}
}

// A value is stored as it was before it is updated where it lies.
func TestCopyBesideUpdate(t *testing.T) {
	s := newScript(2)
	x := s.load(f32, Full)
	s.update(x, s.plus(x, s.constant(1)))
	s.store(bf16, Full, s.add(Node{Op: Round, In: [3]Value{x}}))
	a, copied := []float32{1, 2}, make([]uint16, 2)
	alone(t, s.Spec, first(a), first(copied))
	if a[0] != 2 || copied[0] != 0x3f80 {
		t.Errorf("updated to %v, copied as %x, want 2 and 3f80", a[0], copied[0])
	}
}

// A number that all tasks read is updated once.
func TestScalarInPlace(t *testing.T) {
	s := newScript(100000)
	step := s.load(f32, Scalar)
	next := s.plus(step, s.constant(1))
	s.store(f32, Full, s.plus(s.load(f32, Full), next))
	s.update(step, next)
	count, x, y := []float32{7}, make([]float32, 100000), make([]float32, 100000)
	alone(t, s.Spec, first(count), first(x), first(y))
	if count[0] != 8 || y[99999] != 8 {
		t.Errorf("count %v, last value %v, want 8 and 8", count[0], y[99999])
	}
}

// Rows so long that they are cut into pieces, with what there is only once for all pieces of a row, or for all rows.
func TestWideRows(t *testing.T) {
	const inner = 60000
	wide := func() *script {
		s := newScript(inner, 2)
		s.store(f32, Full, s.unary(vec.Sqrt, s.load(f32, Full)))
		return s
	}
	x, y := make([]float32, 2*inner), make([]float32, 2*inner)

	s := wide()
	row := s.load(f32, Row)
	s.update(row, s.plus(row, s.constant(1)))
	counts := []float32{5, 6}
	alone(t, s.Spec, first(x), first(y), first(counts))
	if counts[0] != 6 || counts[1] != 7 {
		t.Errorf("5 and 6 are updated to %v, want 6 and 7", counts)
	}

	s = wide()
	s.reduceCol(Sum, s.load(f32, Row), Scalar)
	sum := []float32{0}
	alone(t, s.Spec, first(x), first(y), first(counts), first(sum))
	if sum[0] != 13 {
		t.Errorf("6 and 7 sum to %v", sum[0])
	}

	s = wide()
	col := s.load(f32, Col)
	s.update(col, s.plus(col, s.constant(1)))
	columns := make([]float32, inner)
	alone(t, s.Spec, first(x), first(y), first(columns))
	if columns[0] != 1 || columns[inner-1] != 1 {
		t.Errorf("columns of 0 are updated to %v and %v", columns[0], columns[inner-1])
	}
}

func TestSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	s := newScript(4)
	x := s.load(f32, Full)
	s.store(f32, Full, s.where(s.unary(vec.IsFinite, x), x, s.constant(-1)))
	s.store(bf16, Full, x)
	s.store(dtypes.Int32, Full, x)
	s.store(dtypes.Uint8, Full, x)
	s.store(f32, Row, s.reduce(ReduceRow, Max, x))
	s.store(f32, Row, s.reduce(ReduceRow, Sum, s.times(x, x)))
	clean, short, whole, small, largest, squares := make([]float32, 4), make([]uint16, 4), make([]int32, 4), make([]uint8, 4), make([]float32, 1), make([]float32, 1)
	run := func(x []float32) {
		alone(t, s.Spec, first(x), first(clean), first(short), first(whole), first(small), first(largest), first(squares))
	}
	run([]float32{nan, inf, -inf, 300})
	for i, want := range []float32{-1, -1, -1, 300} {
		if clean[i] != want {
			t.Errorf("where it is not finite: %v, want %v", clean[i], want)
		}
	}
	if short[0]&0x7fff <= 0x7f80 || short[1] != 0x7f80 || short[2] != 0xff80 {
		t.Errorf("as bfloat16: %x", short)
	}
	if whole[0] != 0 || whole[1] != math.MaxInt32 || whole[2] != math.MinInt32 || whole[3] != 300 {
		t.Errorf("as integers: %v", whole)
	}
	if small[0] != 0 || small[1] != 255 || small[2] != 0 || small[3] != 255 {
		t.Errorf("as bytes: %v", small)
	}
	if largest[0] == largest[0] || squares[0] == squares[0] {
		t.Errorf("of a row with a NaN the maximum is %v, the sum of squares %v", largest[0], squares[0])
	}
	run([]float32{-1, -inf, inf, 2})
	if largest[0] != inf || squares[0] != inf {
		t.Errorf("of a row with infinities the maximum is %v, the sum of squares %v", largest[0], squares[0])
	}
}

// Reductions of nothing give their identities, and nothing else is written.
func TestEmptySpaces(t *testing.T) {
	for _, c := range []struct{ rows, inner int }{{0, 5}, {4, 0}, {0, 0}} {
		s := newScript(c.inner, c.rows)
		x := s.load(f32, Full)
		s.Operands[0].Strides = []int{c.inner + 2}
		s.store(f32, Full, s.times(x, s.load(f32, Row)))
		s.store(f32, Row, s.reduce(ReduceRow, Max, x))
		s.reduceCol(Sum, x, Scalar)
		s.reduceCol(Product, x, Col)
		full, row, sum, col := []float32{3}, []float32{3, 3, 3, 3, 3}, []float32{3}, []float32{3, 3, 3, 3, 3, 3}
		alone(t, s.Spec, first(full), first(make([]float32, c.rows)), first(full), first(row), first(sum), first(col))
		if full[0] != 3 || sum[0] != 0 {
			t.Errorf("%v: nothing is stored as %v, its sum is %v", c, full, sum)
		}
		for i, v := range row {
			if (i < c.rows) != math.IsInf(float64(v), -1) {
				t.Errorf("%v: the maximum of empty row %d is %v", c, i, v)
			}
		}
		for i, v := range col {
			if (i < c.inner) != (v == 1) {
				t.Errorf("%v: the product of empty column %d is %v", c, i, v)
			}
		}
	}
}

// Sums of millions keep six digits, whichever way they run.
func TestLongSums(t *testing.T) {
	const inner = 1000
	rows := 3000
	x := make([]float32, rows*inner)
	r := rand.New(rand.NewPCG(1, 1))
	exact, columns := 0.0, make([]float64, inner)
	for i := range x {
		x[i] = 1 + r.Float32()
		exact += float64(x[i])
		columns[i%inner] += float64(x[i])
	}
	s := newScript(inner, rows)
	v := s.load(f32, Full)
	s.reduceCol(Sum, v, Scalar)
	s.reduceCol(Sum, v, Col)
	s.reduceCol(Sum, s.reduce(ReduceRow, Sum, v), Scalar)
	p := pool.New(2)
	defer p.Close()
	for _, level := range isa.Levels() {
		total, col, again := []float32{0}, make([]float32, inner), []float32{0}
		made, err := New(vec.For(level), 2, s.Spec)
		if err != nil {
			t.Fatal(err)
		}
		made.Run(p, []unsafe.Pointer{first(x), first(total), first(col), first(again)}, make([]byte, made.ScratchBytes()))
		check := func(name string, got float32, want float64) {
			if e := math.Abs(float64(got)/want - 1); e > 1e-6 {
				t.Errorf("%s: the %s is off by %.1e", level, name, e)
			}
		}
		check("sum", total[0], exact)
		check("sum of the rows' sums", again[0], exact)
		for i := range col {
			check("sum of a column", col[i], columns[i])
		}
	}
}

func TestRunsAllocateNothing(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	s := layerNormGradient(200, 130)
	s.Operands[0].Type = bf16
	made, err := New(vec.For(isa.Portable), 2, s)
	if err != nil {
		t.Fatal(err)
	}
	described := program{Spec: s}
	operands, scratch := pointers(described.memory(rand.New(rand.NewPCG(1, 1)))), make([]byte, made.ScratchBytes())
	if n := testing.AllocsPerRun(20, func() { made.Run(p, operands, scratch) }); n > 0 {
		t.Errorf("a run allocates %v times", n)
	}
}
