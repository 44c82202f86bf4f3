// The numbers of a run's course.

package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot/plotter"
)

// metricsFile is what a run logs.
const metricsFile = "metrics.jsonl"

// logged is a line of it as far as it is drawn: of a training step, of a validation, or of both.
type logged struct {
	Step           *float64            `json:"step"`
	Epoch          *float64            `json:"epoch"`
	Loss           *float64            `json:"loss"` // null where it was not finite
	LR             *float64            `json:"lr"`
	GradNorm       *float64            `json:"grad_norm"`
	ClipsPerSecond *float64            `json:"clips_per_s"`
	DataWait       *float64            `json:"data_wait"`
	Skipped        *float64            `json:"skipped"`
	Seconds        *float64            `json:"seconds"`
	Baselines      map[string]*float64 `json:"baselines"`
	Scores         map[string]*float64 `json:"scores"` // what else was measured, such as val_loss
	Val            map[string]*float64 `json:"val"`    // of a validation: top1, top5, mean_class, loss
}

// readMetrics reads the lines of a run that can be read, and describes those that cannot.
func readMetrics(folder string) (lines []logged, problems []string) {
	path := filepath.Join(folder, metricsFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, []string{metricsFile + " is missing: no curves"}
	case err != nil:
		return nil, []string{fmt.Sprintf("%s cannot be read (%v): no curves", metricsFile, err)}
	}
	const told = 5
	bad := 0
	for number := 1; len(text) > 0; number++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		text = rest
		var l logged
		err := json.Unmarshal(line, &l)
		switch {
		case err != nil && !whole:
			problems = append(problems, fmt.Sprintf("%s ends in the middle of line %d: the run was stopped while it wrote, or is going on", metricsFile, number))
		case err != nil || l.Step == nil:
			if bad++; bad <= told {
				problems = append(problems, fmt.Sprintf("%s line %d is not a record and left out (%s)", metricsFile, number, reason(err)))
			}
		default:
			lines = append(lines, l)
		}
	}
	if bad > told {
		problems = append(problems, fmt.Sprintf("%s: %d more lines are no records and left out", metricsFile, bad-told))
	}
	if len(lines) == 0 {
		problems = append(problems, metricsFile+" holds no record: no curves")
	}
	return lines, problems
}

func reason(err error) string {
	if err == nil {
		return "it has no step"
	}
	return err.Error()
}

// points pairs the step with a value, where there is one.
func points(lines []logged, value func(logged) *float64) plotter.XYs {
	var out plotter.XYs
	for _, l := range lines {
		if v := value(l); v != nil && !math.IsNaN(*v) && !math.IsInf(*v, 0) {
			out = append(out, plotter.XY{X: *l.Step, Y: *v})
		}
	}
	return out
}

// scaled multiplies the values.
func scaled(xys plotter.XYs, factor float64) plotter.XYs {
	for i := range xys {
		xys[i].Y *= factor
	}
	return xys
}

// thin keeps the lowest and the highest point of each of so many stretches of a curve that is longer, in order, so that its look remains.
func thin(xys plotter.XYs, stretches int) plotter.XYs {
	if len(xys) <= 2*stretches {
		return xys
	}
	out := make(plotter.XYs, 0, 2*stretches+2)
	out = append(out, xys[0])
	for s := range stretches {
		from, to := s*len(xys)/stretches, (s+1)*len(xys)/stretches
		low, high := from, from
		for i := from; i < to; i++ {
			if xys[i].Y < xys[low].Y {
				low = i
			}
			if xys[i].Y > xys[high].Y {
				high = i
			}
		}
		for _, i := range []int{min(low, high), max(low, high)} {
			if xys[i].X > out[len(out)-1].X {
				out = append(out, xys[i])
			}
		}
	}
	if last := xys[len(xys)-1]; last.X > out[len(out)-1].X {
		out = append(out, last)
	}
	return out
}
