package optim

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/engine"
	"videomae/seed"
)

// shapes and rules are those of a small model's tensors.
var (
	shapes = [][]int{{3, 4}, {5}, {1, 1, 2}, {2, 3, 2}}
	rules  = []Rule{{Decay: true, Scale: 0.25}, {Scale: 0.25}, {Scale: 1}, {Decay: true, Scale: 1}}
)

// values is one list of numbers for each tensor.
type values [][]float64

// draw gives values of a deviation for each tensor.
func draw(what string, deviation float64) (list values) {
	for i, shape := range shapes {
		rng, n := seed.Rand(1, what, uint64(i)), 1
		for _, d := range shape {
			n *= d
		}
		one := make([]float64, n)
		for j := range one {
			one[j] = float64(float32(deviation * rng.NormFloat64())) // as the graph will take it
		}
		list = append(list, one)
	}
	return list
}

// zeros is the first state of the moments.
func zeros() values { return draw("zeros", 0) }

// state is an optimiser's state on the host.
type state struct {
	weights, first, second values
	step                   float64
}

// clipping gives the gradients' global norm and the factor that clips them, as PyTorch's clip_grad_norm_.
func clipping(gradients values, clipNorm float64) (norm, scale float64) {
	norm, scale = l2(slices.Concat(gradients...)), 1
	if clipNorm > 0 {
		scale = math.Min(1, clipNorm/(norm+1e-6))
	}
	return norm, scale
}

func l2(v []float64) float64 {
	squares := 0.0
	for _, x := range v {
		squares += x * x
	}
	return math.Sqrt(squares)
}

// updater runs Update on an engine.
type updater struct {
	t    *testing.T
	exec *Exec
}

func newUpdater(t *testing.T, o Optimiser) updater {
	t.Helper()
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	exec, err := NewExec(backend, func(in []*Node) []*Node {
		n := len(shapes)
		old := State{Weights: in[:n], First: in[n : 2*n], Second: in[2*n : 3*n], Step: in[3*n]}
		next, norm, finite := o.Update(old, in[3*n+1:4*n+1], in[4*n+1], in[4*n+2], rules)
		if o.Moments() == 1 {
			next.Second = old.Second
		}
		return slices.Concat(next.Weights, next.First, next.Second, []*Node{next.Step, norm, finite})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(exec.Finalize)
	return updater{t, exec}
}

// update makes one step; all values cross to the engine and back as Float32.
func (u updater) update(s state, gradients values, loss, rate float64) (next state, norm float64, finite bool) {
	u.t.Helper()
	var inputs []any
	add := func(list values) {
		for i, v := range list {
			narrow := make([]float32, len(v))
			for j := range v {
				narrow[j] = float32(v[j])
			}
			inputs = append(inputs, tensors.FromFlatDataAndDimensions(narrow, shapes[i]...))
		}
	}
	add(s.weights)
	add(s.first)
	add(s.second)
	inputs = append(inputs, float32(s.step))
	add(gradients)
	out, err := u.exec.Call(append(inputs, float32(loss), float32(rate))...)
	if err != nil {
		u.t.Fatal(err)
	}
	read := func() (list values) {
		for _, x := range out[:len(shapes)] {
			var wide []float64
			for _, v := range tensors.MustCopyFlatData[float32](x) {
				wide = append(wide, float64(v))
			}
			list = append(list, wide)
		}
		out = out[len(shapes):]
		return list
	}
	next = state{weights: read(), first: read(), second: read()}
	next.step = float64(tensors.ToScalar[float32](out[0]))
	return next, float64(tensors.ToScalar[float32](out[1])), tensors.ToScalar[bool](out[2])
}

// near checks values within a share of each tensor's largest magnitude.
func near(t *testing.T, what string, got, want values, limit float64) {
	t.Helper()
	for i := range want {
		scale := 0.0
		for _, w := range want[i] {
			scale = math.Max(scale, math.Abs(w))
		}
		for j, w := range want[i] {
			if !(math.Abs(got[i][j]-w) <= limit*scale) {
				t.Fatalf("%s: tensor %d, value %d is %.9g, want %.9g", what, i, j, got[i][j], w)
			}
		}
	}
}

// Sums of millions of squares, one after another in Float32, would lose the third digit.
func TestGlobalNormKeepsItsDigits(t *testing.T) {
	backend, err := engine.Open("")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	norm, err := CallOnce(backend, func(x *Node) *Node {
		return GlobalNorm([]*Node{BroadcastToDims(x, 3072, 768), BroadcastToDims(x, 768), x})
	}, float32(0.1))
	if err != nil {
		t.Fatal(err)
	}
	want := 0.1 * math.Sqrt(3072*768+768+1)
	if got := float64(tensors.ToScalar[float32](norm)); math.Abs(got-want) > 1e-5*want {
		t.Errorf("norm %v, want %v", got, want)
	}
}
