package lab

import (
	"fmt"
	"math"
	"strings"
)

// Table is a row for each measured arm, as Markdown: top-1 as the mean over the seeds with their sample deviation, each seed's, and the mean
// class accuracy.
func (e Experiment) Table(results []Result) (string, error) {
	var b strings.Builder
	b.WriteString("| arm | top-1, mean of seeds | spread | each seed | mean class | videos |\n|---|---|---|---|---|---|\n")
	for _, arm := range e.Arms {
		if !arm.Measured {
			continue
		}
		var top, class []float64
		var each []string
		n := 0
		for _, r := range results {
			if r.Arm != arm.Name {
				continue
			}
			a, err := r.Accuracy()
			if err != nil {
				return "", err
			}
			top, class, n = append(top, a.Top1), append(class, a.MeanClass), a.N
			each = append(each, fmt.Sprintf("%.1f", a.Top1))
		}
		mean, deviation := spread(top)
		classMean, _ := spread(class)
		fmt.Fprintf(&b, "| %s | %.1f | %s | %s | %.1f | %d |\n", arm.Name, mean, plusMinus(deviation), strings.Join(each, ", "), classMean, n)
	}
	return b.String(), nil
}

// plusMinus writes a deviation, which a single seed does not have.
func plusMinus(deviation float64) string {
	if math.IsNaN(deviation) {
		return "-"
	}
	return fmt.Sprintf("+-%.1f", deviation)
}

// spread gives the mean and the sample standard deviation, which is not a number for fewer than two values.
func spread(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values)-1)
	}
	if len(values) < 2 {
		return mean, math.NaN()
	}
	return mean, math.Sqrt(deviation)
}
