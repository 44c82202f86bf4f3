// Drawing curves as SVG.

package page

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/plotter"

	"videomae/report"
)

// colours that the colour-blind can tell apart (Okabe and Ito 2008), one for each run.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442"}

// grey is what curves are compared with.
const grey = "#6b7480"

// Chart is curves over the optimiser's steps.
type Chart struct {
	Title, YName string
	FromZero     bool // the lower end of the axis is 0
	Lines        []Line
}

// Line is one curve.
type Line struct {
	Name   string // in the legend; "" leaves it out
	Points plotter.XYs
	Colour string
	Dash   string // SVG's stroke-dasharray; "" is a whole line
	Faint  bool
	Marks  bool // a dot, with its numbers when pointed at, for each point
}

func (c Chart) hasPoints() bool {
	for _, l := range c.Lines {
		if len(l.Points) > 0 {
			return true
		}
	}
	return false
}

// The drawing in units of its own; it is scaled to the page.
const (
	chartWidth, chartHeight         = 560.0, 260.0
	leftRoom, rightRoom             = 72.0, 14.0
	topRoom, bottomRoom             = 10.0, 40.0
	stretches                       = 400 // of a curve: more than it has pixels
	mostTicks                       = 6
	plotRight, plotBottom           = chartWidth - rightRoom, chartHeight - bottomRoom
	plotWidth, plotHeight   float64 = plotRight - leftRoom, plotBottom - topRoom
)

// frame maps values to the drawing.
type frame struct{ xLow, xHigh, yLow, yHigh float64 }

func (f frame) x(v float64) float64 { return leftRoom + (v-f.xLow)/(f.xHigh-f.xLow)*plotWidth }
func (f frame) y(v float64) float64 { return plotBottom - (v-f.yLow)/(f.yHigh-f.yLow)*plotHeight }

// frame has room for all lines.
func (c Chart) frame() frame {
	f := frame{math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			f.xLow, f.xHigh = min(f.xLow, p.X), max(f.xHigh, p.X)
			f.yLow, f.yHigh = min(f.yLow, p.Y), max(f.yHigh, p.Y)
		}
	}
	f.xLow = min(f.xLow, 0)
	if f.xHigh <= f.xLow {
		f.xHigh = f.xLow + 1
	}
	if c.FromZero {
		f.yLow = min(f.yLow, 0)
	}
	room := 0.05 * (f.yHigh - f.yLow)
	if room <= 1e-12*math.Abs(f.yHigh) {
		room = max(0.05*math.Abs(f.yHigh), 1e-9)
	}
	f.yHigh += room
	if !c.FromZero {
		f.yLow -= room
	}
	return f
}

// SVG draws the chart without its title and legend.
func (c Chart) SVG() template.HTML {
	var b strings.Builder
	f := c.frame()
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, html.EscapeString(c.Title))
	for _, v := range report.Ticks(f.yLow, f.yHigh, mostTicks) {
		y := f.y(v)
		fmt.Fprintf(&b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/>`, leftRoom, plotRight, y, y)
		fmt.Fprintf(&b, `<text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`, leftRoom-6, y+3.5, short(v))
	}
	for _, v := range report.Ticks(f.xLow, f.xHigh, mostTicks) {
		x := f.x(v)
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%g" y2="%g"/>`, x, x, topRoom, plotBottom)
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`, x, plotBottom+15, short(v))
	}
	fmt.Fprintf(&b, `<text class="axis" x="%g" y="%g" text-anchor="middle">optimiser step</text>`, leftRoom+plotWidth/2, chartHeight-6)
	fmt.Fprintf(&b, `<text class="axis" transform="translate(10 %g) rotate(-90)" text-anchor="middle">%s</text>`, topRoom+plotHeight/2, html.EscapeString(c.YName))
	for _, l := range c.Lines {
		l.draw(&b, f)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // numbers, and texts escaped above
}

// draw writes one curve.
func (l Line) draw(b *strings.Builder, f frame) {
	if len(l.Points) == 0 {
		return
	}
	class := "curve"
	if l.Faint {
		class = "curve faint"
	}
	fmt.Fprintf(b, `<polyline class="%s" stroke="%s" stroke-dasharray="%s" points="`, class, l.Colour, l.Dash)
	for _, p := range thin(l.Points, stretches) {
		fmt.Fprintf(b, "%.1f,%.1f ", f.x(p.X), f.y(p.Y))
	}
	b.WriteString(`"/>`)
	if !l.Marks {
		return
	}
	for _, p := range thin(l.Points, stretches) {
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="2.6" fill="%s"><title>%s: %s at step %s</title></circle>`,
			f.x(p.X), f.y(p.Y), l.Colour, html.EscapeString(l.Name), short(p.Y), short(p.X))
	}
}

// Key draws the line's sample for the legend.
func (l Line) Key() template.HTML {
	return template.HTML(fmt.Sprintf(`<svg class="key" viewBox="0 0 28 8" aria-hidden="true"><line x1="1" x2="27" y1="4" y2="4" stroke="%s" stroke-width="2.2" stroke-dasharray="%s"/></svg>`,
		l.Colour, l.Dash)) // both are constants of this package
}

// short writes a number with up to four significant digits, and a whole one with all of its digits.
func short(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e7 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
