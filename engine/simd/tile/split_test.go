package tile

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// onSplit tests the kernels that multiply float32 in parts.
func onSplit(t *testing.T, test func(t *testing.T, k *Kernels)) {
	onEveryLevel(t, func(t *testing.T, k *Kernels) {
		if k.Split.Multiply == nil {
			t.Skip("does not multiply float32 in parts")
		}
		test(t, k)
	})
}

// splitMatrix is an operand of numbers of any size, subnormal ones aside.
func splitMatrix(random *rand.Rand, lanes, steps, lane, step int) Operand {
	o := matrix(random, F32, lanes, steps, lane, step)
	for i := range lanes {
		for p := range steps {
			x := (*float32)(o.at(i, p))
			*x = float32(math.Ldexp(float64(*x), random.IntN(40)-20))
		}
	}
	return o
}

// parts are the three numbers in the words of an element of a lane, whose word s is given.
func parts(p int, word func(s int) uint32) (list [splitParts]float64) {
	for i := range list {
		w := word(p/splitDepth*splitSteps + i*splitDepth/2 + p%splitDepth/2)
		list[i] = float64(math.Float32frombits(w >> (16 * (p % 2)) << 16))
	}
	return list
}

func checkParts(t *testing.T, name string, x float64, list [splitParts]float64) {
	t.Helper()
	rest := x
	for i, part := range list {
		rest -= part
		most := math.Ldexp(math.Abs(x), -8*(i+1)) // half of the last of eight bits
		if i == splitParts-1 {
			most = 0
		}
		if math.Abs(rest) > most {
			t.Fatalf("%s: %v in parts %v: part %d leaves %v, want at most %v", name, x, list, i, rest, most)
		}
	}
}

func TestSplitPartsAddUpInTheirPlaces(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	onSplit(t, func(t *testing.T, k *Kernels) {
		for range 40 {
			lanes, depth := random.IntN(3*k.NR), random.IntN(200)
			for _, strides := range arrangements(lanes, depth) {
				o := splitMatrix(random, lanes, depth, strides[0], strides[1])
				testSplitA(t, k, o, lanes, depth)
				testSplitB(t, k, o, lanes, depth)
			}
		}
	})
}

func testSplitA(t *testing.T, k *Kernels, a Operand, rows, depth int) {
	row := Copied(Split, depth).Row / Word
	got := guarded(rows * row)
	k.PackA(unsafe.Pointer(&got[0]), row*Word, Split, a, rows, depth)
	for i := range rows {
		for p := range Split.Steps(depth) / splitSteps * splitDepth {
			x := 0.0
			if p < depth {
				x = a.value(i, p)
			}
			checkParts(t, "A", x, parts(p, func(s int) uint32 { return got[i*row+s] }))
		}
	}
	checkGuards(t, got[rows*row:])
}

func testSplitB(t *testing.T, k *Kernels, b Operand, cols, depth int) {
	steps := Split.Steps(depth)
	words := k.Panels(cols) * steps * k.NR
	got := guarded(words)
	k.PackB(unsafe.Pointer(&got[0]), Split, b, cols, depth)
	for j := range k.Panels(cols) * k.NR {
		for p := range steps / splitSteps * splitDepth {
			x := 0.0
			if p < depth && j < cols {
				x = b.value(j, p)
			}
			checkParts(t, "B", x, parts(p, func(s int) uint32 { return got[(j/k.NR*steps+s)*k.NR+j%k.NR] }))
		}
	}
	checkGuards(t, got[words:])
}

func checkGuards(t *testing.T, list []uint32) {
	t.Helper()
	for _, word := range list {
		if word != guard {
			t.Fatal("wrote behind the last word")
		}
	}
}

