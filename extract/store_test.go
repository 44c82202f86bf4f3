package extract

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"videomae/train"
	"videomae/vit"
	"videomae/weights"
)

// npyForm is what NumPy's format document asks of a header of version 1.0.
var npyForm = regexp.MustCompile(`^\{'descr': '(<f[48])', 'fortran_order': False, 'shape': \(((?:\d+, )*\d+,?)\), \} *\n$`)

// readNPY reads a file by NumPy's format document.
func readNPY(t *testing.T, path string) (shape []int, values []float64) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text[:8]) != "\x93NUMPY\x01\x00" {
		t.Fatalf("%s begins with %q", path, text[:8])
	}
	begin := 10 + int(binary.LittleEndian.Uint16(text[8:]))
	parts := npyForm.FindStringSubmatch(string(text[10:begin]))
	if parts == nil || begin%64 != 0 {
		t.Fatalf("%s: header %q of %d bytes", path, text[10:begin], begin)
	}
	for _, d := range strings.Split(strings.TrimSuffix(parts[2], ","), ", ") {
		n, _ := strconv.Atoi(d) // digits by the pattern
		shape = append(shape, n)
	}
	for data := text[begin:]; len(data) > 0; {
		if parts[1] == npyFloat64 {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(data)))
			data = data[8:]
			continue
		}
		values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(data))))
		data = data[4:]
	}
	return shape, values
}

// aSave is what is saved in these tests: two windows of two slots of three values.
func aSave(t *testing.T) (About, Windows) {
	t.Helper()
	w := plan(t, Sliding{Every: 1, Frames: 4, Stride: 1}, 20, 10)
	return About{Video: "x.mp4", VideoBytes: 7, Weights: "abc", Layer: 2, Pool: Slot, Frames: 4, Stride: 1, Every: 1, Precision: "f32", Shape: []int{2, 2, 3}}, w
}

// rows hands over the values 0, 1, 2...
func rows(emit func([]float32) error) error {
	if err := emit([]float32{0, 1, 2, 3, 4, 5}); err != nil {
		return err
	}
	return emit([]float32{6, 7, 8, 9, 10, 11})
}

var twelve = []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}

func TestSavedFeaturesAreRead(t *testing.T) {
	about, w := aSave(t)
	dir := t.TempDir()
	npy, tensors := filepath.Join(dir, "x.npy"), filepath.Join(dir, "x.safetensors")
	for _, path := range []string{npy, tensors} {
		if err := Save(path, about, w, rows); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string][]float64{"features": twelve, "times": {0, 1}, "spans": {0, .3, .9, 1.2}}
	shapes := map[string][]int{"features": {2, 2, 3}, "times": {2}, "spans": {2, 2}}
	for name, file := range map[string]string{"features": npy, "times": filepath.Join(dir, "x.times.npy"), "spans": filepath.Join(dir, "x.spans.npy")} {
		if shape, values := readNPY(t, file); !slices.Equal(shape, shapes[name]) || !slices.Equal(values, want[name]) {
			t.Errorf("%s: %v of shape %v", file, values, shape)
		}
	}
	file, err := weights.Open(tensors)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name := range want {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		values, err := tensor.Float32s()
		if err != nil || !slices.Equal(tensor.Shape, shapes[name]) {
			t.Fatalf("%s: shape %v, %v", name, tensor.Shape, err)
		}
		for i, v := range values {
			if v != float32(want[name][i]) {
				t.Errorf("%s: values %v", name, values)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.partial")); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestSavedTellsWhetherTheWorkIsDone(t *testing.T) {
	about, w := aSave(t)
	for _, ext := range []string{NPY, Safetensors} {
		path := filepath.Join(t.TempDir(), "x"+ext)
		if done, err := Saved(path, about); done || err != nil {
			t.Errorf("%s before: %v, %v", ext, done, err)
		}
		if err := Save(path, about, w, rows); err != nil {
			t.Fatal(err)
		}
		moved := about
		moved.Checkpoint = "elsewhere"
		if done, err := Saved(path, moved); !done || err != nil {
			t.Errorf("%s after: %v, %v", ext, done, err)
		}
		changed := about
		changed.VideoBytes++
		if done, err := Saved(path, changed); done || err != nil {
			t.Errorf("%s of a changed video: %v, %v", ext, done, err)
		}
		for say, spoil := range map[string]func(*About){
			"layer 2, not 3": func(a *About) { a.Layer = 3 }, "weights abc, not d": func(a *About) { a.Weights = "d" }, "pool": func(a *About) { a.Pool = None },
			"every": func(a *About) { a.Every = 2 }, "norm": func(a *About) { a.Norm = "norm" }, "precision": func(a *About) { a.Precision = "bf16" },
		} {
			other := about
			spoil(&other)
			if _, err := Saved(path, other); err == nil || !strings.Contains(err.Error(), say) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: error %v, want one that says %q", ext, err, say)
			}
		}
	}
	foreign := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(foreign, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Saved(foreign, about); err == nil || !strings.Contains(err.Error(), "not of this program") {
		t.Errorf("a file of others: %v", err)
	}
}

// What is not whole does not get its name, and what was there stays.
func TestFailedSavesLeaveWhatWasThere(t *testing.T) {
	about, w := aSave(t)
	stop := errors.New("stop")
	for _, ext := range []string{NPY, Safetensors} {
		path := filepath.Join(t.TempDir(), "x"+ext)
		for say, give := range map[string]func(func([]float32) error) error{
			"stop": func(emit func([]float32) error) error { return errors.Join(emit([]float32{1}), stop) },
			"byte": func(emit func([]float32) error) error { return emit([]float32{1}) },
			"x":    func(emit func([]float32) error) error { return errors.Join(rows(emit), emit([]float32{1})) },
		} {
			if err := Save(path, about, w, give); err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("%s: error %v, want one that says %q", ext, err, say)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is there after %q: %v", path, say, err)
			}
		}
		if err := Save(path, about, w, rows); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		if err := Save(path, about, w, func(func([]float32) error) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%v", err)
		}
		if after, _ := os.ReadFile(path); !slices.Equal(before, after) {
			t.Errorf("%s has changed", path)
		}
		fullDisk(t, path, about, w)
	}
	if err := Save(filepath.Join(t.TempDir(), "x.txt"), about, w, rows); err == nil || !strings.Contains(err.Error(), ".safetensors") {
		t.Errorf("another format: %v", err)
	}
}

func fullDisk(t *testing.T, path string, about About, w Windows) {
	t.Helper()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full to stand for a full disk")
	}
	if err := os.Symlink("/dev/full", path+".partial"); err != nil {
		t.Fatal(err)
	}
	if err := Save(path, about, w, rows); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
		t.Errorf("full disk: %v", err)
	}
	if done, err := Saved(path, about); !done || err != nil {
		t.Errorf("a full disk took what was there: %v, %v", done, err)
	}
}

func TestFingerprintIsThatOfTheTensors(t *testing.T) {
	e := train.Encoder{Specs: []vit.Spec{{Name: "a", Shape: []int{2}}}, Weights: [][]float32{{1, 2}}}
	was := Fingerprint(e)
	e.Source = "elsewhere"
	if Fingerprint(e) != was || len(was) != 64 {
		t.Error("a fingerprint depends on the folder")
	}
	e.Weights = [][]float32{{1, 2.0000002}}
	changed := Fingerprint(e)
	e.Weights, e.Specs = [][]float32{{1, 2}}, []vit.Spec{{Name: "b", Shape: []int{2}}}
	if renamed := Fingerprint(e); changed == was || renamed == was || renamed == changed {
		t.Error("different tensors have one fingerprint")
	}
}
