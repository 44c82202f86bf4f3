package report

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/math/fixed"
)

// Colours of the matrix.
var (
	orange    = color.RGBA{213, 94, 0, 255}
	ground    = color.RGBA{247, 247, 247, 255} // of squares without videos
	noVideos  = color.RGBA{225, 225, 225, 255} // of rows without videos
	greyText  = color.RGBA{110, 110, 110, 255}
	ringColor = color.RGBA{40, 40, 40, 255}
)

// confusionPicture is the figure in the making.
type confusionPicture struct {
	Confusion
	faces   typefaces
	small   font.Face // of names and numbers
	cell    int
	named   bool
	order   []int // the model's class of each column
	rows    []int // the row of Rows of each line
	list    []confused
	more    int             // confusions beyond the list
	worst   []int           // rows least often recognised, where there is room for them
	columns int             // with that of unreadable videos, where there are any
	corner  image.Point     // of the matrix
	side    image.Rectangle // of the list
	img     *image.RGBA
}

// newConfusionPicture measures everything and makes a white picture of the size.
func newConfusionPicture(c Confusion) (*confusionPicture, error) {
	p := &confusionPicture{Confusion: c, cell: 1, order: c.order(), columns: c.Classes}
	for i := len(cellSizes) - 1; i >= 0; i-- {
		if len(c.Rows) <= cellSizes[i].rows {
			p.cell = cellSizes[i].cell
		}
	}
	p.named = p.cell >= leastNamed
	var err error
	if p.faces, err = loadFaces(); err != nil {
		return nil, err
	}
	if p.small, err = loadFace(goregular.TTF, float64(min(textSize, max(11, p.cell-3)))); err != nil {
		return nil, err
	}
	p.rows = append(p.rows, p.order...)
	for row := c.Classes; row < len(c.Rows); row++ {
		p.rows = append(p.rows, row)
	}
	if c.unreadable() {
		p.columns++
	}

	width := p.x(p.columns)
	height := p.y(len(p.rows))
	left, top := lineStep, 0 // for the names of the axes
	if p.named {
		wide := 0
		for _, name := range c.Rows {
			wide = max(wide, p.wide(p.short(name, nameRoom)))
		}
		if p.columns > c.Classes {
			wide = max(wide, p.wide("unreadable"))
		}
		left += wide + 6
		top += wide + 6
	}
	all := c.largest()
	titleWidth := margin + left + width + 3*margin + listWidth + margin
	title := wrap(p.faces.bold, c.Title, titleWidth-2*margin)
	p.corner = image.Pt(margin+left, 2*margin+len(title)*lineStep+lineStep+top)
	room := (p.corner.Y + height - 2*margin - len(title)*lineStep - p.legendHeight()) / lineStep // lines beside the matrix
	p.list = all[:min(len(all), max(leastListed, min(room-2, mostListed)))]
	p.more = len(all) - len(p.list)
	p.side.Min = image.Pt(p.corner.X+width+3*margin, 2*margin+len(title)*lineStep)
	p.side.Max = image.Pt(titleWidth-margin, p.side.Min.Y+p.legendHeight()+(len(p.list)+1)*lineStep)
	if room -= len(p.list) + 4; room >= leastListed {
		p.worst = c.worst()
		p.worst = p.worst[:min(len(p.worst), room, mostListed)]
	}
	p.img = blank(titleWidth, max(p.corner.Y+height, p.side.Max.Y)+2*margin)
	write(p.img, p.faces.bold, title, margin, margin)
	return p, nil
}

// x and y are where a column or a line begins, from the corner of the matrix; what is beside the model's classes stands apart.
func (p *confusionPicture) x(column int) int {
	return beside(column, p.Classes, p.columns)*apart + column*p.cell
}
func (p *confusionPicture) y(line int) int {
	return beside(line, p.Classes, len(p.rows))*apart + line*p.cell
}

// beside is 1 for a place from classes on where there are more places than those, else 0.
func beside(place, classes, places int) int {
	if place >= classes && places > classes {
		return 1
	}
	return 0
}

func (p *confusionPicture) wide(s string) int { return font.MeasureString(p.small, s).Ceil() }

// short cuts a name to a width in pixels.
func (p *confusionPicture) short(name string, width int) string { return shorten(p.small, name, width) }

// shorten cuts text to a width in pixels, with dots where something is missing.
func shorten(face font.Face, text string, width int) string {
	if font.MeasureString(face, text).Ceil() <= width {
		return text
	}
	letters := []rune(text)
	for n := len(letters) - 1; n > 0; n-- {
		if s := string(letters[:n]) + "…"; font.MeasureString(face, s).Ceil() <= width {
			return s
		}
	}
	return "…"
}

func (p *confusionPicture) draw() {
	p.axes()
	for line, row := range p.rows {
		for place := range p.columns {
			p.square(line, place, row)
		}
	}
	if p.named {
		p.names()
	} else {
		p.marks()
	}
	p.legend()
	p.confusions()
	p.leastRecognised()
}

// column is the column of Counts at a place.
func (p *confusionPicture) column(place int) int {
	if place < p.Classes {
		return p.order[place]
	}
	return p.Classes
}

