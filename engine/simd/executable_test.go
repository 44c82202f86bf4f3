package simd

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

var pairOfThree = []array{
	{shapes.Make(dtypes.Float32, 3), []float32{1, 2, 3}},
	{shapes.Make(dtypes.Float32, 3), []float32{10, 20, 30}},
}

// sumAndInputs gives a sum, and the inputs the other way round.
func sumAndInputs(f *recorder, x []compute.Value) []compute.Value {
	return []compute.Value{f.ok(f.Add(x[0], x[1])), x[1], x[0]}
}

func buffers(t *testing.T, b compute.Backend, arrays ...array) []compute.Buffer {
	t.Helper()
	var list []compute.Buffer
	for _, a := range arrays {
		buffer, err := b.BufferFromFlatData(0, a.flat, a.shape)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, buffer)
	}
	return list
}

// values reads buffers of Float32.
func values(t *testing.T, list []compute.Buffer) [][]float32 {
	t.Helper()
	var got [][]float32
	for _, buffer := range list {
		flat, err := buffer.Data()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, slices.Clone(flat.([]float32)))
	}
	return got
}

func compiledFor(t *testing.T, b compute.Backend, operands []array, build recipe) compute.Executable {
	t.Helper()
	e, err := compiled(b, operands, build)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Finalize)
	return e
}

func TestExecutableTellsItsInputsAndOutputs(t *testing.T) {
	e := compiledFor(t, open(t, "workers=1"), pairOfThree, sumAndInputs)
	names, inputs := e.Inputs()
	if !slices.Equal(names, []string{"x0", "x1"}) || !inputs[0].Equal(pairOfThree[0].shape) || len(inputs) != 2 {
		t.Errorf("inputs %v %v", names, inputs)
	}
	if outputs := e.Outputs(); len(outputs) != 3 || !outputs[2].Equal(pairOfThree[0].shape) {
		t.Errorf("outputs %v", outputs)
	}
}

func TestDonation(t *testing.T) {
	want := [][]float32{{11, 22, 33}, {10, 20, 30}, {1, 2, 3}}
	b := open(t, "workers=2")
	e := compiledFor(t, b, pairOfThree, sumAndInputs)
	for _, donate := range [][]bool{nil, {false, false}, {true, false}, {false, true}, {true, true}} {
		inputs := buffers(t, b, pairOfThree...)
		outputs, err := e.Execute(inputs, donate, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := values(t, outputs); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("donating %v: %v, want %v", donate, got, want)
		}
		for i, input := range inputs {
			flat, err := input.Data()
			if donated := donate != nil && donate[i]; donated != (err != nil) {
				t.Errorf("donating %v: input %d: %v, %v", donate, i, flat, err)
			} else if !donated && !slices.Equal(flat.([]float32), pairOfThree[i].flat.([]float32)) {
				t.Errorf("donating %v: input %d was changed to %v", donate, i, flat)
			}
			if err := input.Finalize(); err != nil {
				t.Errorf("finalising input %d after donating %v: %v", i, donate, err)
			}
		}
		// Outputs must not lie in memory of inputs that was not donated, or that another output has.
		for _, o := range outputs {
			flat, _ := o.Data()
			clear(flat.([]float32))
			if err := o.Finalize(); err != nil {
				t.Error(err)
			}
		}
	}
	if s := b.Memory(); s.Buffers != 0 {
		t.Errorf("%+v when all buffers are finalised", s)
	}
}

func TestOneBufferForTwoInputs(t *testing.T) {
	b := open(t, "workers=2")
	e := compiledFor(t, b, pairOfThree, sumAndInputs)
	for _, donate := range [][]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
		input := buffers(t, b, pairOfThree[0])[0]
		outputs, err := e.Execute([]compute.Buffer{input, input}, donate, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := values(t, outputs); !slices.EqualFunc(got, [][]float32{{2, 4, 6}, {1, 2, 3}, {1, 2, 3}}, slices.Equal) {
			t.Errorf("donating %v: %v", donate, got)
		}
		if _, err := input.Data(); (err != nil) != slices.Contains(donate, true) {
			t.Errorf("donating %v: reading the input: %v", donate, err)
		}
	}
}

