package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func tensor(t testing.TB, name string, shape []int, values ...float32) Tensor {
	t.Helper()
	out, err := FromFloat32s(name, shape, values)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// file is a safetensors file with the given JSON header and data.
func file(header, data string) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

func TestTensorsOfEveryTypeAreAligned(t *testing.T) {
	var tensors []Tensor
	for _, d := range []DType{BOOL, U8, I8, F16, BF16, I32, F32, I64, F64} {
		data := bytes.Repeat([]byte{1}, 3*d.Size())
		tensors = append(tensors, Tensor{Name: "x." + string(d), DType: d, Shape: []int{3, 1}, Data: data})
	}
	tensors = append(tensors, Tensor{Name: "scalar", DType: F32, Data: make([]byte, 4)}, Tensor{Name: "none", DType: F32, Shape: []int{0, 5}})
	path := filepath.Join(t.TempDir(), "all.safetensors")
	if err := Save(path, map[string]string{"who": "a <b>\n", "": "x"}, tensors); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, path)
	if f.Metadata()["who"] != "a <b>\n" || len(f.Names()) != len(tensors) {
		t.Errorf("metadata %q, tensors %v", f.Metadata(), f.Names())
	}
	for _, want := range tensors {
		got, err := f.Tensor(want.Name)
		if err != nil || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s came back as %v (%v)", want.Name, got, err)
		}
		if e := f.entries[f.index[want.Name]]; e.at%int64(want.DType.Size()) != 0 {
			t.Errorf("%s lies at byte %d", want.Name, e.at)
		}
	}
}

// The value of a half is (-1)^s 2^(e-15) (1 + f/1024), or f 2^-24 for e = 0.
func TestHalvesAndBrainFloats(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&31, float64(h&1023)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		got := float64(halfToFloat32(uint16(h)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("half %#04x is %v, want %v", h, got, want)
		}
	}
	brain := Tensor{Name: "b", DType: BF16, Shape: []int{2}, Data: []byte{0x80, 0x3f, 0x40, 0xc0}} // 1 and -3
	double := Tensor{Name: "d", DType: F64, Data: binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.1))}
	for _, c := range []struct {
		t    Tensor
		want []float32
	}{{brain, []float32{1, -3}}, {double, []float32{0.1}}} {
		if got, err := c.t.Float32s(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v (%v), want %v", c.t.Name, got, err, c.want)
		}
	}
}

