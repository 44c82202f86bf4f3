// Package jpeg writes and reads the one kind of JPEG that packs hold, and reads a box of it without decoding the rest.
//
// A picture is a whole JFIF file that any viewer shows: baseline, 8 bits, the Huffman tables of ITU-T T.81 annex K, the quantisation
// tables of that annex scaled to a quality as usual, and either one component (grey) or three in 4:2:0 (BT.601, full range). After every
// 64 pixels of width's worth of units stands a restart marker: decoding can begin at any of them, so that a box of a wide frame costs
// little more than its own pixels. The header is a function of Format, and a file with any other header is refused.
//
// Arithmetic is in integers: equal pixels give equal files, and equal files equal pixels, on every machine. Chroma is averaged over
// 2 x 2 pixels and repeated over them, as FFmpeg's plain conversion of 4:2:0 video does, so that a frame's chroma survives; a box equals
// that part of the whole picture to the bit.
package jpeg

import (
	"encoding/binary"
	"fmt"
)

// Format is what a picture's header says.
type Format struct {
	Width, Height int
	Channels      int // 3 (red, green, blue) or 1 (grey)
	Quality       int // 1 to 100, in the scale of the IJG's library
}

// maxSide is the largest width or height that a header can say.
const maxSide = 1<<16 - 1

// Check returns an error for a format that no picture can have.
func (f Format) Check() error {
	switch {
	case f.Width < 1 || f.Height < 1 || f.Width > maxSide || f.Height > maxSide:
		return fmt.Errorf("picture size %dx%d: sides must be 1 to %d pixels", f.Width, f.Height, maxSide)
	case f.Channels != 1 && f.Channels != 3:
		return fmt.Errorf("%d channels: a picture has 3 (colour) or 1 (grey)", f.Channels)
	case f.Quality < 1 || f.Quality > 100:
		return fmt.Errorf("quality %d: must be 1 to 100", f.Quality)
	}
	return nil
}

// restartPixels is the width of the units between two restart markers.
const restartPixels = 64

// unit is the side of the square that is coded at a time: four luma blocks and two of chroma, or one block of grey.
func (f Format) unit() int {
	if f.Channels == 1 {
		return 8
	}
	return 16
}

// interval is the number of units between two restart markers.
func (f Format) interval() int { return restartPixels / f.unit() }

// units is how many units cover the width and the height.
func (f Format) units() (across, down int) {
	u := f.unit()
	return (f.Width + u - 1) / u, (f.Height + u - 1) / u
}

// The markers of a file.
const (
	markSOI  = 0xd8 // start of the file
	markEOI  = 0xd9 // its end
	markAPP0 = 0xe0 // JFIF
	markDQT  = 0xdb // a quantisation table
	markSOF0 = 0xc0 // size and components, baseline
	markDHT  = 0xc4 // a Huffman table
	markDRI  = 0xdd // units between restarts
	markSOS  = 0xda // start of the coded units
	markRST0 = 0xd0 // first of the eight restart markers, which take turns
)

// header is everything before the coded units.
func (f Format) header() []byte {
	h := []byte{0xff, markSOI}
	h = segment(h, markAPP0, append([]byte("JFIF\x00"), 1, 1, 0, 0, 1, 0, 1, 0, 0)) // version 1.1, square pixels, no thumbnail
	frame := binary.BigEndian.AppendUint16([]byte{8}, uint16(f.Height))
	frame = binary.BigEndian.AppendUint16(frame, uint16(f.Width))
	frame = append(frame, byte(f.Channels))
	scan := []byte{byte(f.Channels)}
	for c := range f.Channels {
		table, sampling := byte(min(c, 1)), byte(0x11)
		if c == 0 && f.Channels == 3 {
			sampling = 0x22
		}
		frame = append(frame, byte(c+1), sampling, table)
		scan = append(scan, byte(c+1), table<<4|table)
	}
	for table := range byte(min(f.Channels, 2)) {
		quant := f.quant(int(table))
		h = segment(h, markDQT, append([]byte{table}, quant[:]...))
	}
	h = segment(h, markSOF0, frame)
	for table := range byte(min(f.Channels, 2)) {
		for class, spec := range []spec{dcSpecs[table], acSpecs[table]} {
			h = segment(h, markDHT, append(append([]byte{byte(class)<<4 | table}, spec.count[:]...), spec.values...))
		}
	}
	h = segment(h, markDRI, []byte{0, byte(f.interval())})
	return segment(h, markSOS, append(scan, 0, 63, 0))
}

// segment appends a marker with its payload.
func segment(h []byte, marker byte, payload []byte) []byte {
	h = append(h, 0xff, marker)
	h = binary.BigEndian.AppendUint16(h, uint16(len(payload)+2))
	return append(h, payload...)
}

// quant returns the quantisation table of luma (0) or chroma (1), in the order of the file: annex K's, scaled to the quality as the
// IJG's library does.
func (f Format) quant(table int) [64]uint8 {
	scale := 200 - 2*f.Quality
	if f.Quality < 50 {
		scale = 5000 / f.Quality
	}
	var q [64]uint8
	for i, base := range baseQuant[table] {
		q[i] = uint8(min(max((int(base)*scale+50)/100, 1), 255))
	}
	return q
}