func TestBadInputs(t *testing.T) {
	b, other, foreign := open(t, "workers=1"), open(t, "workers=1"), oracle(t)
	e := compiledFor(t, b, pairOfThree, sumAndInputs)
	good := buffers(t, b, pairOfThree...)
	ended := buffers(t, b, pairOfThree[1])[0]
	if err := ended.Finalize(); err != nil {
		t.Fatal(err)
	}
	four := array{shapes.Make(dtypes.Float32, 4), []float32{1, 2, 3, 4}}
	whole := array{shapes.Make(dtypes.Int32, 3), []int32{1, 2, 3}}
	for _, c := range []struct {
		inputs []compute.Buffer
		donate []bool
		device compute.DeviceNum
		want   []string
	}{
		{good[:1], nil, 0, []string{`"test"`, "takes 2 inputs, not 1"}},
		{good, []bool{true}, 0, []string{"2 inputs, but 1 marks"}},
		{good, nil, 1, []string{"no device 1"}},
		{[]compute.Buffer{good[0], nil}, nil, 0, []string{`input 1 ("x1")`, "nil"}},
		{[]compute.Buffer{good[0], (*Buffer)(nil)}, nil, 0, []string{`input 1 ("x1")`}},
		{[]compute.Buffer{good[0], ended}, nil, 0, []string{`input 1 ("x1")`, "finalised or donated"}},
		{[]compute.Buffer{good[0], buffers(t, other, pairOfThree[1])[0]}, nil, 0, []string{`input 1 ("x1")`, "not a buffer of this backend"}},
		{[]compute.Buffer{good[0], buffers(t, foreign, pairOfThree[1])[0]}, nil, 0, []string{`input 1 ("x1")`, "not a buffer of this backend"}},
		{[]compute.Buffer{good[0], buffers(t, b, four)[0]}, nil, 0, []string{`input 1 ("x1")`, "(Float32)[3]", "(Float32)[4]"}},
		{[]compute.Buffer{good[0], buffers(t, b, whole)[0]}, nil, 0, []string{`input 1 ("x1")`, "(Float32)[3]", "(Int32)[3]"}},
	} {
		_, err := e.Execute(c.inputs, c.donate, c.device)
		for _, part := range c.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v: want an error with %q", err, part)
			}
		}
	}
	if got := values(t, good); !slices.Equal(got[0], []float32{1, 2, 3}) {
		t.Errorf("refused inputs were changed to %v", got)
	}
}

func TestFinalisedExecutable(t *testing.T) {
	b := open(t, "workers=1")
	e := compiledFor(t, b, pairOfThree, sumAndInputs)
	e.Finalize()
	_, err := e.Execute(buffers(t, b, pairOfThree...), nil, 0)
	if err == nil || !strings.Contains(err.Error(), "it is finalised") {
		t.Errorf("%v, want an error that the executable is finalised", err)
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	cause := errors.New("broken kernel")
	for _, thrown := range []any{cause, "broken kernel"} {
		err := func() (err error) {
			defer rescue(&err)
			panic(thrown)
		}()
		if err == nil || !strings.Contains(err.Error(), "broken kernel") {
			t.Errorf("%v was thrown, the error is %v", thrown, err)
		}
	}
}

// In a training loop the outputs of a step are the next step's inputs.
func TestStepsReachASteadyState(t *testing.T) {
	b := open(t, "workers=2")
	shape := shapes.Make(dtypes.Float32, 100, 100)
	state := array{shape, make([]float32, shape.Size())}
	e := compiledFor(t, b, []array{state, state}, func(f *recorder, x []compute.Value) []compute.Value {
		return []compute.Value{f.ok(f.Add(x[0], x[1])), f.ok(f.ReduceSum(x[1]))}
	})
	inputs := buffers(t, b, state, state)
	var steady MemoryStats
	for step := range 100 {
		outputs, err := e.Execute(inputs, []bool{true, false}, 0)
		if err != nil {
			t.Fatal(err)
		}
		inputs[0] = outputs[0]
		if err := outputs[1].Finalize(); err != nil {
			t.Fatal(err)
		}
		if step == 3 {
			steady = b.Memory()
		}
	}
	if got := b.Memory(); got != steady {
		t.Errorf("%+v after 100 steps, %+v after 4", got, steady)
	}
}

func TestEmptyValues(t *testing.T) {
	b := open(t, "workers=2")
	operands := []array{
		{shapes.Make(dtypes.Float32, 0, 3), []float32{}},
		{shapes.Make(dtypes.Float32, 1, 3), []float32{1, 2, 3}},
	}
	got, err := once(b, operands, func(f *recorder, x []compute.Value) []compute.Value {
		return []compute.Value{f.ok(f.Add(x[0], x[1])), f.ok(f.ReduceSum(x[0], 0)), f.ok(f.Concatenate(0, x[0], x[1], x[0])), x[0],
			f.ok(f.DotGeneral(x[0], []int{0}, nil, x[0], []int{0}, nil, compute.DotGeneralConfig{}))}
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	want := []array{operands[0], {shapes.Make(dtypes.Float32, 3), make([]float32, 3)}, operands[1], operands[0],
		{shapes.Make(dtypes.Float32, 3, 3), make([]float32, 9)}}
	for i := range want {
		if diff := differ(got[i], want[i], 0, 0); diff != "" {
			t.Errorf("output %d: %s", i, diff)
		}
	}
}
