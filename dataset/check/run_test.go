package check

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"videomae/dataset"
	"videomae/dataset/lists"
	"videomae/internal/given"
	"videomae/video"
)

func TestVerdictsComeInTheOrderOfTheList(t *testing.T) {
	const n = 60
	files := map[string]string{}
	var rows []any
	for i := range n {
		files[fmt.Sprintf("%03d.mp4", i)] = fmt.Sprint(i)
	}
	dir := folder(t, files)
	for i := range n {
		rows = append(rows, row(dir, fmt.Sprintf("%03d.mp4", i), "a", "train"))
	}
	o := usual()
	o.Workers = 16
	got, s := verdicts(t, listed(rows...), newFake(), o)
	for i, v := range got {
		if v.Row != i+1 || v.Name != fmt.Sprintf("%03d.mp4", i) {
			t.Fatalf("verdict %d is of row %d, %s", i, v.Row, v.Name)
		}
		if v.Level != OK {
			t.Errorf("%s: %v, though all videos differ", v.Name, v.Findings)
		}
	}
	if len(got) != n || s.Rows != n || s.Splits["train"] != n || s.Verdicts[OK] != n {
		t.Errorf("%d verdicts, summary %+v", len(got), s)
	}
}

func TestWhatCannotBeReadIsNamedWithItsReason(t *testing.T) {
	dir := folder(t, map[string]string{"good.mp4": "1", "empty.mp4": "", "late.mp4": "2", "sub/x.txt": ""})
	pipe := filepath.Join(dir, "pipe.mp4")
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Skip(err)
	}
	d := newFake()
	d.fail = map[string]error{"late.mp4": errBroken}
	span := row(dir, "good.mp4", "a", "train")
	span.First, span.Count = 3, 10
	got, s := verdicts(t, listed(row(dir, "none.mp4", "a", "train"), row(dir, "empty.mp4", "a", "train"), row(dir, "pipe.mp4", "a", "train"),
		row(dir, "late.mp4", "a", "train"), &lists.RowError{File: "l.csv", Row: 6, Err: errors.New("no path")}, span, row(dir, "good.mp4", "a", "train")), d, usual())
	want := []struct {
		code Code
		part string
	}{{Missing, "no such file"}, {Empty, "0 bytes"}, {NotAFile, "named pipe"}, {Damaged, "broken on purpose"}, {BadRow, "l.csv: row 6"}, {WrongSpan, "10 pictures"}}
	for i, w := range want {
		v := got[i]
		if v.Level != Error || len(v.Findings) != 1 || v.Findings[0].Code != w.code || !strings.Contains(v.Findings[0].What, w.part) ||
			v.Findings[0].Effect == "" || v.Findings[0].Remedy == "" {
			t.Errorf("row %d: %+v, want %s with %q", i+1, v.Findings, w.code, w.part)
		}
	}
	if last := got[len(got)-1]; last.Level != OK {
		t.Errorf("the good file is %+v", last)
	}
	if got[4].Line != 6 {
		t.Errorf("the bad row is line %d", got[4].Line)
	}
	if len(s.Findings) != 2 || s.Findings[0].Code != ManyBad || !strings.Contains(s.Findings[0].What, "5 of 6 videos") || !s.Bad(false) {
		t.Errorf("findings of the list: %+v", s.Findings)
	}
}

func TestZeroFrames(t *testing.T) {
	d := newFake()
	d.info.Frames = 0
	dir := folder(t, map[string]string{"a.mp4": "1"})
	got, _ := verdicts(t, listed(row(dir, "a.mp4", "", "")), d, usual())
	if !slices.Equal(codes(got[0]), []Code{NoFrames}) {
		t.Errorf("%v", got[0].Findings)
	}
}

