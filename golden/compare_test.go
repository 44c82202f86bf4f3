package golden

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
)

// norm is the L2 norm, summed in double precision.
func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func compareScalar(t *testing.T, what string, got, want, limit float64) {
	t.Helper()
	if relative := math.Abs(got-want) / math.Max(math.Abs(want), 1e-12); !(relative <= limit) {
		t.Errorf("%s: %.9g, want %.9g (relative error %.2g, limit %.2g)", what, got, want, relative, limit)
	}
}

// compareMax limits the largest error to a share of the reference's largest magnitude.
func compareMax(t *testing.T, what string, got, want []float32, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	worst, scale, at := 0.0, 0.0, 0
	for i := range want {
		scale = math.Max(scale, math.Abs(float64(want[i])))
		if e := math.Abs(float64(got[i]) - float64(want[i])); !(e <= worst) {
			worst, at = e, i
		}
	}
	if !(worst <= limit*scale) {
		t.Errorf("%s: value %d is %.9g, want %.9g (error %.2g of the largest magnitude, limit %.2g)",
			what, at, got[at], want[at], worst/scale, limit)
	}
}

// compareL2 limits the L2 norm of the error to a share of the reference's norm.
func compareL2(t *testing.T, what string, got, want []float32, limit float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	difference := make([]float32, len(want))
	for i := range want {
		difference[i] = got[i] - want[i]
	}
	if e := norm(difference) / math.Max(norm(want), 1e-30); !(e <= limit) {
		t.Errorf("%s: relative L2 error %.2g, limit %.2g", what, e, limit)
	}
}

// sliceEncoded takes [:, :8, :16] of a B x N x D array.
func sliceEncoded(v []float32, dims []int) []float32 { return slice3(v, dims, 8, 1, 16) }

// slicePred takes [:, ::97, :48] of a B x N x P array.
func slicePred(v []float32, dims []int) []float32 { return slice3(v, dims, dims[1], 97, 48) }

func slice3(v []float32, dims []int, rows, every, columns int) []float32 {
	var out []float32
	for b := range dims[0] {
		for r := 0; r < min(rows, dims[1]); r += every {
			start := (b*dims[1] + r) * dims[2]
			out = append(out, v[start:start+min(columns, dims[2])]...)
		}
	}
	return out
}

// compareOutput compares a whole output where the case stores it, or else its stored slice, and its norm where given.
func (c *Case) compareOutput(t *testing.T, o output, out *tensors.Tensor, limits tolerance) {
	t.Helper()
	got := graphtest.Flat(t, out)
	if want, ok := c.array(t, "out."+o.name); ok {
		compareMax(t, o.name, got, want, limits.output)
	}
	if want, ok := c.array(t, "out."+o.name+"_slice"); ok {
		compareMax(t, o.name+" slice", o.slice(got, out.Shape().Dimensions), want, limits.output)
	}
	if o.norm != 0 {
		compareScalar(t, "norm of "+o.name, norm(got), o.norm, limits.norm)
	}
}

func (c *Case) compareGradient(t *testing.T, name string, got []float32, limits tolerance) {
	t.Helper()
	if want, ok := c.array(t, "grad."+name); ok {
		if limits.gradient > 0 {
			compareMax(t, "gradient of "+name, got, want, limits.gradient)
		}
		if limits.gradL2 > 0 {
			compareL2(t, "gradient of "+name, got, want, limits.gradL2)
		}
	}
	if want, ok := c.GradNorm[name]; ok {
		compareScalar(t, "norm of the gradient of "+name, norm(got), want, limits.norm)
	}
}

// after is a tensor at the end of the trajectory, if the case stores it.
func (c *Case) after(t *testing.T, name string) ([]float32, bool) {
	t.Helper()
	return c.array(t, fmt.Sprintf("after%d.%s", len(c.Trajectory.Losses), name))
}

func (c *Case) compareFinalWeights(t *testing.T, name string, got []float32, limits tolerance) {
	t.Helper()
	if want, ok := c.after(t, name); ok {
		compareL2(t, "weights "+name, got, want, 1e-5)
		compareMax(t, "weights "+name, got, want, 1e-3)
	}
	if want, ok := c.ParamNormAfter[name]; ok {
		compareScalar(t, "norm of weights "+name, norm(got), want, limits.norm)
	}
}
