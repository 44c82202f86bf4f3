// Which curves there are.

package page

import (
	"fmt"
	"maps"
	"slices"

	"gonum.org/v1/plot/plotter"

	"videomae/report"
)

// chartGroup is the curves of the runs whose numbers can be compared: those of one kind.
type chartGroup struct {
	Name   string
	Charts []Chart
}

// charts draws the runs' courses, those of each kind together.
func charts(runs []*Run) []chartGroup {
	var groups []chartGroup
	for _, kind := range []Kind{Pretraining, Finetuning} {
		var of []*Run
		for _, r := range runs {
			if r.Kind == kind && len(r.lines) > 0 {
				of = append(of, r)
			}
		}
		g := chartGroup{Name: kind.String()}
		for _, c := range []Chart{lossChart(of), accuracyChart(of), rateChart(of), normChart(of), speedChart(of)} {
			if c.hasPoints() {
				g.Charts = append(g.Charts, c)
			}
		}
		if len(g.Charts) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// label names a line of a run: by itself where there is one run, with the run's name otherwise.
func label(runs []*Run, r *Run, what string) string {
	switch {
	case len(runs) == 1:
		return what
	case what == "":
		return r.Name
	}
	return r.Name + ", " + what
}

func lossChart(runs []*Run) Chart {
	c := Chart{Title: "Loss", YName: "loss"}
	for _, r := range runs {
		raw := points(r.lines, func(l logged) *float64 { return l.Loss })
		if len(raw) == 0 {
			continue
		}
		smooth := report.RunningMean(raw)
		c.Lines = append(c.Lines, Line{Points: raw, Colour: r.Colour, Faint: true},
			Line{Name: label(runs, r, fmt.Sprintf("training, running mean (last %s)", short(last(smooth)))), Points: smooth, Colour: r.Colour})
		if validation := points(r.lines, validated("loss")); len(validation) > 0 {
			c.Lines = append(c.Lines, Line{Name: label(runs, r, fmt.Sprintf("validation (last %s)", short(last(validation)))), Points: validation, Colour: r.Colour, Dash: "5 3", Marks: true})
		}
		if len(runs) == 1 {
			c.Lines = append(c.Lines, baselines(r, raw)...)
		}
	}
	return c
}

// baselines are the means of the trivial predictors, as level lines.
func baselines(r *Run, raw plotter.XYs) []Line {
	names := map[string]bool{}
	for _, l := range r.lines {
		for name := range l.Baselines {
			names[name] = true
		}
	}
	var lines []Line
	for i, name := range slices.Sorted(maps.Keys(names)) {
		values := points(r.lines, func(l logged) *float64 { return l.Baselines[name] })
		if len(values) == 0 {
			continue
		}
		mean := 0.0
		for _, v := range values {
			mean += v.Y / float64(len(values))
		}
		level := plotter.XYs{{X: raw[0].X, Y: mean}, {X: raw[len(raw)-1].X, Y: mean}}
		lines = append(lines, Line{Name: fmt.Sprintf("trivial predictor %s (%s)", name, short(mean)), Points: level, Colour: grey, Dash: fmt.Sprintf("%d 4", 2+4*i)})
	}
	return lines
}

// validated reads a number of a validation, under either of the places where runs keep it.
func validated(name string) func(logged) *float64 {
	return func(l logged) *float64 {
		if v := l.Val[name]; v != nil {
			return v
		}
		return l.Scores["val_"+name]
	}
}

func accuracyChart(runs []*Run) Chart {
	c := Chart{Title: "Accuracy on the validation videos", YName: "%", FromZero: true}
	for _, r := range runs {
		for _, score := range []struct{ key, name, dash string }{{"top1", "top-1", ""}, {"top5", "top-5", "6 3"}, {"mean_class", "mean of classes", "2 3"}} {
			if xys := points(r.lines, validated(score.key)); len(xys) > 0 {
				name := fmt.Sprintf("%s (best %s, last %s)", score.name, short(highest(xys)), short(last(xys)))
				c.Lines = append(c.Lines, Line{Name: label(runs, r, name), Points: xys, Colour: r.Colour, Dash: score.dash, Marks: true})
			}
		}
	}
	return c
}

func rateChart(runs []*Run) Chart {
	c := Chart{Title: "Learning rate", YName: "rate", FromZero: true}
	for _, r := range runs {
		xys := points(r.lines, func(l logged) *float64 { return l.LR })
		c.Lines = append(c.Lines, Line{Name: label(runs, r, ""), Points: xys, Colour: r.Colour})
	}
	return c
}

func normChart(runs []*Run) Chart {
	c := Chart{Title: "Norm of the gradient, before clipping", YName: "L2 norm", FromZero: true}
	for _, r := range runs {
		xys := points(r.lines, func(l logged) *float64 { return l.GradNorm })
		c.Lines = append(c.Lines, Line{Name: label(runs, r, ""), Points: xys, Colour: r.Colour})
	}
	return c
}

func speedChart(runs []*Run) Chart {
	c := Chart{Title: "Speed", YName: "clips a second", FromZero: true}
	for _, r := range runs {
		xys := points(r.lines, func(l logged) *float64 { return l.ClipsPerSecond })
		wait := scaled(points(r.lines, func(l logged) *float64 { return l.DataWait }), 100)
		if len(xys) == 0 {
			continue
		}
		what := ""
		if len(wait) > 0 {
			what = fmt.Sprintf("%.1f %% of the time waiting for data", mean(wait))
		}
		c.Lines = append(c.Lines, Line{Name: label(runs, r, what), Points: xys, Colour: r.Colour})
	}
	return c
}

func last(xys plotter.XYs) float64 { return xys[len(xys)-1].Y }

func highest(xys plotter.XYs) float64 {
	most := xys[0].Y
	for _, p := range xys {
		most = max(most, p.Y)
	}
	return most
}

func mean(xys plotter.XYs) float64 {
	sum := 0.0
	for _, p := range xys {
		sum += p.Y
	}
	return sum / float64(len(xys))
}
