package simd

import (
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Capabilities list an op if and only if the package has a method for it, and does not leave it to the embedded refusals,
// for which the compiler makes methods without a place in a source file.
func TestCapabilitiesAreTheOpsThatAreWritten(t *testing.T) {
	listed := open(t, "workers=1").Capabilities().Operations
	methods := reflect.TypeFor[*Function]()
	for _, op := range compute.OpTypeValues() {
		written := false
		if m, ok := methods.MethodByName(op.String()); ok {
			file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer())
			written = strings.HasSuffix(file, ".go")
		}
		if written != listed[op] {
			t.Errorf("%s: written: %v, listed: %v", op, written, listed[op])
		}
	}
}

func TestRefusedOpsAreNamed(t *testing.T) {
	b := open(t, "workers=1").Builder("test")
	f := b.Main()
	shape := shapes.Make(dtypes.Float32, 2)
	x, err := f.Parameter("x", shape, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]error{}
	refused["NewFunction"] = second(b.NewFunction("function"))
	refused["Closure"] = second(f.Closure())
	refused["Call"] = second(f.Call(f, x))
	refused["Sort"] = second(f.Sort(f, 0, false, x))
	refused["While"] = second(f.While(f, f, x))
	refused["If"] = second(f.If(x, f, f))
	refused["AllReduce"] = second(f.AllReduce([]compute.Value{x}, compute.ReduceOpSum, nil))
	refused["FFT"] = second(f.FFT(x, compute.FFTForward, nil))
	refused["Complex"] = second(f.Complex(x, x))
	refused["DynamicShape"] = second(f.DynamicShape(x))
	refused["SelectAndScatterMax"] = second(f.SelectAndScatterMax(x, x, nil, nil, nil))
	refused["BatchNormForInference"] = second(f.BatchNormForInference(x, x, x, x, x, 0, 0))
	refused["FusedGelu"] = second(f.FusedGelu(x, true))
	refused["FusedSoftmax"] = second(f.FusedSoftmax(x, 0))
	_, _, refused["RNGBitGenerator"] = f.RNGBitGenerator(x, shape)
	for op, err := range refused {
		if !compute.IsNotImplemented(err) || op != "NewFunction" && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(op)) {
			t.Errorf("%s: %v, want ErrNotImplemented with the op's name", op, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// badOps are ops that must be refused, and a part of what the refusal says.
var badOps = map[string]struct {
	build formula
	says  string
}{
	"nil operand":        {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Add(x[0], nil)) }, "operand 1: the value is nil"},
	"foreign operand":    {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Add(x[0], 3)) }, "another backend (int)"},
	"types":              {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Add(x[0], x[1])) }, "Float32"},
	"dimensions":         {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Mul(x[0], x[2])) }, "axis #1"},
	"logic of numbers":   {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.LogicalNot(x[0])) }, "boolean"},
	"finite integers":    {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.IsFinite(x[1])) }, "wants floats"},
	"axis twice":         {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceSum(x[0], 1, 1)) }, "axis 1 is given twice"},
	"axis too great":     {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceMax(x[0], 0, 2)) }, "no axis 2"},
	"axis of a scalar":   {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceMax(x[3], 0)) }, "no axis 0"},
	"bits of floats":     {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.ReduceBitwiseAnd(x[0])) }, "not defined"},
	"axis to reverse":    {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Reverse(x[0], -1)) }, "no axis -1"},
	"reshape":            {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Reshape(x[0], 5)) }, "as many values"},
	"reshape to unknown": {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Reshape(x[0], -1)) }, "unknown size"},
	"permutation":        {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Transpose(x[0], 0, 0)) }, "repeated"},
	"broadcast axes": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.BroadcastInDim(x[0], shapes.Make(dtypes.Float32, 3, 2), []int{1, 0}))
	}, "must ascend"},
	"slice": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Slice(x[0], []int{0, 0}, []int{2, 4}, nil))
	}, "out of bounds"},
	"padding of other type": {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Pad(x[0], x[1])) }, "scalar of its type"},
	"count along nothing":   {func(f *recorder, _ []compute.Value) compute.Value { return f.ok(f.Iota(shapes.Make(dtypes.Int32), 0)) }, "no axis 0"},
	"count in Booleans": {func(f *recorder, _ []compute.Value) compute.Value {
		return f.ok(f.Iota(shapes.Make(dtypes.Bool, 2), 0))
	}, "Booleans"},
	"wider scalar": {func(f *recorder, x []compute.Value) compute.Value { return f.ok(f.Bitcast(x[3], dtypes.Float64)) }, "no axis"},
	"nothing to choose": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.ArgMinMax(x[4], 0, dtypes.Int32, true))
	}, "nothing to choose"},
	"kind of window": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.ReduceWindow(x[0], 9, []int{1, 1}, nil, nil, nil, nil))
	}, "unknown kind"},
	"indices of floats": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Gather(x[0], x[0], 0, nil, nil, nil, nil, false))
	}, "must be integers"},
	"index axis": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.Gather(x[0], x[1], 3, nil, nil, nil, nil, false))
	}, "no axis 3"},
	"starts": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.DynamicSlice(x[0], []compute.Value{x[5]}, []int{1, 1}))
	}, "1 start indices"},
	"start of floats": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.DynamicSlice(x[0], []compute.Value{x[5], x[3]}, []int{1, 1}))
	}, "integer scalars"},
	"update too large": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.DynamicUpdateSlice(x[0], x[2], []compute.Value{x[5], x[5]}))
	}, "does not fit"},
	"product of Booleans": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.DotGeneral(x[6], nil, nil, x[6], nil, nil, compute.DotGeneralConfig{}))
	}, "Booleans"},
	"contracted axes": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.DotGeneral(x[0], []int{1}, nil, x[2], []int{0}, nil, compute.DotGeneralConfig{}))
	}, "do not match"},
	"complex numbers": {func(f *recorder, x []compute.Value) compute.Value {
		return f.ok(f.ConvertDType(x[0], dtypes.Complex64))
	}, "not implemented"},
	"no barrier": {func(f *recorder, _ []compute.Value) compute.Value {
		_, err := f.OptimizationBarrier()
		return f.ok(nil, err)
	}, "must be an operand"},
}

