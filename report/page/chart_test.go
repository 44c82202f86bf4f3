package page

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"
)

func wave(n int) plotter.XYs {
	xys := make(plotter.XYs, n)
	for i := range xys {
		xys[i] = plotter.XY{X: float64(i + 1), Y: math.Sin(float64(i) / 300)}
	}
	xys[n/3].Y = 9 // a peak of one point must stay
	return xys
}

func TestThinKeepsTheLook(t *testing.T) {
	xys := wave(10_000)
	out := thin(xys, 100)
	if len(out) > 202 || len(out) < 100 {
		t.Fatalf("%d points are left", len(out))
	}
	peak := false
	for i, p := range out {
		peak = peak || p == xys[3333]
		if i > 0 && p.X <= out[i-1].X {
			t.Fatalf("point %d is not right of the one before", i)
		}
		if xys[int(p.X)-1] != p {
			t.Fatalf("%v is none of the points", p)
		}
	}
	if !peak || out[0] != xys[0] || out[len(out)-1] != xys[len(xys)-1] {
		t.Error("the peak or an end is lost")
	}
	if short := wave(150); len(thin(short, 100)) != 150 {
		t.Error("a short curve was thinned")
	}
}

// Every curve stays inside the drawing, also a level one, one of a single point, and one of huge or tiny values.
func TestCurvesStayInside(t *testing.T) {
	number := regexp.MustCompile(`points="([^"]*)"`)
	for name, xys := range map[string]plotter.XYs{
		"wave": wave(2000), "level": {{X: 1, Y: .5}, {X: 9, Y: .5}}, "point": {{X: 5, Y: 3}}, "zero": {{X: 0, Y: 0}, {X: 1, Y: 0}},
		"huge": {{X: 1, Y: 1e300}, {X: 2, Y: -1e300}}, "tiny": {{X: 1, Y: 1e-300}, {X: 2, Y: 2e-300}}, "near": {{X: 1, Y: 1}, {X: 2, Y: 1 + 1e-15}},
	} {
		for _, fromZero := range []bool{false, true} {
			svg := string(Chart{Title: "t", FromZero: fromZero, Lines: []Line{{Name: "l", Points: xys, Colour: "#000", Marks: true}}}.SVG())
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%s: the drawing has no numbers: %s", name, svg)
			}
			for _, pair := range strings.Fields(number.FindStringSubmatch(svg)[1]) {
				x, y, _ := strings.Cut(pair, ",")
				a, errA := strconv.ParseFloat(x, 64)
				b, errB := strconv.ParseFloat(y, 64)
				if errA != nil || errB != nil || a < leftRoom-.1 || a > plotRight+.1 || b < topRoom-.1 || b > plotBottom+.1 {
					t.Errorf("%s: point %s lies outside", name, pair)
				}
			}
		}
	}
}

func TestCompareLinesUpFacts(t *testing.T) {
	a := &Run{Settings: []Fact{{"x", "1"}, {"y", "2"}, {"z", "3"}}}
	b := &Run{Settings: []Fact{{"x", "1"}, {"new", "5"}, {"z", "4"}}}
	other := &Run{Kind: Evaluated, Settings: []Fact{{"x", "7"}, {"own", "6"}}} // of another kind, so that nothing differs
	none := &Run{}
	got := compare([]*Run{a, none, b, other}, func(r *Run) []Fact { return r.Settings })
	want := []row{{"x", []string{"1", "1", "7"}, false}, {"own", []string{"", "", "6"}, false}, {"new", []string{"", "5", ""}, true},
		{"y", []string{"2", "", ""}, true}, {"z", []string{"3", "4", ""}, true}}
	if len(got.Runs) != 3 || got.Differs != 3 || len(got.Rows) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, w := range want {
		if g := got.Rows[i]; g.Name != w.Name || g.Differ != w.Differ || strings.Join(g.Values, ",") != strings.Join(w.Values, ",") {
			t.Errorf("row %d is %+v, want %+v", i, g, w)
		}
	}
}
