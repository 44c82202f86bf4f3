package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// entered makes an entrant with the given best times, one for each round, and memory.
func entered(c contender, mib float64, times ...float64) entrant {
	e := entrant{contender: c}
	for _, t := range times {
		e.runs = append(e.runs, measurement{Best: t, ClipsPerSecond: 4 / t, PeakMiB: mib})
	}
	return e
}

func engineOf(name string) contender  { return contender{what: name, precision: "f32"} }
func variantOf(name string) contender { return contender{what: name, peer: true} }

// cells splits a table into its cells, without the rule below the head.
func cells(t *testing.T, table string) [][]string {
	t.Helper()
	var lines [][]string
	for _, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "| -") {
			continue
		}
		var row []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			row = append(row, strings.TrimSpace(cell))
		}
		lines = append(lines, row)
	}
	return lines
}

func TestRatiosAreTakenWithinRounds(t *testing.T) {
	text := table([]entrant{
		entered(engineOf("simd"), 100, 2, 8, 3),
		entered(variantOf("f32"), 400, 4, 8, 9),
		entered(variantOf("f32+compile"), 200, 1, 2, 30), // the fastest by median, though not in every round
	})
	want := [][]string{
		{"", "step, s", "clips/s", "peak MiB", "speed / PyTorch's best", "speed / PyTorch f32", "memory / PyTorch's best"},
		{"simd f32", "3 (2..8)", "1.33 (0.5..2)", "100 (100..100)", "0.5 (0.25..10)", "2 (1..3)", "0.5 (0.5..0.5)"},
		{"PyTorch f32", "8 (4..9)", "0.5 (0.444..1)", "400 (400..400)", "0.25 (0.25..3.33)", "1 (1..1)", "2 (2..2)"},
		{"PyTorch f32+compile", "2 (1..30)", "2 (0.133..4)", "200 (200..200)", "1 (1..1)", "4 (0.3..4)", "1 (1..1)"},
	}
	if got := cells(t, text); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got\n%s", text)
	}
	if !strings.Contains(text, "variant f32+compile") {
		t.Errorf("the table does not say which variant is PyTorch's best:\n%s", text)
	}
}

func TestWithoutPyTorchThereAreNoRatios(t *testing.T) {
	text := table([]entrant{entered(engineOf("go"), 10, 4), entered(engineOf("xla:cpu"), 20, 1)})
	want := [][]string{{"", "step, s", "clips/s", "peak MiB"}, {"go f32", "4 (4..4)", "1 (1..1)", "10 (10..10)"}, {"xla:cpu f32", "1 (1..1)", "4 (4..4)", "20 (20..20)"}}
	if got := cells(t, text); !slices.EqualFunc(got, want, slices.Equal) || strings.Contains(text, "PyTorch") {
		t.Errorf("got\n%s", text)
	}
}