// errors of a product of 32 rows, relative to the sum of the sizes of what is added: the greatest, and the root of the mean square.
func productErrors(k *Kernels, form Form, a, b Operand, depth int) (worst, typical float64) {
	const rows = 32
	c := multiplyOnce(k, form, a, b, rows, depth)
	for i := range rows {
		for j := range k.NR {
			var sum, size float64
			for p := range depth {
				x := a.value(i, p) * b.value(j, p)
				sum, size = sum+x, size+math.Abs(x)
			}
			e := math.Abs(float64(c[i*k.NR+j])-sum) / size
			worst, typical = max(worst, e), typical+e*e
		}
	}
	return worst, math.Sqrt(typical / float64(rows*k.NR))
}

// multiplyOnce is a product of some rows and one panel.
func multiplyOnce(k *Kernels, form Form, a, b Operand, rows, depth int) []float32 {
	left := Copied(form, depth)
	copied, panel, c := guarded(rows*left.Row/Word), guarded(k.PanelBytes(form, depth)/Word), make([]float32, rows*k.NR)
	k.PackA(unsafe.Pointer(&copied[0]), left.Row, form, a, rows, depth)
	k.PackB(unsafe.Pointer(&panel[0]), form, b, k.NR, depth)
	k.Product(form).Multiply(rows, form.Steps(depth), unsafe.Pointer(&copied[0]), left.Row, left.Step, unsafe.Pointer(&panel[0]), k.NR*Word, &c[0], k.NR, 1, false)
	return c
}

// In parts, products of float32 are nearer to float64 than by float32 instructions, which round each sum.
func TestSplitIsNoLessExactThanFloat32(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 24))
	onSplit(t, func(t *testing.T, k *Kernels) {
		for _, depth := range []int{32, 64, 200, 768, 3072} {
			for _, make := range []func(random *rand.Rand, lanes, steps, lane, step int) Operand{normalMatrix, splitMatrix, positiveMatrix} {
				a, b := make(random, 32, depth, depth, 1), make(random, k.NR, depth, depth, 1)
				worst, typical := productErrors(k, Split, a, b, depth)
				worstF32, typicalF32 := productErrors(k, Float, a, b, depth)
				t.Logf("%5d elements: greatest error %.2g, typical %.2g; with float32 instructions %.2g, %.2g", depth, worst, typical, worstF32, typicalF32)
				if worst > 1.5*worstF32 || typical > 1.1*typicalF32 {
					t.Errorf("%d elements: errors %.3g, %.3g, with float32 instructions %.3g, %.3g", depth, worst, typical, worstF32, typicalF32)
				}
			}
		}
	})
}

func normalMatrix(random *rand.Rand, lanes, steps, lane, step int) Operand {
	return matrix(random, F32, lanes, steps, lane, step)
}

// positiveMatrix has numbers from 0.5 to 1.
func positiveMatrix(random *rand.Rand, lanes, steps, lane, step int) Operand {
	o := matrix(random, F32, lanes, steps, lane, step)
	for i := range lanes {
		for p := range steps {
			*(*float32)(o.at(i, p)) = 0.5 + random.Float32()/2
		}
	}
	return o
}

// What is not finite spoils all that it meets, and nothing else, so that it is seen.
func TestSplitKeepsWhatIsNotFinite(t *testing.T) {
	random := rand.New(rand.NewPCG(25, 26))
	onSplit(t, func(t *testing.T, k *Kernels) {
		const rows, depth, row = 40, 96, 17
		for _, bad := range []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), math.MaxFloat32} {
			a, b := matrix(random, F32, rows, depth, depth, 1), matrix(random, F32, k.NR, depth, depth, 1)
			*(*float32)(a.at(row, 50)) = bad
			for i, x := range multiplyOnce(k, Split, a, b, rows, depth) {
				finite := !math.IsInf(float64(x), 0) && !math.IsNaN(float64(x))
				if finite != (i/k.NR != row) {
					t.Fatalf("%v in row %d: row %d column %d is %v", bad, row, i/k.NR, i%k.NR, x)
				}
			}
		}
	})
}
