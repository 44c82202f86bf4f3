// The picture of a choice of frames: where in the video they lie, and what they show.

package report

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"

	"videomae/video"
)

// Choice is the frames of one clip.
type Choice struct {
	Title  string
	Frames []int // of the video, counted from 0, never decreasing
}

// Filmed is a video that frames were chosen from, with the pictures of those frames.
type Filmed struct {
	Frames   int        // of the whole video
	FPS      float64    // frames a second, for times; 0 where unknown
	Pictures video.Clip // of the chosen frames, each once
	Numbers  []int      // rising: which frame of the video each picture is
}

const (
	choiceColumns = 8   // pictures in a row
	pictureRoom   = 118 // pixels at least from picture to picture, for the text above
	stripRow      = 18  // pixels from choice to choice in the strip
	markWidth     = 3   // pixels of a frame's mark in the strip
)

var (
	again = others[0] // colour of frames that show the one before once more
	track = color.RGBA{236, 236, 236, 255}
)

// Choices draws where in a video the frames of some clips lie, a line of marks for each clip over the whole length, and below them the
// frames, with their numbers and times. Frames that repeat the one before are marked as such.
func Choices(v Filmed, choices []Choice, caption string) (image.Image, error) {
	if err := v.check(choices); err != nil {
		return nil, err
	}
	faces, err := loadFaces()
	if err != nil {
		return nil, err
	}
	most := 0
	for _, c := range choices {
		most = max(most, len(c.Frames))
	}
	columns := min(most, choiceColumns)
	step := max(v.Pictures.W+gap, pictureRoom)
	inner := max(columns*step-gap, 4*pictureRoom)
	p := choicePicture{Filmed: v, faces: faces, step: step, columns: columns, inner: inner}

	head := wrap(faces.bold, caption, inner)
	top := margin + len(head)*lineStep + margin
	height := top + p.stripHeight(len(choices))
	for _, c := range choices {
		height += p.choiceHeight(c)
	}
	p.img = blank(inner+2*margin, height)
	write(p.img, faces.bold, head, margin, margin)
	p.strip(choices, top)
	y := top + p.stripHeight(len(choices))
	for i, c := range choices {
		p.choice(c, i, y)
		y += p.choiceHeight(c)
	}
	return p.img, nil
}

func (v Filmed) check(choices []Choice) error {
	if len(choices) == 0 {
		return errors.New("report: no frames chosen")
	}
	if err := checkPanels([]Panel{{"frames", v.Pictures}}); err != nil {
		return err
	}
	if len(v.Numbers) != v.Pictures.T {
		return fmt.Errorf("report: %d numbers for %d pictures", len(v.Numbers), v.Pictures.T)
	}
	for _, c := range choices {
		if len(c.Frames) == 0 {
			return fmt.Errorf("report: %q has no frames", c.Title)
		}
		for _, n := range c.Frames {
			if n < 0 || n >= v.Frames || v.picture(n) < 0 {
				return fmt.Errorf("report: %q has frame %d, which is not one of the video's %d or has no picture", c.Title, n, v.Frames)
			}
		}
	}
	return nil
}

// picture is which picture a frame is, or -1.
func (v Filmed) picture(frame int) int {
	for i, n := range v.Numbers {
		if n == frame {
			return i
		}
	}
	return -1
}

// choicePicture is the picture in the making.
type choicePicture struct {
	Filmed
	img     *image.RGBA
	faces   typefaces
	step    int // from picture to picture
	columns int
	inner   int // width between the margins
}

// stripLeft is the room for the clips' numbers, left of the strip.
const stripLeft = 48

// x is where a moment of the video, in frames, lies on the strip.
func (p choicePicture) x(frame float64) int {
	return margin + stripLeft + int(math.Round(frame/float64(p.Frames)*float64(p.inner-stripLeft)))
}

func (p choicePicture) stripHeight(rows int) int { return rows*stripRow + 2*lineStep + 2*margin }

