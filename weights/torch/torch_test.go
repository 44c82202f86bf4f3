package torch

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"videomae/internal/given"
	"videomae/weights/pickle"
	"videomae/weights/torch/torchtest"
)

func TestViewsOfOneStorage(t *testing.T) {
	const want = "a F32 [2 3] [0 2 4 1 3 5] <nil> <nil>\nb F32 [2] [1 2] <nil> <nil>\n"
	for format, content := range map[string][]byte{
		"zip":    zipped(t, model(6).Bytes(), floats(6), zip.Store),
		"legacy": legacy(model(6).Bytes(), floats(6), 6),
	} {
		f, err := Open(write(t, content), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if got := f.dump(); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
		a := f.About()
		if a.Format != format || a.Key != "model" || a.Epoch != "best" || a.Args["num_frames"] != int64(16) {
			t.Errorf("%s: %+v", format, a)
		}
	}
}

func TestUnusableFiles(t *testing.T) {
	one := func(class string, values, offset int, shape, stride []int) []byte {
		return torchtest.NewPickle().Raw("}").Text("w").Tensor(class, "0", values, offset, shape, stride).Raw("s.").Bytes()
	}
	ok := model(6).Bytes()
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":             {nil, "none of PyTorch's formats"},
		"text":              {[]byte("hello world"), "none of PyTorch's formats"},
		"cut zip":           {zipped(t, ok, floats(6), zip.Store)[:200], "cut off"},
		"cut pickle":        {zipped(t, ok[:len(ok)-9], floats(6), zip.Store), "cut off"},
		"cut storage":       {zipped(t, ok, floats(5), zip.Store), "too few"},
		"compressed":        {zipped(t, ok, floats(6), zip.Deflate), "compressed"},
		"cut row":           {legacy(ok, floats(5), 6), "cut off"},
		"other count":       {legacy(ok, floats(6), 7), "has 7 values, not 6"},
		"beyond":            {zipped(t, one("FloatStorage", 6, 1, []int{6}, []int{1}), floats(6), zip.Store), "ends at value 6 of a storage of 6"},
		"negative offset":   {zipped(t, one("FloatStorage", 6, -1, []int{2}, []int{1}), floats(6), zip.Store), "of a storage"},
		"negative shape":    {zipped(t, one("FloatStorage", 6, 0, []int{-2}, []int{1}), floats(6), zip.Store), "shape [-2]"},
		"negative stride":   {zipped(t, one("FloatStorage", 6, 5, []int{2}, []int{-1}), floats(6), zip.Store), "strides [-1]"},
		"huge shape":        {zipped(t, one("FloatStorage", 6, 0, []int{1 << 30, 1 << 30, 1 << 30}, []int{0, 0, 0}), floats(6), zip.Store), "does not fit"},
		"huge storage":      {zipped(t, one("FloatStorage", 1<<30, 0, []int{1 << 30}, []int{1}), floats(6), zip.Store), "too few"},
		"no tensors":        {zipped(t, torchtest.NewPickle().Raw("}").Text("a").Number(1).Raw("s.").Bytes(), nil, zip.Store), "no tensors"},
		"not a dictionary":  {zipped(t, torchtest.NewPickle().Raw("].").Bytes(), nil, zip.Store), "list of 0"},
		"runs a command":    {zipped(t, []byte("cos\nsystem\n(S'touch /'\ntR."), nil, zip.Store), "os.system"},
		"evaluates":         {zipped(t, []byte("c__builtin__\neval\n(S'1'\ntR."), nil, zip.Store), "__builtin__.eval"},
		"loads a library":   {zipped(t, []byte("ctorch.hub\nload\n(S'x'\ntR."), nil, zip.Store), "torch.hub.load"},
		"runs by numpy":     {zipped(t, []byte("cnumpy.testing._private.utils\nrunstring\n(S'x'\ntR."), nil, zip.Store), "runstring"},
		"named on the fly":  {zipped(t, []byte("\x80\x04\x8c\x05posix\x8c\x06system\x93."), nil, zip.Store), "posix.system"},
		"old way of naming": {zipped(t, []byte("(S'x'\nios\nsystem\n."), nil, zip.Store), "os.system"},
	} {
		path := write(t, c.content)
		_, err := Open(path, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not name the file and %q", name, err, c.want)
		}
	}
}

