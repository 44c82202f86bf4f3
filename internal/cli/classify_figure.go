package cli

import (
	"cmp"
	"fmt"
	"image"
	"slices"

	"videomae/report"
)

// figure draws the classes that are most probable somewhere in the video, as many as there are colours.
func (l *line) figure(name string) (image.Image, error) {
	chosen := l.chosen()
	t := report.Timeline{End: l.end, Thumbs: l.thumbs, ThumbsAt: l.thumbsAt}
	for _, class := range chosen {
		t.Classes = append(t.Classes, l.trained.Classes[class])
		var values []float64
		for _, row := range l.rows {
			values = append(values, row[class])
		}
		t.Values = append(t.Values, values)
	}
	for k, row := range l.rows {
		t.Times = append(t.Times, l.windows.Centre(k))
		t.Best = append(t.Best, slices.Index(chosen, top(row)))
	}
	return t.Figure(fmt.Sprintf("%s: %d windows of %d frames, one every %v; the band shows the most probable class", name, len(l.rows), l.windows.Frames, l.every))
}

// chosen are the classes that are most probable in the most windows, then those of the greatest probability anywhere.
func (l *line) chosen() []int {
	wins, most := make([]int, len(l.trained.Classes)), make([]float64, len(l.trained.Classes))
	for _, row := range l.rows {
		wins[top(row)]++
		for class, p := range row {
			most[class] = max(most[class], p)
		}
	}
	order := make([]int, len(wins))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(wins[b], wins[a]), cmp.Compare(most[b], most[a])) })
	return order[:min(len(order), report.TimelineClasses)]
}