// strip draws the marks and below them the axis, in frames and seconds.
func (p choicePicture) strip(choices []Choice, top int) {
	for row, c := range choices {
		y := top + row*stripRow
		p.text(strconv.Itoa(row+1), margin, y+stripRow-4, color.Black)
		p.fill(p.x(0), y+3, p.x(float64(p.Frames)), y+stripRow-3, track)
		first, last := c.Frames[0], c.Frames[len(c.Frames)-1]
		p.fill(p.x(float64(first)), y+3, p.x(float64(last)+1), y+stripRow-3, pale)
		for i, n := range c.Frames {
			left := p.x(float64(n))
			right := max(left+markWidth, p.x(float64(n)+1)-1)
			if i > 0 && n == c.Frames[i-1] {
				p.fill(left, y+stripRow-6, right, y+stripRow-2, again)
				continue
			}
			p.fill(left, y+2, right, y+stripRow-2, blue)
		}
	}
	y := top + len(choices)*stripRow
	p.text("frame", margin, y+lineStep, color.Black)
	for _, t := range roundTicks(0, float64(p.Frames)) {
		if t.Value != math.Trunc(t.Value) {
			continue
		}
		x := p.x(t.Value)
		p.fill(x, y, x+1, y+5, color.Black)
		p.centred(t.Label, x, y+lineStep)
		if p.FPS > 0 {
			p.centred(p.seconds(int(t.Value)), x, y+2*lineStep)
		}
	}
}

// seconds is the time of a frame, with its unit.
func (p choicePicture) seconds(frame int) string { return fmt.Sprintf("%.2f s", float64(frame)/p.FPS) }

func (p choicePicture) choiceHeight(c Choice) int {
	rows := (len(c.Frames) + p.columns - 1) / p.columns
	return lineStep*len(wrap(p.faces.bold, c.Title, p.inner)) + rows*(lineStep+p.Pictures.H) + margin
}

// choice draws a clip's frames.
func (p choicePicture) choice(c Choice, number, y int) {
	title := wrap(p.faces.bold, c.Title, p.inner)
	write(p.img, p.faces.bold, title, margin, y)
	y += lineStep * len(title)
	for i, n := range c.Frames {
		x := margin + i%p.columns*p.step
		at := y + i/p.columns*(lineStep+p.Pictures.H)
		repeats := i > 0 && n == c.Frames[i-1]
		label, ink := strconv.Itoa(n), color.Color(color.Black)
		switch {
		case repeats:
			label, ink = label+" again", again
		case p.FPS > 0:
			label += " · " + p.seconds(n)
		}
		p.text(label, x, at+lineStep-5, ink)
		place(p.img, p.Pictures, p.picture(n), x, at+lineStep, 1)
		if repeats {
			p.frame(x, at+lineStep)
		}
	}
}

// frame draws a border inside a picture at (x,y).
func (p choicePicture) frame(x, y int) {
	const wide = 3
	right, bottom := x+p.Pictures.W, y+p.Pictures.H
	p.fill(x, y, right, y+wide, again)
	p.fill(x, bottom-wide, right, bottom, again)
	p.fill(x, y, x+wide, bottom, again)
	p.fill(right-wide, y, right, bottom, again)
}

func (p choicePicture) fill(left, top, right, bottom int, c color.Color) {
	draw.Draw(p.img, image.Rect(left, top, right, bottom), image.NewUniform(c), image.Point{}, draw.Src)
}

// text writes on a base line.
func (p choicePicture) text(s string, x, base int, c color.Color) {
	pen := font.Drawer{Dst: p.img, Src: image.NewUniform(c), Face: p.faces.regular, Dot: fixed.P(x, base)}
	pen.DrawString(s)
}

// centred writes around x, but not over the edge.
func (p choicePicture) centred(s string, x, base int) {
	wide := font.MeasureString(p.faces.regular, s).Ceil()
	p.text(s, min(max(x-wide/2, margin), margin+p.inner-wide), base, color.Black)
}