func TestUnusableTensors(t *testing.T) {
	if _, err := FromFloat32s("w", []int{2, 2}, make([]float32, 3)); err == nil {
		t.Error("3 values made a 2x2 tensor")
	}
	if _, err := (Tensor{Name: "i", DType: I64, Data: make([]byte, 8)}).Float32s(); err == nil {
		t.Error("integers became float32")
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, bad := range []float32{nan, inf} {
		err := tensor(t, "blocks.0.w", []int{3}, 1, bad, 2).CheckFinite()
		if err == nil || !strings.Contains(err.Error(), `"blocks.0.w": value 1 of 3`) {
			t.Errorf("%v: error %v does not name tensor and place", bad, err)
		}
	}
	if err := tensor(t, "w", []int{2}, math.MaxFloat32, -1).CheckFinite(); err != nil {
		t.Error(err)
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	const one = `{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`
	cases := map[string]struct {
		bytes []byte
		want  string
	}{
		"empty":        {nil, "too few"},
		"short":        {[]byte("videomae"), "claims"},
		"huge length":  {append(bytes.Repeat([]byte{0xff}, 8), "{}"...), "claims"},
		"not JSON":     {file("hello world", ""), "JSON object"},
		"not closed":   {file(one, "abcd"), "EOF"},
		"trailing":     {file(one+"} x", "abcd"), "follows"},
		"not UTF-8":    {file("{\"\xff\":1}", ""), "UTF-8"},
		"twice":        {file(one+`,"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "abcdefgh"), "twice"},
		"unknown type": {file(`{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}`, "abcd"), `"Q4"`},
		"unknown key":  {file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"z":1}}`, "abcd"), `"a"`},
		"no shape":     {file(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, "abcd"), "shape"},
		"wrong size":   {file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, "abcd"), "takes 8"},
		"negative":     {file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, "abcd"), "negative"},
		"overflow":     {file(`{"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}}`, "abcd"), "too large"},
		"backwards":    {file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[9223372036854775807,-9223372036854775808]}}`, ""), "range"},
		"overlap":      {file(one+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, "abcdef"), "overlap"},
		"hole":         {file(one+`,"b":{"dtype":"F32","shape":[1],"data_offsets":[5,9]}}`, "abcdefghi"), "hole"},
		"cut off":      {file(one+"}", "abc"), "cut off"},
		"too long":     {file(one+"}", "abcde"), "belong to no tensor"},
	}
	for name, c := range cases {
		path := filepath.Join(t.TempDir(), "bad.safetensors")
		if err := os.WriteFile(path, c.bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not name the file and %q", name, err, c.want)
		}
	}
}

func TestFailedWriteLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.safetensors")
	if err := Save(path, nil, []Tensor{tensor(t, "old", []int{1}, 7)}); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("device lost")
	specs := []Spec{{"a", F32, []int{1}}, {"b", F32, []int{1}}}
	failing := map[string]struct {
		specs []Spec
		data  func(int) ([]byte, error)
		want  string
	}{
		"source":  {specs, func(i int) ([]byte, error) { return make([]byte, 4), []error{nil, broken}[i] }, `"b": device lost`},
		"length":  {specs, func(i int) ([]byte, error) { return make([]byte, 4+i), nil }, `"b"`},
		"twice":   {append(specs, specs[0]), nil, `"a"`},
		"no type": {[]Spec{{"c", "F7", nil}}, nil, `"c"`},
	}
	for name, c := range failing {
		if err := Write(path, nil, c.specs, c.data); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not name the file and %s", name, err, c.want)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the old file changed (%v)", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.Symlink("/dev/full", path+".partial"); err != nil {
		t.Fatal(err)
	}
	err := Save(path, nil, []Tensor{tensor(t, "a", []int{1 << 20}, make([]float32, 1<<20)...)})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not tell that the disk is full", err)
	}
	for _, name := range []string{path, path + ".partial"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s is left behind", name)
		}
	}
}

func TestMatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	tensors := []Tensor{tensor(t, "a", []int{2}, 1, 2), tensor(t, "head.weight", []int{1, 2}, 1, 2), tensor(t, "extra", []int{1}, 1)}
	if err := Save(path, nil, tensors); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, path)
	want := []Spec{{"a", F32, []int{2}}, {"head.weight", F32, []int{2, 2}}, {"head.bias", F32, []int{2}}}

	report, err := Match(want, f)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `"head.weight" is mis-shaped: the model has [2 2], the file [1 2]`) {
		t.Errorf("error %v does not say what is wrong first", err)
	}
	for _, line := range []string{"head.weight  mis-shaped  [2 2]  [1 2]", "head.bias    missing     [2]    -", "extra        unexpected  -      [1]", "1 matched, 1 missing, 1 unexpected, 1 mis-shaped"} {
		if !strings.Contains(report.String(), line) {
			t.Errorf("the table lacks %q:\n%s", line, report)
		}
	}
	if got := report.Loadable(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("loadable: %v", got)
	}
	if _, err := Match(want, f, "head.*"); err == nil || !strings.Contains(err.Error(), `"extra" is unexpected`) {
		t.Errorf("with the head allowed: %v", err)
	}
	if _, err := Match(want, f, "head.*", "extra"); err != nil {
		t.Error(err)
	}
	if _, err := Match(want, f, "[", "extra"); err == nil {
		t.Error("a broken pattern was taken")
	}
	if _, err := Match([]Spec{{"a", BF16, []int{2}}}, f, "head.weight", "extra"); err != nil {
		t.Errorf("another element type: %v", err)
	}
}

// Whatever the bytes, reading ends without a panic, and what was read can be written and read again.
func FuzzOpen(f *testing.F) {
	f.Add(file(`{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "abcd"))
	f.Add(file(`{"b":{"dtype":"U8","shape":[3,0],"data_offsets":[1,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}`, "x"))
	f.Add([]byte("\x00\x00\x10\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		first, second := filepath.Join(dir, "1"), filepath.Join(dir, "2")
		if err := os.WriteFile(first, content, 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := Open(first)
		if err != nil {
			return
		}
		defer in.Close()
		var tensors []Tensor
		for _, name := range in.Names() {
			tensor, err := in.Tensor(name)
			if err != nil {
				t.Fatal(err)
			}
			tensors = append(tensors, tensor)
		}
		if err := Save(second, in.Metadata(), tensors); err != nil {
			t.Fatal(err)
		}
		out, err := Open(second)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		for _, want := range tensors {
			if got, err := out.Tensor(want.Name); err != nil || !bytes.Equal(got.Data, want.Data) || !slices.Equal(got.Shape, want.Shape) {
				t.Fatalf("%q became %v (%v)", want.Name, got, err)
			}
		}
	})
}