func TestSpread(t *testing.T) {
	for want, values := range map[string][]float64{"5 (5..5)": {5}, "2 (1..3)": {3, 1}, "2 (1..9)": {9, 1, 2}} {
		if got := spread(values); got != want {
			t.Errorf("spread(%v) = %s, want %s", values, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	asked := task{"infer", "small", 4}
	// A line as the PyTorch script prints it.
	line := `{"peer": "torch 2.15.0", "mode": "infer", "size": "small", "batch": 4, "precision": "bf16", "compile": false, "threads": 2,
		"device": "cpu", "best_s": 0.25, "median_s": 0.3, "clips_per_s": 16.0, "peak_rss_mib": 700}`
	m, err := parse([]byte(line), asked, "bf16")
	if err != nil || m.Best != 0.25 || m.ClipsPerSecond != 16 || m.PeakMiB != 700 {
		t.Errorf("%+v, %v", m, err)
	}
	for _, c := range []struct{ text, precision, want string }{
		{"", "bf16", "no measurement"},
		{"Traceback", "bf16", "Traceback"},
		{`{"mode": "infer", "size": "small", "batch": 4, "precision": "bf16"}`, "bf16", "no measurement"},
		{line, "f32", "asked for"},
		{strings.Replace(line, "small", "base", 1), "bf16", "measured {infer base 4}"},
	} {
		if _, err := parse([]byte(c.text), asked, c.precision); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want an error with %q", c.text, err, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	found := []engine{{Name: "go", Available: true}, {Name: "xla:cpu", Missing: "set the path"}}
	for _, c := range []struct {
		asked         []string
		names, absent string
	}{
		{nil, "go", "xla:cpu: set the path"},
		{[]string{"simd", "go"}, "go", "simd: this build has no such engine"},
		{[]string{"xla:cpu"}, "", "xla:cpu: set the path"},
	} {
		names, absent := choose(found, c.asked)
		if strings.Join(names, " ") != c.names || strings.Join(absent, " ") != c.absent {
			t.Errorf("%v: got %q without %q", c.asked, names, absent)
		}
	}
}

func TestTasks(t *testing.T) {
	o := options{rounds: 1, modes: "pretrain,infer", cases: "small/1,base/4"}
	got, err := o.tasks()
	want := []task{{"pretrain", "small", 1}, {"pretrain", "base", 4}, {"infer", "small", 1}, {"infer", "base", 4}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []options{{rounds: 0, cases: "small/1", modes: "infer"}, {rounds: 1, cases: "small", modes: "infer"}} {
		if _, err := wrong.tasks(); err == nil {
			t.Errorf("%+v is no error", wrong)
		}
	}
}

func TestMissingPyTorchSaysWhatToDo(t *testing.T) {
	script := filepath.Join(t.TempDir(), "peer.py")
	o := options{peer: script, python: "no-such-python", variants: "f32"}
	if list, err := torch(t.Context(), o); list != nil || err == nil || !strings.Contains(err.Error(), "-peer") {
		t.Errorf("without a script: %v, %v", list, err)
	}
	if err := os.WriteFile(script, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if list, err := torch(t.Context(), o); list != nil || err == nil || !strings.Contains(err.Error(), "-python") {
		t.Errorf("without Python: %v, %v", list, err)
	}
}

func TestVariantsOfPyTorch(t *testing.T) {
	script := filepath.Join(t.TempDir(), "peer.py")
	if err := os.WriteFile(script, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	o := options{peer: script, python: "true", variants: "f32,bf16+compile"} // the command true stands in for a Python that imports everything
	list, err := torch(t.Context(), o)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v, %v", list, err)
	}
	for i, want := range []string{"--precision f32", "--precision bf16 --compile"} {
		if got := strings.Join(list[i].command, " "); !strings.HasSuffix(got, want) {
			t.Errorf("command %q, want it to end with %q", got, want)
		}
	}
	o.variants = "f16"
	if _, err := torch(t.Context(), o); err == nil || !strings.Contains(err.Error(), `"f16"`) {
		t.Errorf("an unknown variant gives %v", err)
	}
}

// A contender of PyTorch that fails is left out, an engine that fails is an error. Shell commands stand in for both.
func TestFailuresInARace(t *testing.T) {
	line := `{"mode": "infer", "size": "tiny", "batch": 1, "precision": "f32", "best_s": 1}`
	good := contender{what: "go", precision: "f32", command: []string{"sh", "-c", "echo '" + line + "'"}}
	bad := contender{what: "f32+compile", precision: "f32", peer: true, command: []string{"sh", "-c", "echo no compiler >&2; exit 1"}}
	o, asked := options{rounds: 2, steps: 1}, task{"infer", "tiny", 1}
	entrants, err := race(t.Context(), o, asked, []contender{bad, good})
	if err != nil || len(entrants) != 1 || entrants[0].what != "go" || len(entrants[0].runs) != 2 {
		t.Errorf("%+v, %v", entrants, err)
	}
	bad.peer = false
	if _, err := race(t.Context(), o, asked, []contender{good, bad}); err == nil || !strings.Contains(err.Error(), "no compiler") {
		t.Errorf("got %v, want what the engine said", err)
	}
}
