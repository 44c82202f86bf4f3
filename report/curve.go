// The figure of a run: loss against step, with the trivial predictors, and the learning rate below.

package report

import (
	"fmt"
	"image"
	"image/color"
	"maps"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"videomae/metrics"
)

// Colours that the colour-blind can tell apart (Okabe and Ito 2008).
var (
	pale   = color.RGBA{170, 200, 225, 255}
	blue   = color.RGBA{0, 114, 178, 255}
	green  = color.RGBA{0, 158, 115, 255}
	others = []color.Color{
		color.RGBA{213, 94, 0, 255}, color.RGBA{204, 121, 167, 255}, color.RGBA{230, 159, 0, 255}, color.RGBA{90, 90, 90, 255},
	}
)

// LossCurve draws the training loss of each record and its running mean, "val_loss" where it was scored, and the mean of each
// baseline as a level line; below, the learning rate. lossName is the text of the axis, with the unit. Values
// that are not finite are left out; it is an error when no loss is left.
func LossCurve(records []metrics.Record, title, lossName string) (image.Image, error) {
	raw := points(records, func(r metrics.Record) float64 { return r.Loss })
	if len(raw) == 0 {
		return nil, fmt.Errorf("report: none of the %d records has a finite loss to draw", len(records))
	}
	top, legend, err := lossPlot(records, raw, lossName)
	if err != nil {
		return nil, fmt.Errorf("report: loss curve: %w", err)
	}
	top.Title.Text = title
	top.X.Min, top.X.Max = 0, max(1, float64(records[len(records)-1].Step))
	bottom := newPlot("optimiser step", "learning rate")
	if _, err := addLine(bottom, points(records, func(r metrics.Record) float64 { return r.LR }), blue, 1.5); err != nil {
		return nil, fmt.Errorf("report: learning rate curve: %w", err)
	}
	bottom.Y.Min = 0
	bottom.X.Min, bottom.X.Max = top.X.Min, top.X.Max
	return compose(top, bottom, legend), nil
}

// points pairs step and value of the records whose value is finite.
func points(records []metrics.Record, value func(metrics.Record) float64) plotter.XYs {
	var out plotter.XYs
	for _, r := range records {
		if v := value(r); !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, plotter.XY{X: float64(r.Step), Y: v})
		}
	}
	return out
}

// RunningMean replaces each value by the mean of those around it, over a twenty-fifth of the curve, in total.
func RunningMean(raw plotter.XYs) plotter.XYs {
	half := len(raw) / 50
	out := slices.Clone(raw)
	for i := range raw {
		window := raw[max(0, i-half):min(len(raw), i+half+1)]
		sum := 0.0
		for _, p := range window {
			sum += p.Y
		}
		out[i].Y = sum / float64(len(window))
	}
	return out
}

// lossPlot draws the upper panel. Its legend is returned apart, to be drawn where it covers no data.
func lossPlot(records []metrics.Record, raw plotter.XYs, lossName string) (*plot.Plot, plot.Legend, error) {
	p := newPlot("", lossName)
	legend := plot.NewLegend()
	legend.TextStyle.Font = sans(11)
	legend.Top, legend.Left = true, true
	legend.ThumbnailWidth, legend.Padding = 28, 3
	low, high := math.Inf(1), math.Inf(-1)
	curve := func(name string, xys plotter.XYs, c color.Color, width vg.Length, dashes ...vg.Length) error {
		line, err := addLine(p, xys, c, width)
		if err != nil || line == nil {
			return err
		}
		line.Dashes = dashes
		legend.Add(name, line)
		for _, xy := range xys {
			low, high = min(low, xy.Y), max(high, xy.Y)
		}
		return nil
	}
	smooth := RunningMean(raw)
	if err := curve("training loss", raw, pale, 1); err != nil {
		return nil, legend, err
	}
	if err := curve(fmt.Sprintf("training loss, running mean (last %.3f)", smooth[len(smooth)-1].Y), smooth, blue, 2); err != nil {
		return nil, legend, err
	}
	validation := points(records, func(r metrics.Record) float64 { return at(r.Scores, "val_loss") })
	if n := len(validation); n > 0 {
		if err := curve(fmt.Sprintf("validation loss (last %.3f)", validation[n-1].Y), validation, green, 2); err != nil {
			return nil, legend, err
		}
	}
	for i, b := range baselines(records) {
		level := plotter.XYs{{X: raw[0].X, Y: b.mean}, {X: raw[len(raw)-1].X, Y: b.mean}}
		name := fmt.Sprintf("trivial predictor: %s (%.3f)", b.name, b.mean)
		dash := vg.Length(3 + 3*i)
		if err := curve(name, level, others[i%len(others)], 1.5, dash, 3); err != nil {
			return nil, legend, err
		}
	}
	room := max(0.05*(high-low), 1e-3)
	p.Y.Min, p.Y.Max = low-room, high+room
	return p, legend, nil
}