// square draws one number of videos.
func (p *confusionPicture) square(line, place, row int) {
	column := p.column(place)
	n := p.Counts[row][column]
	from := p.corner.Add(image.Pt(p.x(place), p.y(line)))
	line1 := 0 // pixels between squares
	if p.cell >= 5 {
		line1 = 1
	}
	box := image.Rect(from.X, from.Y, from.X+p.cell-line1, from.Y+p.cell-line1)
	fill := ground
	switch {
	case p.totals[row] == 0:
		fill = noVideos
	case n > 0:
		fill = p.tint(p.share(row, column), row == column && column < p.Classes)
	}
	draw.Draw(p.img, box, image.NewUniform(fill), image.Point{}, draw.Src)
	text := strconv.Itoa(n)
	if n == 0 || p.cell < leastCounted || p.wide(text) > p.cell-3 {
		return
	}
	ink := color.Color(color.Black)
	if p.share(row, column) > 0.4 {
		ink = color.White
	}
	p.text(p.small, text, from.X+(p.cell-1-p.wide(text))/2, from.Y+p.cell/2+5, ink)
}

// tint is the colour of a share of a row. Its root makes small shares visible; squares too small for names need more.
func (p *confusionPicture) tint(share float64, right bool) color.RGBA {
	tone := orange
	if right {
		tone = blue
	}
	strength := math.Sqrt(share)
	if !p.named {
		strength = 0.25 + 0.75*strength
	}
	mix := func(tone, white uint8) uint8 {
		return uint8(math.Round(strength*float64(tone) + (1-strength)*float64(white)))
	}
	return color.RGBA{mix(tone.R, ground.R), mix(tone.G, ground.G), mix(tone.B, ground.B), 255}
}

// axes names them.
func (p *confusionPicture) axes() {
	top := "taken for"
	if len(p.Rows) > mostOrdered {
		top = "taken for (classes that are confused with one another are neighbours)"
	}
	p.text(p.faces.regular, top, p.corner.X, p.side.Min.Y+lineStep-5, greyText)
	p.upwards("videos of", margin, p.corner.Y+p.wideRegular("videos of"), p.faces.regular, greyText)
}

func (p *confusionPicture) wideRegular(s string) int {
	return font.MeasureString(p.faces.regular, s).Ceil()
}

// names writes the classes beside lines and above columns.
func (p *confusionPicture) names() {
	base := p.cell/2 + 4
	for line, row := range p.rows {
		name := p.short(p.Rows[row], nameRoom)
		p.text(p.small, name, p.corner.X-6-p.wide(name), p.corner.Y+p.y(line)+base, color.Black)
	}
	for place := range p.columns {
		name := "unreadable"
		if place < p.Classes {
			name = p.short(p.Rows[p.order[place]], nameRoom)
		}
		p.upwards(name, p.corner.X+p.x(place)+(p.cell-1-p.small.Metrics().Height.Ceil())/2, p.corner.Y-6, p.small, color.Black)
	}
}

// marks draws the numbers of the list beside their squares.
func (p *confusionPicture) marks() {
	place := make([]int, len(p.Rows))
	for at, row := range p.rows {
		place[row] = at
	}
	reach := p.cell/2 + 4
	for i, c := range p.list {
		x := p.corner.X + p.x(place[c.column]) + p.cell/2
		y := p.corner.Y + p.y(place[c.row]) + p.cell/2
		for angle := range 64 {
			a := 2 * math.Pi * float64(angle) / 64
			p.img.SetRGBA(x+int(math.Round(float64(reach)*math.Cos(a))), y+int(math.Round(float64(reach)*math.Sin(a))), ringColor)
		}
		number := strconv.Itoa(i + 1) // away from the diagonal
		if place[c.column] > place[c.row] {
			p.text(p.small, number, x+reach+2, y-1, ringColor)
		} else {
			p.text(p.small, number, x-reach-2-p.wide(number), y+10, ringColor)
		}
	}
}

// text writes on a base line.
func (p *confusionPicture) text(face font.Face, s string, x, base int, c color.Color) {
	pen := font.Drawer{Dst: p.img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, base)}
	pen.DrawString(s)
}

// upwards writes from (x, bottom) to the top, the letters' heads to the left.
func (p *confusionPicture) upwards(s string, x, bottom int, face font.Face, c color.Color) {
	wide, metrics := font.MeasureString(face, s).Ceil(), face.Metrics()
	high := metrics.Height.Ceil()
	lying := image.NewAlpha(image.Rect(0, 0, wide, high))
	pen := font.Drawer{Dst: lying, Src: image.Opaque, Face: face, Dot: fixed.P(0, metrics.Ascent.Ceil())}
	pen.DrawString(s)
	standing := image.NewAlpha(image.Rect(0, 0, high, wide))
	for i := range wide {
		for k := range high {
			standing.SetAlpha(k, wide-1-i, lying.AlphaAt(i, k))
		}
	}
	at := image.Rect(x, bottom-wide, x+high, bottom)
	draw.DrawMask(p.img, at, image.NewUniform(c), image.Point{}, standing, image.Point{}, draw.Over)
}
