package metrics

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func steps(t *testing.T, path string) []int {
	t.Helper()
	records, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, r := range records {
		out = append(out, r.Step)
	}
	return out
}

func TestJSONLHasTheNamedKeysAndReadsBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	sink, err := OpenJSONL(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []Record{
		{Step: 1, Epoch: 0.5, Loss: 0.75, LR: 1e-3, GradNorm: 2, ClipsPerSecond: 3, DataWait: 0.25, Seconds: 9,
			Baselines: map[string]float64{"zero": 1, "nearest": math.NaN()}, Scores: map[string]float64{"val_loss": 0.8}},
		{Step: 2, Loss: math.NaN(), GradNorm: math.Inf(1), Skipped: 1},
	}
	for _, r := range want {
		if err := sink.Log(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, line := range lines {
		var keys map[string]any
		if err := json.Unmarshal([]byte(line), &keys); err != nil {
			t.Fatalf("line %q is not JSON: %v", line, err)
		}
		for _, k := range []string{"step", "epoch", "loss", "lr", "grad_norm", "clips_per_s", "data_wait"} {
			if _, has := keys[k]; !has {
				t.Errorf("line %q has no key %q", line, k)
			}
		}
	}
	if !strings.Contains(lines[1], `"loss":null`) || !strings.Contains(lines[1], `"grad_norm":null`) {
		t.Errorf("non-finite numbers are not null in %s", lines[1])
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want[1].GradNorm = math.NaN() // null has lost which of the non-finite numbers it was
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestResumeCutsLaterRecordsAndTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	const lines = `{"step":1}` + "\n" + `{"step":2}` + "\n" + `{"step":3}` + "\n"
	if err := os.WriteFile(path, []byte(lines+`{"step":4,"lo`), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := steps(t, path); !slices.Equal(got, []int{1, 2, 3}) {
		t.Errorf("a torn last line: read steps %v, want 1 to 3", got)
	}
	for _, c := range []struct {
		resume int
		want   []int
	}{{3, []int{1, 2, 3, 9}}, {2, []int{1, 2, 9}}, {0, []int{9}}} {
		if err := os.WriteFile(path, []byte(lines+`{"step":4`), 0o666); err != nil {
			t.Fatal(err)
		}
		sink, err := OpenJSONL(path, c.resume)
		if err != nil {
			t.Fatal(err)
		}
		if err := sink.Log(Record{Step: 9}); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		if got := steps(t, path); !slices.Equal(got, c.want) {
			t.Errorf("resumed after step %d: steps %v, want %v", c.resume, got, c.want)
		}
	}
}

func TestBadLineIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.jsonl")
	if err := os.WriteFile(path, []byte("{\"step\":1}\nnonsense\n{\"step\":2}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	_, readErr := Read(path)
	_, openErr := OpenJSONL(path, 1)
	for _, err := range []error{readErr, openErr} {
		if err == nil || !strings.Contains(err.Error(), path+", line 2") {
			t.Errorf("error %v does not name file and line", err)
		}
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), "nonsense") {
		t.Error("a file that could not be read was changed")
	}
	if _, err := OpenJSONL(filepath.Join(path, "below-a-file"), 0); err == nil {
		t.Error("a path below a file was opened")
	}
}

func TestFullDiskIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full to stand for a full disk")
	}
	defer full.Close()
	small := image.NewGray(image.Rect(0, 0, 2, 2))
	all := Multi(&JSONL{full}, &TensorBoard{full})
	if err := all.Log(Record{Step: 7}); err == nil || strings.Count(err.Error(), "step 7") != 2 {
		t.Errorf("Log on a full disk: %v, want both sinks' errors with the step", err)
	}
	if err := all.Picture(7, "p", small); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Picture on a full disk: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("{\"step\":1,\"loss\":null}\n"))
	f.Add([]byte("{\"step\":1,\"baselines\":{\"zero\":1e400}}\n{"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "m")
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		before, readErr := Read(path)
		sink, err := OpenJSONL(path, math.MaxInt)
		if (err == nil) != (readErr == nil) {
			t.Fatalf("Read says %v, OpenJSONL says %v", readErr, err)
		}
		if err != nil {
			return
		}
		if err := sink.Log(Record{Step: math.MaxInt}); err != nil {
			t.Fatal(err)
		}
		if err := sink.Close(); err != nil {
			t.Fatal(err)
		}
		if after, err := Read(path); err != nil || len(after) != len(before)+1 {
			t.Fatalf("%d records, after one more %d (%v)", len(before), len(after), err)
		}
	})
}
