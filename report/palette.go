// Colour quantisation for GIF by median cut (Heckbert 1982): the box of colours that varies most is cut at its median, again
// and again, and the mean of each box becomes a colour.

package report

import (
	"cmp"
	"image/color"
	"slices"
)

// bucket is a cell of colour space, 32 levels a channel, with the colours that fell into it.
type bucket struct {
	sum   [3]float64
	count float64
}

// mean is the channel's mean level.
func (b bucket) mean(channel int) float64 { return b.sum[channel] / b.count }

// choosePalette returns at most 256 colours for all frames: black and white, which text is made of, and those of the median cut.
func choosePalette(frames Film) color.Palette {
	boxes := [][]bucket{histogram(frames)}
	for len(boxes) < 254 {
		widest, channel := -1, 0
		most := 0.0
		for i, box := range boxes {
			if c, spread := variation(box); spread > most {
				widest, channel, most = i, c, spread
			}
		}
		if widest < 0 {
			break // every box is a single bucket
		}
		low, high := cut(boxes[widest], channel)
		boxes[widest] = low
		boxes = append(boxes, high)
	}
	palette := color.Palette{color.RGBA{A: 255}, color.RGBA{255, 255, 255, 255}}
	for _, box := range boxes {
		total := bucket{}
		for _, b := range box {
			total.count += b.count
			for c := range total.sum {
				total.sum[c] += b.sum[c]
			}
		}
		palette = append(palette, color.RGBA{uint8(total.mean(0) + 0.5), uint8(total.mean(1) + 0.5), uint8(total.mean(2) + 0.5), 255})
	}
	return palette
}

// histogram sorts the pixels of all frames into buckets and returns those that are not empty.
func histogram(frames Film) []bucket {
	all := make([]bucket, 32*32*32)
	for _, f := range frames {
		for i := 0; i < len(f.Pix); i += 4 {
			r, g, b := f.Pix[i], f.Pix[i+1], f.Pix[i+2]
			at := &all[int(r>>3)<<10|int(g>>3)<<5|int(b>>3)]
			at.count++
			at.sum[0], at.sum[1], at.sum[2] = at.sum[0]+float64(r), at.sum[1]+float64(g), at.sum[2]+float64(b)
		}
	}
	return slices.DeleteFunc(all, func(b bucket) bool { return b.count == 0 })
}

// variation returns the channel along which a box's pixels vary most, and their summed squared distance from its mean there.
func variation(box []bucket) (channel int, most float64) {
	for c := range 3 {
		var n, sum, squares float64
		for _, b := range box {
			n, sum, squares = n+b.count, sum+b.sum[c], squares+b.sum[c]*b.mean(c)
		}
		if spread := squares - sum*sum/n; len(box) > 1 && spread > most {
			channel, most = c, spread
		}
	}
	return channel, most
}

// cut halves a box of two buckets or more at the median pixel along a channel.
func cut(box []bucket, channel int) (low, high []bucket) {
	slices.SortFunc(box, func(a, b bucket) int { return cmp.Compare(a.mean(channel), b.mean(channel)) })
	var all, passed float64
	for _, b := range box {
		all += b.count
	}
	for i, b := range box[:len(box)-1] {
		if passed += b.count; passed >= all/2 {
			return box[:i+1], box[i+1:]
		}
	}
	return box[:len(box)-1], box[len(box)-1:]
}

// nearestIn returns a function that gives the index of the palette's colour nearest to (r,g,b). It remembers its answers.
func nearestIn(palette color.Palette) func(r, g, b uint8) uint8 {
	known := map[[3]uint8]uint8{}
	return func(r, g, b uint8) uint8 {
		key := [3]uint8{r, g, b}
		index, has := known[key]
		if !has {
			index = uint8(palette.Index(color.RGBA{r, g, b, 255}))
			known[key] = index
		}
		return index
	}
}
