// The contact sheet: a row for each clip, a column for each chosen frame.

package report

import (
	"fmt"
	"image"
)

// Sheet draws panels below each other, with the given frames of each from left to right, and caption (which may be empty) on top.
// Clips that are small are enlarged by a whole factor.
func Sheet(panels []Panel, frames []int, caption string) (image.Image, error) {
	if err := checkPanels(panels); err != nil {
		return nil, err
	}
	first := panels[0].Clip
	if len(frames) == 0 {
		return nil, fmt.Errorf("report: no frames chosen of the %d", first.T)
	}
	for _, t := range frames {
		if t < 0 || t >= first.T {
			return nil, fmt.Errorf("report: frame %d is not one of the clip's %d", t, first.T)
		}
	}
	faces, err := loadFaces()
	if err != nil {
		return nil, err
	}

	const least = 112 // pixels, of a frame's width
	scale := enlarge(first.W, least)
	stepX := first.W*scale + gap
	inner := len(frames)*stepX - gap
	head := wrap(faces.bold, caption, inner)
	titles := make([][]string, len(panels))
	top := margin + len(head)*lineStep + gap
	height := top + lineStep
	for i, p := range panels {
		titles[i] = wrap(faces.regular, p.Title, inner)
		height += len(titles[i])*lineStep + first.H*scale + margin
	}

	img := blank(inner+2*margin, height)
	write(img, faces.bold, head, margin, margin)
	for column, t := range frames {
		write(img, faces.regular, []string{fmt.Sprintf("frame %d", t)}, margin+column*stepX, top)
	}
	y := top + lineStep
	for i, p := range panels {
		write(img, faces.regular, titles[i], margin, y)
		y += len(titles[i]) * lineStep
		for column, t := range frames {
			place(img, p.Clip, t, margin+column*stepX, y, scale)
		}
		y += first.H*scale + margin
	}
	return img, nil
}

// Spread returns at most n frame numbers spread evenly over a clip of total frames, the first among them.
func Spread(total, n int) []int {
	n = min(n, total)
	frames := make([]int, 0, max(n, 0))
	for i := range n {
		frames = append(frames, i*total/n)
	}
	return frames
}
