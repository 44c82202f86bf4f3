package plan

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"videomae/engine/simd/ir"
	"videomae/engine/simd/isa"
	"videomae/engine/simd/pool"
)

func f32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

// machine gives a portable machine for the length of a test.
func machine(t *testing.T) *Machine {
	workers := pool.New(2)
	t.Cleanup(workers.Close)
	return NewMachine(isa.Portable, workers)
}

func compile(t *testing.T, g *ir.Graph) *Program {
	t.Helper()
	p, err := Compile(machine(t), g)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// deep is a chain of products with random shapes, each added to an earlier one of its shape.
func deep(r *rand.Rand, layers int) *ir.Graph {
	g := ir.New()
	x := g.Param("x", f32(8, 16))
	known := []*ir.Node{x}
	for range layers {
		w := g.Param("w", f32(16, 16))
		y := g.Add(compute.OpTypeDotGeneral, f32(8, 16), ir.Product{LeftContract: []int{1}, RightContract: []int{1}}, x, w)
		x = g.Add(compute.OpTypeAdd, y.Shape, nil, y, known[r.IntN(len(known))])
		known = append(known, x)
	}
	g.Outputs = []*ir.Node{x}
	return g
}

func TestValuesThatLiveAtOnceDoNotShareMemory(t *testing.T) {
	for seed := range uint64(50) {
		p := compile(t, deep(rand.New(rand.NewPCG(seed, 1)), 30))
		place := map[int]placed{}
		for _, v := range p.fixed {
			place[v.slot] = v
		}
		first, last := map[int]int{}, map[int]int{}
		for i, s := range p.steps {
			for _, o := range s.operands {
				if _, known := first[o.slot]; !known {
					first[o.slot] = i
				}
				last[o.slot] = i
			}
		}
		sum := 0
		for a, pa := range place {
			sum += pa.bytes
			for b, pb := range place {
				apart := pa.offset+pa.bytes <= pb.offset || pb.offset+pb.bytes <= pa.offset
				if a != b && !apart && first[a] <= last[b] && first[b] <= last[a] {
					t.Fatalf("seed %d: %+v and %+v share memory, though they live in steps %d to %d and %d to %d", seed, pa, pb, first[a], last[a], first[b], last[b])
				}
			}
		}
		if p.scratch >= sum {
			t.Errorf("seed %d: values take %d bytes of arena, no less than one after the other", seed, p.scratch)
		}
	}
}

func TestOutputsTakeOverDonatedMemoryAndTheOthersAreLeftAlone(t *testing.T) {
	g := ir.New()
	x, y := g.Param("x", f32(4)), g.Param("y", f32(4))
	g.Outputs = []*ir.Node{g.Add(compute.OpTypeAdd, x.Shape, nil, x, y), g.Add(compute.OpTypeMul, x.Shape, nil, x, y)}
	p := compile(t, g)
	for _, donated := range [][]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		in := [][]byte{bytesOf(1, 2, 3, 4), bytesOf(5, 6, 7, 8)}
		out, from, err := p.Run(in, donated, func(n int) []byte { return make([]byte, n) })
		if err != nil {
			t.Fatal(err)
		}
		if string(out[0]) != string(bytesOf(6, 8, 10, 12)) || string(out[1]) != string(bytesOf(5, 12, 21, 32)) {
			t.Errorf("donated %v: outputs %v", donated, out)
		}
		if donated[1] && from[1] != 1 {
			t.Errorf("donated %v: the last output takes over input %d, not the last that is read", donated, from[1])
		}
		for j := range in {
			if !donated[j] && string(in[j]) != string([][]byte{bytesOf(1, 2, 3, 4), bytesOf(5, 6, 7, 8)}[j]) {
				t.Errorf("donated %v: input %d was changed", donated, j)
			}
			if taken := from[0] == j || from[1] == j; taken && !donated[j] {
				t.Errorf("donated %v: outputs come from %v", donated, from)
			}
		}
	}
}

// bytesOf is a Float32 tensor of small whole numbers in memory.
func bytesOf(numbers ...int) []byte {
	var out []byte
	for _, n := range numbers {
		bits := map[int]uint32{1: 0x3f800000, 2: 0x40000000, 3: 0x40400000, 4: 0x40800000, 5: 0x40a00000, 6: 0x40c00000, 7: 0x40e00000,
			8: 0x41000000, 10: 0x41200000, 12: 0x41400000, 21: 0x41a80000, 32: 0x42000000}[n]
		out = append(out, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	return out
}

func TestStepsAllocateNothing(t *testing.T) {
	p := compile(t, deep(rand.New(rand.NewPCG(1, 1)), 10))
	in := make([][]byte, len(p.params))
	for i := range in {
		in[i] = make([]byte, 4*16*16)
	}
	out := make([]byte, 4*8*16)
	donated := make([]bool, len(in))
	allocations := testing.AllocsPerRun(20, func() {
		if _, _, err := p.Run(in, donated, func(int) []byte { return out }); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 6 { // the lists that Run returns, however many steps there are
		t.Errorf("a run of %d steps allocates %v times", len(p.steps), allocations)
	}
}
