// Moving pictures: panels side by side, as GIF and as MP4.

package report

import (
	"context"
	"fmt"
	"image"
	"image/gif"
	"io"
	"math"

	"videomae/video"
	"videomae/video/mp4"
)

// Film is panels in a grid, moving together.
type Film []*image.RGBA

// NewFilm lays panels out in the given number of rows, column by column, each panel below its title, with caption (which may be
// empty) on top. Width and height are even.
func NewFilm(panels []Panel, rows int, caption string) (Film, error) {
	if err := checkPanels(panels); err != nil {
		return nil, err
	}
	if rows < 1 {
		return nil, fmt.Errorf("report: %d rows, want at least 1", rows)
	}
	faces, err := loadFaces()
	if err != nil {
		return nil, err
	}

	const least = 224 // pixels, of a panel's width, so that titles have room
	first := panels[0].Clip
	rows = min(rows, len(panels))
	columns := (len(panels) + rows - 1) / rows
	scale := enlarge(first.W, least)
	wide, high := first.W*scale, first.H*scale
	head := wrap(faces.bold, caption, columns*(wide+margin)-margin)
	titles := make([][]string, len(panels))
	lines := 0
	for i, p := range panels {
		titles[i] = wrap(faces.regular, p.Title, wide)
		lines = max(lines, len(titles[i]))
	}
	cell := lines*lineStep + high + margin
	top := margin + len(head)*lineStep
	width, height := margin+columns*(wide+margin), top+rows*cell

	film := make(Film, first.T)
	for t := range film {
		film[t] = blank(width+width%2, height+height%2)
		write(film[t], faces.bold, head, margin, margin)
		for i, p := range panels {
			x, y := margin+i/rows*(wide+margin), top+i%rows*cell
			// Titles of fewer lines than others stand right above their clip.
			write(film[t], faces.regular, titles[i], x, y+(lines-len(titles[i]))*lineStep)
			place(film[t], p.Clip, t, x, y+lines*lineStep, scale)
		}
	}
	return film, nil
}

// WriteGIF writes an endless GIF. All frames share one palette, and equal colours stay equal over time.
func (f Film) WriteGIF(path string, fps float64) error {
	if len(f) == 0 || !(fps > 0) {
		return fmt.Errorf("report: write %s: cannot show %d frames at %v a second", path, len(f), fps)
	}
	palette := choosePalette(f)
	convert := nearestIn(palette)
	delay := max(2, int(math.Round(100/fps))) // hundredths of a second; players take less than 2 for slow
	bounds := f[0].Bounds()
	film := gif.GIF{Config: image.Config{ColorModel: palette, Width: bounds.Dx(), Height: bounds.Dy()}}
	for _, frame := range f {
		indexed := image.NewPaletted(bounds, palette)
		for i := range indexed.Pix {
			indexed.Pix[i] = convert(frame.Pix[4*i], frame.Pix[4*i+1], frame.Pix[4*i+2])
		}
		film.Image = append(film.Image, indexed)
		film.Delay = append(film.Delay, delay)
	}
	return WriteFile(path, func(w io.Writer) error { return gif.EncodeAll(w, &film) })
}

// WriteMP4 writes an H.264 file through ffmpeg.
func (f Film) WriteMP4(ctx context.Context, path string, fps float64) error {
	if len(f) == 0 {
		return fmt.Errorf("report: write %s: the film has no frames", path)
	}
	size := f[0].Bounds()
	clip := video.NewClip(len(f), size.Dy(), size.Dx(), 3)
	for t, frame := range f {
		to := clip.Frame(t)
		for i := range size.Dx() * size.Dy() {
			copy(to[3*i:3*i+3], frame.Pix[4*i:])
		}
	}
	return mp4.Write(ctx, path, clip, fps)
}
