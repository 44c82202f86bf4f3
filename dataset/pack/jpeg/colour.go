package jpeg

import "image"

// Weights of red, green and blue in luma, of the others in what blue and red have more than luma, and of chroma in red, green and blue,
// all with 16 fraction bits. Source: JFIF 1.02, conversion to and from RGB.
const (
	lumaOfRed   = 19595 // .299
	lumaOfGreen = 38470 // .587
	lumaOfBlue  = 7471  // .114

	blueLessRed   = 11059 // .168736, beside .5 of blue
	blueLessGreen = 21709 // .331264
	redLessGreen  = 27439 // .418688, beside .5 of red
	redLessBlue   = 5329  // .081312

	redOfRed    = 91881  // 1.402
	greenOfBlue = 22554  // -.344136
	greenOfRed  = 46802  // -.714136
	blueOfBlue  = 116130 // 1.772
)

// emit converts a rectangle of planes to pixels.
func (d *Decoder) emit(dst []uint8, from image.Rectangle, stride, channels int) {
	width := from.Dx() * channels
	for y := range from.Dy() {
		line := dst[y*width:][:width]
		at := from.Min.Y + y
		luma := d.planes[0][at*stride:][from.Min.X:from.Max.X]
		switch {
		case channels == 1:
			copy(line, luma)
		case d.format.Channels == 1:
			for x, v := range luma {
				p := line[3*x:][:3]
				p[0], p[1], p[2] = v, v, v
			}
		default:
			blue, red := d.planes[1][at/2*stride/2:][:stride/2], d.planes[2][at/2*stride/2:][:stride/2]
			emitColour(line, luma, blue, red, from.Min.X)
		}
	}
}

// emitColour converts a line to RGB. Luma begins at column x of the planes, chroma at column 0.
func emitColour(dst, luma, blue, red []uint8, x int) {
	if x%2 == 1 { // the second pixel of two that share their chroma
		emitPair(dst, luma[:1], blue[x/2], red[x/2])
		dst, luma, x = dst[3:], luma[1:], x+1
	}
	blue, red = blue[x/2:], red[x/2:]
	for i := emitVector(dst, luma, blue, red); i < len(luma); i += 2 {
		emitPair(dst[3*i:], luma[i:min(i+2, len(luma))], blue[i/2], red[i/2])
	}
}

// half makes a shift by 16 bits round to the nearest.
const half = 1 << 15

// emitPair converts one or two pixels that share their chroma.
func emitPair(dst, luma []uint8, blue, red uint8) {
	cb, cr := int32(blue)-128, int32(red)-128
	r, g, b := (redOfRed*cr+half)>>16, (half-greenOfBlue*cb-greenOfRed*cr)>>16, (blueOfBlue*cb+half)>>16
	for i, v := range luma {
		p := dst[3*i:][:3]
		p[0], p[1], p[2] = clamp(int32(v)+r), clamp(int32(v)+g), clamp(int32(v)+b)
	}
}
