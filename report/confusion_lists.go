// What stands beside a confusion matrix: the meaning of its colours, the largest confusions, the classes that fare worst.

package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strconv"
)

// numberRoom is the width of a number before a line of a list, in pixels.
const numberRoom = 28

// legendHeight is how much of the list's height the colours' meaning takes.
func (p *confusionPicture) legendHeight() int { return 5 * lineStep }

// legend explains the colours.
func (p *confusionPicture) legend() {
	const bar, high = 200, 12
	x, y := p.side.Min.X, p.side.Min.Y
	for i, name := range []string{"rightly recognised", "taken for another class"} {
		top := y + i*lineStep
		for k := range bar {
			draw.Draw(p.img, image.Rect(x+k, top+4, x+k+1, top+4+high), image.NewUniform(p.tint(float64(k)/(bar-1), i == 0)), image.Point{}, draw.Src)
		}
		p.text(p.faces.regular, name, x+bar+10, top+lineStep-5, color.Black)
	}
	for _, share := range []int{0, 25, 50, 100} {
		label := fmt.Sprintf("%d %%", share)
		at := x + (bar-1)*share/100
		p.text(p.faces.regular, label, max(x, at-p.wideRegular(label)/2), y+3*lineStep-5, greyText)
	}
	p.text(p.faces.regular, "of a row's videos", x+bar+40, y+3*lineStep-5, greyText)
}

// confusions writes the list.
func (p *confusionPicture) confusions() {
	x, y := p.side.Min.X, p.side.Min.Y+p.legendHeight()
	title := "Largest confusions"
	switch {
	case len(p.list) == 0:
		title = "No class was taken for another"
	case p.more > 0:
		title = fmt.Sprintf("Largest confusions (%d of %d)", len(p.list), len(p.list)+p.more)
	}
	p.text(p.faces.bold, title, x, y-5, color.Black)
	for i, c := range p.list {
		base := y + (i+1)*lineStep - 5
		amount := fmt.Sprintf("%d of %d", c.n, c.of)
		right := p.side.Max.X - p.wideRegular(amount)
		p.text(p.faces.regular, amount, right, base, greyText)
		p.text(p.faces.regular, strconv.Itoa(i+1), x, base, greyText)
		room := right - 2*margin - x - numberRoom - p.wideRegular(" → ")
		from, to := p.pair(p.Rows[c.row], p.Rows[c.column], room)
		p.text(p.faces.regular, from+" → "+to, x+numberRoom, base, color.Black)
	}
}

// leastRecognised writes the list of classes with the lowest accuracy.
func (p *confusionPicture) leastRecognised() {
	if len(p.worst) == 0 {
		return
	}
	x, y := p.side.Min.X, p.side.Max.Y+2*lineStep
	p.text(p.faces.bold, "Least often recognised", x, y-5, color.Black)
	for i, row := range p.worst {
		base := y + (i+1)*lineStep - 5
		amount := fmt.Sprintf("%d of %d right", p.right(row), p.totals[row])
		right := p.side.Max.X - p.wideRegular(amount)
		p.text(p.faces.regular, amount, right, base, greyText)
		p.text(p.faces.regular, shorten(p.faces.regular, p.Rows[row], right-2*margin-x-numberRoom), x+numberRoom, base, color.Black)
	}
}

// pair cuts two names so that both fit into a width.
func (p *confusionPicture) pair(a, b string, room int) (string, string) {
	half := room / 2
	wideA, wideB := p.wideRegular(a), p.wideRegular(b)
	switch {
	case wideA+wideB <= room:
		return a, b
	case wideA <= half:
		return a, shorten(p.faces.regular, b, room-wideA)
	case wideB <= half:
		return shorten(p.faces.regular, a, room-wideB), b
	}
	return shorten(p.faces.regular, a, half), shorten(p.faces.regular, b, half)
}