func TestErrorsThatEndACheck(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1", "b.mp4": "2"})
	unavailable := newFake()
	unavailable.fail = map[string]error{"b.mp4": fmt.Errorf("no more processes: %w", video.ErrUnavailable)}
	rows := listed(row(dir, "a.mp4", "", "train"), row(dir, "b.mp4", "", "train"))
	refuse := func(Verdict) error { return errBroken }
	accept := func(Verdict) error { return nil }
	for name, c := range map[string]struct {
		rows iter.Seq2[dataset.Item, error]
		d    video.Decoder
		o    Options
		emit func(Verdict) error
		part string
		done int
	}{
		"list":    {listed(row(dir, "a.mp4", "", "train"), errors.New("list l.csv: is a folder")), newFake(), usual(), accept, "l.csv", 1},
		"decoder": {rows, unavailable, usual(), accept, "no more processes", 1},
		"output":  {rows, newFake(), usual(), refuse, "broken on purpose", 1},
		"nothing": {listed(), newFake(), usual(), accept, "no videos", 0},
		"options": {rows, newFake(), Options{Frames: 16, Size: 224}, accept, "stride 0", 0},
		"results": {rows, newFake(), Options{Frames: 1, Stride: 1, Size: 1, Results: filepath.Join(dir, "none", "r.jsonl")}, accept, "r.jsonl", 0},
	} {
		s, err := Run(context.Background(), c.rows, c.d, c.o, c.emit)
		if err == nil || !strings.Contains(err.Error(), c.part) || s.Rows != c.done {
			t.Errorf("%s: %d rows, error %v", name, s.Rows, err)
		}
	}
}