// baseline is a trivial predictor and its mean loss.
type baseline struct {
	name string
	mean float64
}

// baselines lists the trivial predictors in the records by name.
func baselines(records []metrics.Record) []baseline {
	names := map[string]bool{}
	for _, r := range records {
		for name := range r.Baselines {
			names[name] = true
		}
	}
	var out []baseline
	for _, name := range slices.Sorted(maps.Keys(names)) {
		values := points(records, func(r metrics.Record) float64 { return at(r.Baselines, name) })
		sum := 0.0
		for _, v := range values {
			sum += v.Y
		}
		if len(values) > 0 {
			out = append(out, baseline{name, sum / float64(len(values))})
		}
	}
	return out
}

// at is m[key], or NaN when there is none.
func at(m map[string]float64, key string) float64 {
	if v, has := m[key]; has {
		return v
	}
	return math.NaN()
}

// newPlot returns an empty plot with a light grid.
func newPlot(xName, yName string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = xName, yName
	p.Title.TextStyle.Font = sans(14)
	p.Title.Padding = 8
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = sans(12)
		axis.Tick.Label.Font = sans(11)
		axis.Tick.Marker = plot.TickerFunc(roundTicks)
		axis.Padding = 0
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	return p
}

// addLine adds a line to the plot; without points it adds none and returns nil.
func addLine(p *plot.Plot, xys plotter.XYs, c color.Color, width vg.Length) (*plotter.Line, error) {
	if len(xys) == 0 {
		return nil, nil
	}
	line, err := plotter.NewLine(xys)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = c, width
	p.Add(line)
	return line, nil
}

// sans is the sans-serif font in a size in points.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// roundTicks labels Ticks.
func roundTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for _, v := range Ticks(low, high, 8) {
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 4, 64)})
	}
	return ticks
}

// Ticks puts at most one more than most numbers, and seldom fewer than half of that, between low and high, at multiples of 1, 2 or 5 times a power of ten.
func Ticks(low, high float64, most int) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(most))))
	for _, factor := range []float64{2, 2.5, 2} {
		if (high-low)/step > float64(most) {
			step *= factor
		}
	}
	first := math.Ceil(low / step)
	var ticks []float64
	for i := range most + 1 { // counted, as adding 1 to a huge multiple does not change it
		if v := (first + float64(i)) * step; v <= high {
			ticks = append(ticks, v)
		}
	}
	return ticks
}

// compose draws, from the top down, the loss with its title, the legend, and the learning rate, the two x axes in line.
func compose(top, bottom *plot.Plot, legend plot.Legend) image.Image {
	const width, topHeight, bottomHeight, edge = 720, 340, 140, 8 // points
	key := legend.Rectangle(draw.New(vgimg.New(width, topHeight)))
	keyHeight := key.Max.Y - key.Min.Y
	height := topHeight + keyHeight + bottomHeight + 2*edge // between the edges
	canvas := vgimg.NewWith(vgimg.UseWH(width, height+2*edge), vgimg.UseDPI(108))
	inside := draw.Crop(draw.New(canvas), edge, -2*edge, edge, -edge)
	upper := draw.Crop(inside, 0, 0, height-topHeight, 0)
	lower := draw.Crop(inside, 0, 0, 0, bottomHeight-height)

	shift := top.DataCanvas(upper).Min.X - bottom.DataCanvas(lower).Min.X
	upper = draw.Crop(upper, max(0, -shift), 0, 0, 0)
	lower = draw.Crop(lower, max(0, shift), 0, 0, 0)
	top.Draw(upper)
	bottom.Draw(lower)
	middle := draw.Crop(inside, top.DataCanvas(upper).Min.X-inside.Min.X, 0, bottomHeight+edge, -topHeight-edge)
	legend.Draw(middle)
	return canvas.Image()
}
