package main

import (
	"strings"
	"testing"
)

// fields splits a table into cells; numbers in brackets stay with the number before them.
func fields(line string) []string {
	return strings.Fields(strings.ReplaceAll(line, " (", "("))
}

func TestRatiosAreTakenWithinRounds(t *testing.T) {
	list := []contender{{name: "go"}, {name: peerName}}
	results := [][]measurement{
		{{Best: 2}, {Best: 8}, {Best: 3}},
		{{Best: 1}, {Best: 2}, {Best: 3}},
	}
	var out strings.Builder
	if err := table(&out, list, results); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.HasSuffix(lines[0], "time / that of "+peerName) {
		t.Errorf("head %q does not say what times are compared with", lines[0])
	}
	for i, want := range []struct{ best, ratio string }{{"3(2..8)", "2(1..4)"}, {"2(1..3)", "1(1..1)"}} {
		cells := fields(lines[i+1])
		if cells[0] != list[i].name || cells[1] != want.best || cells[4] != want.ratio {
			t.Errorf("line %q, want step %s and ratio %s", lines[i+1], want.best, want.ratio)
		}
	}
}

func TestWithoutPeerTheFirstIsTheReference(t *testing.T) {
	var out strings.Builder
	if err := table(&out, []contender{{name: "go"}, {name: "xla:cpu"}}, [][]measurement{{{Best: 4}}, {{Best: 1}}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "that of go") || !strings.Contains(out.String(), "0.25 (0.25..0.25)") {
		t.Errorf("table\n%s", &out)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{{[]float64{5}, "5 (5..5)"}, {[]float64{3, 1}, "2 (1..3)"}, {[]float64{9, 1, 2}, "2 (1..9)"}} {
		if got := spread(c.values); got != c.want {
			t.Errorf("spread(%v) = %s, want %s", c.values, got, c.want)
		}
	}
}
