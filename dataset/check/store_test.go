package check

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"videomae/dataset"
)

// lines are those of a file of results.
func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func TestASecondRunLooksOnlyAtWhatChanged(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1", "b.mp4": "2", "c.mp4": "3", "d.mp4": ""})
	file := filepath.Join(t.TempDir(), "results.jsonl")
	o := usual()
	o.Results = file
	rows := listed(row(dir, "a.mp4", "x", "train"), row(dir, "b.mp4", "x", "train"), row(dir, "c.mp4", "y", "val"), row(dir, "d.mp4", "y", "val"))
	d := newFake()
	first, _ := verdicts(t, rows, d, o)
	if calls := d.calls.Load(); calls != 3 {
		t.Fatalf("%d files were probed, want 3", calls)
	}
	before := lines(t, file)
	if len(before) != 5 || !strings.HasPrefix(before[4], `{"summary":`) {
		t.Fatalf("%d lines in the results, the last %.40s", len(before), before[len(before)-1])
	}
	again, s := verdicts(t, rows, d, o)
	if d.calls.Load() != 3 || s.Reused != 3 {
		t.Errorf("%d calls and %d files reused in the second run", d.calls.Load()-3, s.Reused)
	}
	sameJSON(t, first, again)
	later := time.Now().Add(time.Hour)
	if err := os.WriteFile(filepath.Join(dir, "b.mp4"), []byte("1"), 0o666); err != nil { // as long, another time and content
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "b.mp4"), later, later); err != nil {
		t.Fatal(err)
	}
	changed, s := verdicts(t, rows, d, o)
	if d.calls.Load() != 4 || s.Reused != 2 || len(changed[1].Findings) != 1 || changed[1].Findings[0].Code != SameBytes {
		t.Errorf("%d calls, %d reused, findings %+v", d.calls.Load()-3, s.Reused, changed[1].Findings)
	}
	o.Deep = DecodeAll(d)
	if _, s := verdicts(t, rows, d, o); s.Reused != 0 {
		t.Errorf("%d files of a quick check taken for a deep one", s.Reused)
	}
	o.Deep = nil
	if _, s := verdicts(t, rows, d, o); s.Reused != 3 {
		t.Errorf("%d of 3 files of a deep check taken for a quick one", s.Reused)
	}
}

func sameJSON(t *testing.T, a, b any) {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil || !bytes.Equal(x, y) {
		t.Errorf("verdicts differ:\n%s\n%s", x, y)
	}
}

func TestWhatAStoppedRunFoundIsKept(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1", "b.mp4": "2", "c.mp4": "3"})
	file := filepath.Join(t.TempDir(), "results.jsonl")
	o := usual()
	o.Results, o.Workers = file, 1
	var items []any
	for _, name := range []string{"a.mp4", "b.mp4", "c.mp4"} {
		items = append(items, row(dir, name, "x", "train"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := Run(ctx, listed(items...), newFake(), o, func(v Verdict) error {
		if v.Row == 2 {
			cancel()
		}
		return nil
	}); err == nil {
		t.Fatal("no error")
	}
	if got := lines(t, file); len(got) != 2 {
		t.Fatalf("%d lines are kept, want 2", len(got))
	}
	if _, err := os.Stat(partOf(file)); err == nil {
		t.Error("the part is left")
	}
	// a kill in the middle of a line
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(partOf(file), data[:len(data)-20], 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(`{"torn`), 0o666); err != nil {
		t.Fatal(err)
	}
	d := newFake()
	if _, s := verdicts(t, listed(items...), d, o); s.Reused != 1 || d.calls.Load() != 2 {
		t.Errorf("%d reused and %d looked at, want 1 and 2", s.Reused, d.calls.Load())
	}
	if got := lines(t, file); len(got) != 4 {
		t.Errorf("%d lines, want 3 verdicts and a summary", len(got))
	}
}

func TestAForeignFileIsNotReplaced(t *testing.T) {
	dir := folder(t, map[string]string{"notes.txt": "my notes\n", "a.mp4": "1"})
	o := usual()
	o.Results = filepath.Join(dir, "notes.txt")
	_, err := Run(context.Background(), listed(row(dir, "a.mp4", "", "")), newFake(), o, func(Verdict) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "notes.txt") || !strings.Contains(err.Error(), "another file") {
		t.Errorf("error %v", err)
	}
	if got := lines(t, o.Results); got[0] != "my notes" {
		t.Errorf("the file holds %q", got)
	}
}

func FuzzResults(f *testing.F) {
	p := randomPrint(1, 0, 0)
	v := Verdict{Row: 1, Path: "a.mp4", Level: OK, Facts: Facts{Bytes: 1, Modified: 2, SHA256: "00", Video: &Video{Frames: 3}, Print: &p}}
	line, err := json.Marshal(v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line, '\n'))
	f.Add([]byte("{\"verdict\":\"ok\",\"path\":\"a.mp4\",\"print\":\"AA==\"}\n{\"summary\":{}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "r.jsonl")
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := openStore(file)
		if err != nil {
			return
		}
		if f, fits := s.recall(dataset.Item{Path: "a.mp4"}, Facts{Bytes: 1, Modified: 2}, false, true); fits {
			newPrints().add(f.Print)
		}
		if err := s.close(&Summary{}); err != nil {
			t.Error(err)
		}
	})
}
