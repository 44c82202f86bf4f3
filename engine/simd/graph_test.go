package simd

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/isa"
)

// Random graphs of the ops that training steps are made of are computed on both backends. Every step has a bound for the
// error that it adds to those of its operands, from the magnitudes that the oracle finds; results may differ by twice the
// bound that comes out.

// grown is one value of a random graph.
type grown struct {
	shape shapes.Shape
	in    []int // earlier values
	build formula

	// spread bounds the error from the greatest magnitudes and errors of the operands, and the value's own magnitude.
	spread func(m, e []float64, own float64) float64
}

// growth is a random graph in the making.
type growth struct {
	r        *rand.Rand
	operands []array
	values   []grown // of which the first are the operands
}

const roundoff = 0x1p-24 // greatest relative error of one rounding to Float32

// rounding is the greatest relative error of one rounding to a type.
func rounding(d dtypes.DType) float64 { return epsilon(d) / 2 }

var graphs = flag.Int("graphs", 300, "how many random graphs to try")

// failedOnce are seeds of graphs in which values that were copied for one reader were wrong, or of no use, for another.
var failedOnce = []int{3494, 4357, 12122}

// TestRandomGraphs also returns values from the midst of a graph, so that fusion has to keep them.
func TestRandomGraphs(t *testing.T) {
	engines, oracle := engines(t), oracle(t)
	seeds := slices.Clone(failedOnce)
	for seed := range *graphs {
		seeds = append(seeds, seed)
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g := grow(rand.New(rand.NewPCG(uint64(seed), 1)), 4+seed%25)
			all, err := once(oracle, g.operands, g.recipe(g.whole(g.every())), false)
			if err != nil {
				t.Fatal("the oracle: ", err)
			}
			part := g.whole(g.some())
			for level, list := range engines {
				if problem := g.fails(list[0], part, all); problem != "" {
					least := g.shrink(list[0], part, all)
					t.Fatalf("%v: %s\nthe least that fails (%s):\n%s", level, problem, g.fails(list[0], least, all), g.show(list[0], least, all))
				}
			}
			onEach(t, engines, g.operands, g.recipe(part), func(isa.Level, []array) {})
		})
	}
}

func grow(r *rand.Rand, steps int) *growth {
	g := &growth{r: r}
	batch, tokens, width := 1+r.IntN(3), 1+r.IntN(40), 1+r.IntN(70)
	if r.IntN(20) == 0 { // work for several tasks
		tokens, width = 5*tokens, 5*width
	}
	for _, dims := range [][]int{{batch, tokens, width}, {batch, tokens, width}, {width}, {1, 1, width}, {batch, tokens, 1}, {}} {
		g.param(shapes.Make(dtypes.Float32, dims...))
	}
	g.param(shapes.Make(dtypes.BFloat16, batch, tokens, width))
	for range steps {
		x := r.IntN(len(g.values))
		if r.IntN(2) == 0 {
			x = len(g.values) - 1 - r.IntN(min(3, len(g.values))) // go on from what is new
		}
		grafts[r.IntN(len(grafts))](g, x)
	}
	return g
}

func (g *growth) param(s shapes.Shape) {
	g.operands = append(g.operands, random(s, between(g.r, -2, 2)))
	g.values = append(g.values, grown{shape: s, spread: func(_, _ []float64, _ float64) float64 { return 0 }})
}

// add puts a value into the graph and gives its number.
func (g *growth) add(s shapes.Shape, build formula, spread func(m, e []float64, own float64) float64, in ...int) int {
	g.values = append(g.values, grown{s, in, build, spread})
	return len(g.values) - 1
}

// moved puts a value into the graph that has the errors of its operands.
func (g *growth) moved(s shapes.Shape, build formula, in ...int) int {
	return g.add(s, build, func(_, e []float64, _ float64) float64 { return slices.Max(e) }, in...)
}

func (g *growth) every() []int {
	list := make([]int, len(g.values))
	for i := range list {
		list[i] = i
	}
	return list
}

// some draws outputs: the last value and a few others, operands as well, one of them twice.
func (g *growth) some() []int {
	list := []int{len(g.values) - 1}
	for range g.r.IntN(4) {
		list = append(list, g.r.IntN(len(g.values)))
	}
	return append(list, list[g.r.IntN(len(list))])
}

// bounds follows the errors through the graph. Values that are given have none.
func (g *growth) bounds(all []array, given []int) []float64 {
	magnitudes, bounds := make([]float64, len(all)), make([]float64, len(all))
	for i, v := range g.values {
		magnitudes[i] = magnitude(all[i])
		var m, e []float64
		for _, k := range v.in {
			m, e = append(m, magnitudes[k]), append(e, bounds[k])
		}
		if !slices.Contains(given, i) {
			bounds[i] = v.spread(m, e, magnitudes[i])
		}
	}
	return bounds
}

func magnitude(a array) float64 {
	most := 0.0
	for i := range a.shape.Size() {
		most = max(most, math.Abs(element(a.flat, i)))
	}
	return most
}

// apart describes a place where arrays differ by more than a bound; it is empty if there is none.
func apart(got, want array, bound float64) string {
	if got.shape.DType != want.shape.DType || !got.shape.EqualDimensions(want.shape) {
		return fmt.Sprintf("shape %s, want %s", got.shape, want.shape)
	}
	for i := range want.shape.Size() {
		g, w := element(got.flat, i), element(want.flat, i)
		if g != w && !(math.Abs(g-w) <= bound) && !(math.IsNaN(g) && math.IsNaN(w)) {
			return fmt.Sprintf("element %d of %s is %v, want %v within %.3g", i, want.shape, g, w, bound)
		}
	}
	return ""
}
