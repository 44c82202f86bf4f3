// What a classifier says along a video.

package report

import (
	"fmt"
	"image"
	"image/color"
	stddraw "image/draw"
	"math"

	ximage "golang.org/x/image/draw"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"videomae/video"
)

// Timeline is the probabilities of some classes at moments of a video.
type Timeline struct {
	Times   []float64 // seconds, rising
	End     float64   // of the video, in seconds
	Classes []string
	Values  [][]float64 // for each class and moment, from 0 to 1
	Best    []int       // the place in Classes of each moment's most probable class, or -1 where it is none of them

	Thumbs   video.Clip // some frames of the video
	ThumbsAt []float64  // when they are shown, in seconds
}

// TimelineClasses is how many classes a timeline has colours for.
const TimelineClasses = 6

func timelineColours() []color.Color { return append([]color.Color{blue, green}, others...) }

const (
	timelineWidth  = 720 // points
	timelineHeight = 300
	timelineDPI    = 108
	bandHeight     = 16 // pixels
	thumbWidth     = 116
)

// Figure draws frames of the video, a band in the colour of each moment's most probable class, and a line for each class.
func (t Timeline) Figure(caption string) (image.Image, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	faces, err := loadFaces()
	if err != nil {
		return nil, err
	}
	p, legend, err := t.plot()
	if err != nil {
		return nil, fmt.Errorf("report: timeline: %w", err)
	}
	key := legend.Rectangle(draw.New(vgimg.New(timelineWidth, timelineHeight)))
	keyHeight := key.Max.Y - key.Min.Y
	canvas := vgimg.NewWith(vgimg.UseWH(timelineWidth, timelineHeight+keyHeight+8), vgimg.UseDPI(timelineDPI))
	all := draw.Crop(draw.New(canvas), 8, -24, 8, -8)
	upper := draw.Crop(all, 0, 0, keyHeight, 0)
	p.Draw(upper)
	data := p.DataCanvas(upper)
	legend.Draw(draw.Crop(all, data.Min.X-all.Min.X, 0, 0, keyHeight-(all.Max.Y-all.Min.Y)))
	pixels := func(x vg.Length) int { return int(math.Round(x.Dots(timelineDPI))) }
	return t.compose(faces, canvas.Image(), caption, pixels(data.Min.X), pixels(data.Max.X)), nil
}

func (t Timeline) check() error {
	n := len(t.Times)
	switch {
	case n == 0 || len(t.Classes) == 0 || len(t.Classes) > TimelineClasses:
		return fmt.Errorf("report: a timeline of %d classes at %d moments cannot be drawn", len(t.Classes), n)
	case len(t.Values) != len(t.Classes) || len(t.Best) != n || len(t.ThumbsAt) != t.Thumbs.T:
		return fmt.Errorf("report: timeline: %d rows and %d best of %d classes at %d moments, %d times of %d pictures",
			len(t.Values), len(t.Best), len(t.Classes), n, len(t.ThumbsAt), t.Thumbs.T)
	}
	for i, row := range t.Values {
		if len(row) != n {
			return fmt.Errorf("report: timeline: %d values of class %q at %d moments", len(row), t.Classes[i], n)
		}
	}
	return nil
}

// plot draws the lines. Its legend is returned apart.
func (t Timeline) plot() (*plot.Plot, plot.Legend, error) {
	p := newPlot("seconds", "probability")
	legend := plot.NewLegend()
	legend.TextStyle.Font = sans(11)
	legend.Top, legend.Left = true, true
	legend.ThumbnailWidth, legend.Padding = 28, 3
	for i, class := range t.Classes {
		var xys plotter.XYs
		for k, x := range t.Times {
			xys = append(xys, plotter.XY{X: x, Y: t.Values[i][k]})
		}
		line, dots, err := plotter.NewLinePoints(xys)
		if err != nil {
			return nil, legend, err
		}
		line.Color, line.Width = timelineColours()[i], 1.5
		dots.Color, dots.Shape, dots.Radius = line.Color, draw.CircleGlyph{}, 2
		p.Add(line)
		if len(t.Times) <= 100 {
			p.Add(dots)
		}
		legend.Add(class, line)
	}
	p.X.Min, p.X.Max = 0, max(t.End, t.Times[len(t.Times)-1], 1e-3)
	p.Y.Min, p.Y.Max = 0, 1
	return p, legend, nil
}

// compose puts caption, frames and band above the plot, whose x axis goes from left to right.
func (t Timeline) compose(faces typefaces, figure image.Image, caption string, left, right int) image.Image {
	width := figure.Bounds().Dx()
	head := wrap(faces.bold, caption, width-2*margin)
	thumbHigh := 0
	if t.Thumbs.T > 0 {
		thumbHigh = thumbWidth * t.Thumbs.H / t.Thumbs.W
	}
	thumbTop := margin + len(head)*lineStep + gap
	bandTop := thumbTop + thumbHigh + gap
	img := blank(width, bandTop+bandHeight+figure.Bounds().Dy())
	write(img, faces.bold, head, margin, margin)
	end := max(t.End, t.Times[len(t.Times)-1], 1e-3)
	x := func(seconds float64) int { return left + int(math.Round(seconds/end*float64(right-left))) }
	for i, at := range t.ThumbsAt {
		from := min(max(x(at)-thumbWidth/2, margin), width-margin-thumbWidth)
		small := image.Rect(from, thumbTop, from+thumbWidth, thumbTop+thumbHigh)
		ximage.ApproxBiLinear.Scale(img, small, picture(t.Thumbs, i), image.Rect(0, 0, t.Thumbs.W, t.Thumbs.H), ximage.Src, nil)
	}
	for k := range t.Times {
		from, to := t.reach(k, end)
		shade := color.Color(track)
		if t.Best[k] >= 0 {
			shade = timelineColours()[t.Best[k]]
		}
		stddraw.Draw(img, image.Rect(x(from), bandTop, max(x(to), x(from)+1), bandTop+bandHeight-gap), image.NewUniform(shade), image.Point{}, stddraw.Src)
	}
	stddraw.Draw(img, figure.Bounds().Add(image.Pt(0, bandTop+bandHeight)), figure, image.Point{}, stddraw.Src)
	return img
}

// reach is the time that moment k stands for: half-way to its neighbours.
func (t Timeline) reach(k int, end float64) (from, to float64) {
	from, to = 0, end
	if k > 0 {
		from = (t.Times[k-1] + t.Times[k]) / 2
	}
	if k < len(t.Times)-1 {
		to = (t.Times[k] + t.Times[k+1]) / 2
	}
	return from, to
}

// picture is a frame of a clip.
func picture(clip video.Clip, t int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, clip.W, clip.H))
	place(img, clip, t, 0, 0, 1)
	return img
}
