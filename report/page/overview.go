package page

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
)

// overview is the table on top: what each run is and what it came to.
func overview(runs []*Run) table { return compare(runs, (*Run).essence) }

// essence is the few facts that tell runs apart.
func (r *Run) essence() []Fact {
	facts := []Fact{{"kind", r.Kind.String()}}
	setting := map[string]string{}
	for _, f := range r.Settings {
		setting[f.Name] = f.Value
	}
	if size := setting["model.size"]; size != "" {
		facts = append(facts, Fact{"model", fmt.Sprintf("%s, %s frames of %sx%s", size, setting["model.frames"], setting["model.height"], setting["model.width"])})
	}
	if recipe := setting["name"]; recipe != "" {
		facts = append(facts, Fact{"recipe", recipe})
	}
	if init, known := setting["train.init"]; known {
		if init == "" {
			init = "random weights"
		}
		facts = append(facts, Fact{"starts from", init})
	}
	facts = append(facts, r.Progress...)
	curve := func(name string, xys plotter.XYs, pick func(plotter.XYs) float64, unit string) {
		if len(xys) > 0 {
			facts = append(facts, Fact{name, short(pick(xys)) + unit})
		}
	}
	curve("last logged training loss", points(r.lines, func(l logged) *float64 { return l.Loss }), last, "")
	if !slices.ContainsFunc(facts, func(f Fact) bool { return f.Name == bestValidation }) { // the checkpoint does not tell
		curve(bestValidation, points(r.lines, validated("top1")), highest, " % top-1")
	}
	if skipped := points(r.lines, func(l logged) *float64 { return l.Skipped }); len(skipped) > 0 && last(skipped) > 0 {
		facts = append(facts, Fact{"updates skipped, not finite", short(last(skipped))})
	}
	for _, e := range r.Evaluations {
		facts = append(facts, e.essence(len(r.Evaluations) > 1)...)
	}
	return facts
}