func TestAnEndlessListEndsWithTheContext(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1"})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	endless := func(yield func(dataset.Item, error) bool) {
		for yield(row(dir, "a.mp4", "a", "train"), nil) {
		}
	}
	seen := 0
	s, err := Run(ctx, endless, newFake(), usual(), func(Verdict) error {
		if seen++; seen == 50 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || !s.Interrupted || s.Rows < 50 || s.Rows != seen {
		t.Errorf("%d rows of %d, interrupted %v, error %v", s.Rows, seen, s.Interrupted, err)
	}
}

func TestAListThatHangsDoesNotHoldCtrlC(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	never := make(chan struct{})
	defer close(never)
	hanging := func(func(dataset.Item, error) bool) { cancel(); <-never }
	if _, err := Run(ctx, hanging, newFake(), usual(), func(Verdict) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestManyRowsTakeLittleMemory checks 100,000 rows of different content, and that what is held of a row is within what the package says.
// At full length all have prints, else one in eight, as comparing them takes most of the time.
func TestManyRowsTakeLittleMemory(t *testing.T) {
	const rows = 100_000
	every := 8
	if given.Long(t) {
		every = 1
	}
	dir := folder(t, map[string]string{"a.mp4": "1"})
	x := prepared{dir: dir}
	store, err := openStore("")
	if err != nil {
		t.Fatal(err)
	}
	r := &run{o: usual(), store: store, twins: newTwins(store), tally: newTally(), emit: func(Verdict) error { return nil }}
	before := heap()
	for i := range rows {
		j := x.job(i)
		if i/1000%every != 0 {
			j.facts.Print = nil
		}
		if err := r.take(j); err != nil {
			t.Fatal(err)
		}
	}
	each := float64(heap()-before) / float64(rows)
	s := r.tally.summary(r.o, r.twins)
	const limit = 900 // the package's 700, and what tables hold in reserve
	t.Logf("%d rows: %.0f bytes a row; %d words compared a row", rows, each, r.twins.prints.index.seen/rows)
	if each > limit {
		t.Errorf("%.0f bytes of heap a row, want at most %d", each, limit)
	}
	if s.Rows != rows || s.Leaks != rows/1000/every+min(1, rows/1000%every) {
		t.Errorf("%d rows, %d leaks of %d", s.Rows, s.Leaks, rows/1000)
	}
	if err := store.close(nil); err != nil {
		t.Error(err)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// prepared makes rows as they are once the facts are known: with random prints, of which each 1000th repeats the one before with noise.
type prepared struct{ dir string }

func (x prepared) job(i int) *job {
	seed, split := uint64(i), "train"
	if i%1000 == 999 {
		seed, split = seed-1, "val"
	}
	p := randomPrint(seed, 0, 0)
	if i%1000 == 999 {
		p = randomPrint(seed, 8, 3)
	}
	return &job{item: row(x.dir, fmt.Sprintf("class%d/video%d.mp4", i%100, i), fmt.Sprint(i%100), split),
		facts: Facts{Bytes: 1, Modified: 1, SHA256: fmt.Sprintf("%064d", i), Video: &Video{Container: "mov", Frames: 250, Width: 340, Height: 256, FPS: 25, Seconds: 10}, Print: &p}}
}

func TestRunHoldsNoRowsThatAreDone(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1"})
	const rows = 5_000
	many := func(yield func(dataset.Item, error) bool) {
		for range rows {
			if !yield(row(dir, "a.mp4", "a", "train"), nil) {
				return
			}
		}
	}
	o := usual()
	o.NearDuplicates = false
	d := newFake()
	d.frame = func(uint64, int, int, int, []uint8) {}
	var most uint64
	count := 0
	before := heap()
	s, err := Run(context.Background(), many, d, o, func(Verdict) error {
		if count++; count%1000 == 0 {
			most = max(most, heap())
		}
		return nil
	})
	if err != nil || s.Rows != rows {
		t.Fatal(s.Rows, err)
	}
	if grown := float64(most) - float64(before); grown > 1<<20+400*rows {
		t.Errorf("the heap grew by %.1f MB over %d rows", grown/1e6, rows)
	}
}

func TestWorkersLookAtSeveralFilesAtOnce(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1", "b.mp4": "2", "c.mp4": "3"})
	d := newFake()
	at := make(chan struct{})
	d.frame = func(uint64, int, int, int, []uint8) {
		select { // each waits for another
		case at <- struct{}{}:
		case <-at:
		case <-time.After(10 * time.Second):
			t.Error("only one file is looked at")
		}
	}
	o := usual()
	o.Workers, o.NearDuplicates = 2, false
	d.info.Frames = 1
	if got, _ := verdicts(t, listed(row(dir, "a.mp4", "", ""), row(dir, "b.mp4", "", "")), d, o); len(got) != 2 {
		t.Errorf("%d verdicts", len(got))
	}
}

func TestDeepFindsWhatSomeFramesDoNotShow(t *testing.T) {
	dir := folder(t, map[string]string{"a.mp4": "1"})
	o := usual()
	o.Deep = func(context.Context, video.Info) error { return errBroken }
	got, _ := verdicts(t, listed(row(dir, "a.mp4", "", "train")), newFake(), o)
	if !slices.Contains(codes(got[0]), Damaged) {
		t.Errorf("%v", got[0].Findings)
	}
	wanted := 0
	d := newFake()
	d.info.Frames = 2500
	d.frame = func(uint64, int, int, int, []uint8) { wanted++ }
	if err := DecodeAll(d)(context.Background(), video.Info{Path: filepath.Join(dir, "a.mp4"), Frames: 2500, Width: 64, Height: 64}); err != nil || wanted != 2500 {
		t.Errorf("%d of 2500 frames decoded, error %v", wanted, err)
	}
}

func TestFolderOfFramesIsHashedAndStamped(t *testing.T) {
	dir := folder(t, map[string]string{"a/1.png": "x", "a/2.png": "yz", "b/1.png": "x", "b/2.png": "yz", "c/1.png": "xy", "c/2.png": "z"})
	hash := func(name string) string {
		h, err := contentHash(context.Background(), filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if hash("a") != hash("b") || hash("a") == hash("c") {
		t.Error("folders' hashes do not tell their pictures")
	}
	before := stamp(row(dir, "a", "", ""))
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "a/2.png"), later, later); err != nil {
		t.Fatal(err)
	}
	if after := stamp(row(dir, "a", "", "")); before.Bytes != 3 || after.Modified == before.Modified {
		t.Errorf("stamps %+v and %+v", before, after)
	}
}
