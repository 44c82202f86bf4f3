package simd

import (
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/isa"
)

// example is one computation to be compared with the oracle's.
type example struct {
	operands  []array
	build     recipe
	reference recipe  // what the oracle computes; nil: the same
	floor     float64 // differences are measured as if wanted values were at least this great
}

// trial is an op of a data type, of which examples are drawn.
type trial struct {
	op    string
	types []dtypes.DType
	units float64 // allowed difference in units in the last place; 0: none. Halves, which are rounded once in the end, get 1 at most
	draw  func(r *rand.Rand, d dtypes.DType, most int) example
}

var (
	ints = []dtypes.DType{dtypes.Int8, dtypes.Int16, dtypes.Int32, dtypes.Int64, dtypes.Uint8, dtypes.Uint16,
		dtypes.Uint32, dtypes.Uint64}
	signed   = ints[:4]
	floats   = []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float16, dtypes.Float64}
	booleans = []dtypes.DType{dtypes.Bool}
	numbers  = append(append([]dtypes.DType{}, floats...), ints...)
	every    = append(append([]dtypes.DType{}, numbers...), dtypes.Bool)
)

func TestElementwiseOps(t *testing.T) { compare(t, elementwiseTrials()) }
func TestMovingOps(t *testing.T)      { compare(t, movingTrials()) }
func TestReducingOps(t *testing.T)    { compare(t, reducingTrials()) }
func TestIndexingOps(t *testing.T)    { compare(t, indexingTrials()) }
func TestProducts(t *testing.T)       { compare(t, productTrials()) }

// compare runs examples of each trial on every engine and on the oracle.
func compare(t *testing.T, trials []trial) {
	engines, oracle := engines(t), oracle(t)
	for _, trial := range trials {
		t.Run(trial.op, func(t *testing.T) {
			for _, d := range trial.types {
				r := generator(trial.op, d)
				for _, most := range sizes(d) {
					ex := trial.draw(r, d, most)
					trial.compare(t, engines, oracle, d, ex)
				}
			}
		})
	}
}

// sizes are the greatest numbers of values of the examples of a type. The large one is cut into tasks.
func sizes(d dtypes.DType) []int {
	if d == dtypes.Float32 || d == dtypes.BFloat16 {
		return []int{1, 10, 100, 100, 1000, 1000, 3000, 60_000}
	}
	return []int{10, 100, 1000}
}

func generator(op string, d dtypes.DType) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(op))
	return rand.New(rand.NewPCG(h.Sum64(), uint64(d)))
}

func (c trial) compare(t *testing.T, engines map[isa.Level][]*Backend, oracle compute.Backend, d dtypes.DType, ex example) {
	t.Helper()
	reference := ex.reference
	if reference == nil {
		reference = ex.build
	}
	want, err := once(oracle, ex.operands, reference, false)
	if err != nil {
		t.Fatalf("%s: the oracle: %v", d, err)
	}
	units := c.units
	if d.IsHalfPrecision() {
		units = min(units, 1)
	}
	onEach(t, engines, ex.operands, ex.build, func(level isa.Level, got []array) {
		for i := range want {
			if diff := differ(got[i], want[i], units, ex.floor); diff != "" {
				t.Errorf("%v, %s of %v: output %d: %s", level, c.op, shapesOf(ex.operands), i, diff)
			}
		}
	})
}

func shapesOf(list []array) []shapes.Shape {
	var s []shapes.Shape
	for _, a := range list {
		s = append(s, a.shape)
	}
	return s
}