func TestBadOps(t *testing.T) {
	b := open(t, "workers=1")
	for name, c := range badOps {
		f := &recorder{Function: b.Builder("test").Main()}
		var x []compute.Value
		for i, s := range []shapes.Shape{shapes.Make(dtypes.Float32, 2, 3), shapes.Make(dtypes.Int32, 2, 3), shapes.Make(dtypes.Float32, 2, 4),
			shapes.Make(dtypes.Float32), shapes.Make(dtypes.Float32, 0), shapes.Make(dtypes.Int32), shapes.Make(dtypes.Bool, 2)} {
			x = append(x, f.ok(f.Parameter(string(rune('a'+i)), s, nil)))
		}
		c.build(f, x)
		if f.err == nil || !strings.Contains(f.err.Error(), c.says) || !strings.HasPrefix(f.err.Error(), "simd: ") {
			t.Errorf("%s: %v, want an error of simd with %q", name, f.err, c.says)
		}
	}
}

func TestValuesOfOtherComputationsAreRefused(t *testing.T) {
	b := open(t, "workers=1")
	f, g := b.Builder("first").Main(), b.Builder("second").Main()
	x, err := f.Parameter("x", shapes.Make(dtypes.Float32), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{second(g.Neg(x)), second(g.Shape(x)), g.Return([]compute.Value{x}, nil)} {
		if err == nil || !strings.Contains(err.Error(), `of another computation ("first"), not of "second"`) {
			t.Errorf("%v, want an error that names both computations", err)
		}
	}
}

func TestOrderOfBuilding(t *testing.T) {
	b := open(t, "workers=1")
	builder := b.Builder("test")
	f := builder.Main()
	x, err := f.Parameter("x", shapes.Make(dtypes.Float32), nil)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(says string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
	refuse("has not returned", second(builder.Compile()))
	refuse("must be an output", f.Return(nil, nil))
	refuse("2 devices", builder.DeviceAssignment(0, 0))
	refuse("no device 3", builder.DeviceAssignment(3))
	if err := builder.DeviceAssignment(0); err != nil {
		t.Error(err)
	}
	if err := f.Return([]compute.Value{x}, nil); err != nil {
		t.Fatal(err)
	}
	refuse("has returned", second(f.Neg(x)))
	refuse("has returned", second(f.Parameter("y", shapes.Make(dtypes.Float32), nil)))
	refuse("has returned", second(f.Constant([]float32{1})))
	refuse("has returned", f.Return([]compute.Value{x}, nil))
	e, err := builder.Compile()
	if err != nil {
		t.Fatal(err)
	}
	e.Finalize()
	refuse("compiled already", second(builder.Compile()))
}

func TestBadParametersAndConstants(t *testing.T) {
	f := open(t, "workers=1").Builder("test").Main()
	for says, err := range map[string]error{
		"(Complex64)":      second(f.Parameter("x", shapes.Make(dtypes.Complex64, 2), nil)),
		"unknown size":     second(f.Parameter("x", shapes.MakeDynamic(dtypes.Float32, []int{-1}, []string{"n"}), nil)),
		"several devices":  second(f.Parameter("x", shapes.Make(dtypes.Float32), &compute.ShardingSpec{})),
		"given 8 bytes":    second(f.Constant([]float32{1, 2}, 3)),
		"not float32":      second(f.Constant(float32(1))),
		"negative size":    second(f.Constant([]float32{1}, -2)),
		"not []complex128": second(f.Constant([]complex128{1})),
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error with %q", err, says)
		}
	}
}

// A constant is what the slice held when it was recorded.
func TestConstantsAreCopied(t *testing.T) {
	flat := []float32{1, 2, 3}
	got, err := once(open(t, "workers=1"), nil, func(f *recorder, _ []compute.Value) []compute.Value {
		c := f.ok(f.Constant(flat, 3))
		clear(flat)
		return []compute.Value{c}
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := exactly(got[0], array{shapes.Make(dtypes.Float32, 3), []float32{1, 2, 3}}); diff != "" {
		t.Error(diff)
	}
}

func TestBarriersAreNotMerged(t *testing.T) {
	b := open(t, "workers=1").Builder("test")
	f := &recorder{Function: b.Main()}
	x := f.ok(f.Parameter("x", shapes.Make(dtypes.Float32), nil))
	first, err := f.OptimizationBarrier(x)
	f.ok(nil, err)
	other, err := f.OptimizationBarrier(x)
	f.ok(nil, err)
	if f.err != nil || first[0] == other[0] || f.ok(f.SchedulingBarrier(x)) == f.ok(f.SchedulingBarrier(x)) {
		t.Errorf("two barriers are one (%v)", f.err)
	}
	if f.ok(f.Neg(x)) != f.ok(f.Neg(x)) {
		t.Error("an op is recorded twice")
	}
}
