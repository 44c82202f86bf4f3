// Operations on arrays in plain loops.

package onnx

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// at is where element i of an array of shape out lies in one of shape in that is spread over it.
func at(i int, out, in []int) (place int) {
	for k, step := len(out)-1, 1; k >= len(out)-len(in); k-- {
		d := in[k-len(out)+len(in)]
		if d > 1 {
			place += i % out[k] * step
		}
		step *= d
		i /= out[k]
	}
	return place
}

// spread is the shape of two shapes together.
func spread(t *testing.T, a, b []int) []int {
	t.Helper()
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for k, d := range b {
		k += len(a) - len(b)
		switch {
		case out[k] == 1:
			out[k] = d
		case d != 1 && d != out[k]:
			t.Fatalf("shapes %v and %v do not go together", a, b)
		}
	}
	return out
}

func elementwise(t *testing.T, kind string, a, b array) array {
	out := zeros(a.kind, spread(t, a.shape, b.shape)...)
	for i := range out.v {
		x, y := a.v[at(i, out.shape, a.shape)], b.v[at(i, out.shape, b.shape)]
		switch kind {
		case "Add":
			out.v[i] = x + y
		case "Mul":
			out.v[i] = x * y
		default:
			out.v[i] = x / y
		}
	}
	return out
}

func product(t *testing.T, a, b array) array {
	ra, rb := len(a.shape), len(b.shape)
	m, k, n := a.shape[ra-2], a.shape[ra-1], b.shape[rb-1]
	if b.shape[rb-2] != k {
		t.Fatalf("product of %v and %v", a.shape, b.shape)
	}
	batch := spread(t, a.shape[:ra-2], b.shape[:rb-2])
	out := zeros(a.kind, append(slices.Clone(batch), m, n)...)
	for g := range count(batch) {
		x, y := a.v[at(g, batch, a.shape[:ra-2])*m*k:], b.v[at(g, batch, b.shape[:rb-2])*k*n:]
		for i := range m {
			for j := range n {
				for l := range k {
					out.v[(g*m+i)*n+j] += x[i*k+l] * y[l*n+j]
				}
			}
		}
	}
	return out
}

// convolution is one whose kernels do not overlap.
func convolution(t *testing.T, n operation, x, w, bias array) array {
	if fmt.Sprint(n.attributes["strides"]) != fmt.Sprint(w.shape[2:]) || fmt.Sprint(n.attributes["kernel_shape"]) != fmt.Sprint(w.shape[2:]) {
		t.Fatalf("convolution %v with a kernel %v", n.attributes, w.shape)
	}
	cells := []int{x.shape[2] / w.shape[2], x.shape[3] / w.shape[3], x.shape[4] / w.shape[4]}
	out := zeros(x.kind, append([]int{x.shape[0], w.shape[0]}, cells...)...)
	for i := range out.v {
		c, place := i/count(cells)%w.shape[0], i%count(cells)
		sum := bias.v[c]
		for k := range count(w.shape[1:]) {
			in, from := k, 0
			for axis, step := 4, 1; axis >= 2; axis-- {
				from += (place%cells[axis-2]*w.shape[axis] + in%w.shape[axis]) * step
				place, in, step = place/cells[axis-2], in/w.shape[axis], step*x.shape[axis]
			}
			place = i % count(cells)
			sum += w.v[c*count(w.shape[1:])+k] * x.v[(i/count(out.shape[1:])*x.shape[1]+in)*count(x.shape[2:])+from]
		}
		out.v[i] = sum
	}
	return out
}

func normalised(x array, scale, shift []float64, epsilon float64) array {
	out, d := zeros(x.kind, x.shape...), x.shape[len(x.shape)-1]
	for r := 0; r < len(x.v); r += d {
		mean, variance := 0.0, 0.0
		for _, v := range x.v[r:][:d] {
			mean += v / float64(d)
		}
		for _, v := range x.v[r:][:d] {
			variance += (v - mean) * (v - mean) / float64(d)
		}
		for i, v := range x.v[r:][:d] {
			out.v[r+i] = (v-mean)/math.Sqrt(variance+epsilon)*scale[i] + shift[i]
		}
	}
	return out
}

func softmax(x array) array {
	out, d := zeros(x.kind, x.shape...), x.shape[len(x.shape)-1]
	for r := 0; r < len(x.v); r += d {
		highest, sum := slices.Max(x.v[r:][:d]), 0.0
		for _, v := range x.v[r:][:d] {
			sum += math.Exp(v - highest)
		}
		for i, v := range x.v[r:][:d] {
			out.v[r+i] = math.Exp(v-highest) / sum
		}
	}
	return out
}

func meanOf(x array, axis int) array {
	n, inner := x.shape[axis], count(x.shape[axis+1:])
	out := zeros(x.kind, slices.Delete(slices.Clone(x.shape), axis, axis+1)...)
	for i, v := range x.v {
		out.v[i/(n*inner)*inner+i%inner] += v / float64(n)
	}
	return out
}

func split(x array, axis int, sizes []float64) (parts []array) {
	inner, from := count(x.shape[axis+1:]), 0
	for _, size := range sizes {
		shape := slices.Clone(x.shape)
		shape[axis] = int(size)
		p := array{x.kind, shape, nil}
		for outer := range count(x.shape[:axis]) {
			p.v = append(p.v, x.v[(outer*x.shape[axis]+from)*inner:][:shape[axis]*inner]...)
		}
		from += shape[axis]
		parts = append(parts, p)
	}
	return parts
}

func concat(axis int, x []array) array {
	out := array{x[0].kind, slices.Clone(x[0].shape), nil}
	out.shape[axis] = 0
	for outer := range count(x[0].shape[:axis]) {
		for _, a := range x {
			n := count(a.shape[axis:])
			out.v = append(out.v, a.v[outer*n:][:n]...)
		}
	}
	for _, a := range x {
		out.shape[axis] += a.shape[axis]
	}
	return out
}

func reshape(t *testing.T, x array, to []float64) array {
	var shape []int
	for i, d := range to {
		if d == 0 {
			d = float64(x.shape[i])
		}
		shape = append(shape, int(d))
	}
	if count(shape) != len(x.v) {
		t.Fatalf("%v reshaped to %v", x.shape, to)
	}
	return array{x.kind, shape, x.v}
}

func transposed(x array, perm []int64) array {
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = x.shape[p]
	}
	out := zeros(x.kind, shape...)
	for i := range out.v {
		index := make([]int, len(perm))
		for k, rest := len(perm)-1, i; k >= 0; k-- {
			index[perm[k]] = rest % shape[k]
			rest /= shape[k]
		}
		from := 0
		for k, j := range index {
			from = from*x.shape[k] + j
		}
		out.v[i] = x.v[from]
	}
	return out
}

// rows gathers rows of a shape by their indices, each counted from first(i).
func rows(kind Type, v []float64, row, index []int, indices []float64, first func(i int) int) array {
	n, out := count(row), array{kind, append(slices.Clone(index), row...), nil}
	for i, at := range indices {
		out.v = append(out.v, v[(first(i)+int(at))*n:][:n]...)
	}
	return out
}