func TestOtherOrderOfBytes(t *testing.T) {
	content := bytes.Replace(zipped(t, model(6).Bytes(), floats(6), zip.Store), []byte("little"), []byte("bigbig"), 1)
	if _, err := Open(write(t, content), Options{}); err == nil {
		t.Error("values in the other order of bytes were taken")
	}
}

func TestAllowedClasses(t *testing.T) {
	b := torchtest.NewPickle().Raw("}(").Text("model").Raw("}").Text("w").Tensor("FloatStorage", "0", 6, 0, []int{6}, []int{1}).Raw("s")
	content := zipped(t, b.Text("extra").Raw("cmine\nThing\n)\x81u.").Bytes(), floats(6), zip.Store)
	if _, err := Open(write(t, content), Options{}); err == nil || !strings.Contains(err.Error(), "mine.Thing") {
		t.Errorf("got %v, want an error that names the class", err)
	}
	f, err := Open(write(t, content), Options{Allow: func(g pickle.Global) bool { return g.Module == "mine" }})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if others := strings.Join(f.About().Others, ";"); !strings.Contains(others, "extra: mine.Thing") {
		t.Errorf("left over: %s", others)
	}
	if _, err := Open(write(t, content), Options{Key: "module"}); err == nil {
		t.Error("a key that is not there was found")
	}
}

// PyTorch itself writes a file in each of its formats and protocols of pickle; all of them give the same tensors.
func TestFilesOfPyTorch(t *testing.T) {
	python, dir := given.Python(t, "torch"), t.TempDir()
	out, err := exec.Command(python, "testdata/make.py", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.pth"))
	if len(files) < 8 {
		t.Fatalf("%d files were written", len(files))
	}
	for _, path := range files {
		want, err := os.ReadFile(strings.TrimSuffix(path, filepath.Ext(path)) + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if got := f.dump(); got != string(want) {
			t.Errorf("%s:\n%s, want\n%s", path, got, want)
		}
		if args := f.About().Args; args != nil && args["frames"] != int64(16) {
			t.Errorf("%s: settings %v", path, args)
		}
		_ = f.Close()
	}
}

// Whatever the bytes, opening and reading end without a panic, and no tensor is larger than the file allows.
func FuzzOpen(f *testing.F) {
	f.Add(zipped(f, model(6).Bytes(), floats(6), zip.Store))
	f.Add(legacy(model(6).Bytes(), floats(6), 6))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, content []byte) {
		in, err := Open(write(t, content), Options{})
		if err != nil {
			return
		}
		defer in.Close()
		for _, name := range in.Names() {
			spec, _ := in.Spec(name)
			tensor, err := in.Tensor(name)
			if err != nil {
				continue
			}
			if n, err := spec.Bytes(); err != nil || n != int64(len(tensor.Data)) || n > int64(max(len(content), 8*maxRepeated)) {
				t.Errorf("%q: %d bytes of %v in a file of %d (%v)", name, len(tensor.Data), spec, len(content), err)
			}
		}
	})
}

// The pickle alone, without the archive's checksums around it.
func FuzzPickle(f *testing.F) {
	f.Add(model(6).Bytes())
	f.Add([]byte("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x8f(K\x01K\x02\x90s."))
	f.Add([]byte("(dp0\nS'a'\np1\nF1.5\nsS'b'\n(I1\nL2L\nltp2\ns."))
	f.Fuzz(func(t *testing.T, content []byte) {
		in, err := Open(write(t, legacy(content, floats(6), 6)), Options{})
		if err == nil {
			_ = in.dump()
			_ = in.Close()
		}
	})
}
