package jpeg

import (
	"bytes"
	"fmt"
	"image"
)

// Decoder reads pictures of one format. It is not safe for concurrent use.
type Decoder struct {
	format Format
	header []byte
	codes  *set
	steps  [2][64]step // of quantisation, by component's table, in the file's order
	units  stream
	planes [3][]uint8 // the wanted part of a row of units: luma, and two of chroma at half the size
}

// step is where a coefficient goes in its block, which is kept column by column, and what one of its units is worth.
type step struct {
	place uint8
	quant int32
}

// NewDecoder makes a decoder of a format.
func NewDecoder(f Format) (*Decoder, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	d := &Decoder{format: f, header: f.header(), codes: tables()}
	for table := range d.steps {
		for k, q := range f.quant(table) {
			d.steps[table][k] = step{columnwise(k), int32(q)}
		}
	}
	return d, nil
}

// Decode reads the pixels of a box of a picture into dst, row by row, channels (1 or 3) together. A grey picture gives three equal
// channels; of a colour one, grey is the luma.
func (d *Decoder) Decode(dst []uint8, file []byte, box image.Rectangle, channels int) error {
	f := d.format
	if box.Empty() || !box.In(image.Rect(0, 0, f.Width, f.Height)) {
		return fmt.Errorf("box %v is no part of a picture of %dx%d", box, f.Width, f.Height)
	}
	if (channels != 1 && channels != 3) || len(dst) != box.Dx()*box.Dy()*channels {
		return fmt.Errorf("%d values cannot hold %d channels of box %v", len(dst), channels, box)
	}
	scan, found := bytes.CutPrefix(file, d.header)
	if !found {
		return fmt.Errorf("is not a JPEG file of %dx%d pixels, %d channels and quality %d as packs hold it", f.Width, f.Height, f.Channels, f.Quality)
	}
	u := f.unit()
	across, down := f.units()
	left, right := box.Min.X/u, (box.Max.X+u-1)/u
	top, bottom := box.Min.Y/u, (box.Max.Y+u-1)/u
	if err := d.units.load(scan, f.interval(), across*down, top*across+left, (bottom-1)*across+right); err != nil {
		return err
	}
	stride := (right - left) * u
	d.planes[0] = room(d.planes[0], stride*u)
	d.planes[1], d.planes[2] = room(d.planes[1], stride/2*8), room(d.planes[2], stride/2*8)
	for row := top; row < bottom; row++ {
		if err := d.row(row*across+left, row*across+right, stride); err != nil {
			return err
		}
		rows := image.Rect(box.Min.X, max(box.Min.Y, row*u), box.Max.X, min(box.Max.Y, row*u+u))
		part := dst[(rows.Min.Y-box.Min.Y)*box.Dx()*channels:][:rows.Dx()*rows.Dy()*channels]
		d.emit(part, rows.Sub(image.Pt(left*u, row*u)), stride, channels)
	}
	return nil
}

// room gives a slice of n values, from's memory where that suffices.
func room(from []uint8, n int) []uint8 {
	if cap(from) < n {
		return make([]uint8, n)
	}
	return from[:n]
}

// row decodes units from to end, which lie side by side, into planes.
func (d *Decoder) row(from, end, stride int) error {
	s := &d.units
	if err := s.seek(from, d.skip); err != nil {
		return err
	}
	var b block
	for n := range end - from {
		if err := s.step(); err != nil {
			return err
		}
		if d.format.Channels == 1 {
			s.block(&b, &d.codes.dc[0], &d.codes.ac[0], &d.steps[0], &s.before[0])
			b.inverse(d.planes[0][n*8:], stride)
			continue
		}
		for _, corner := range [4]int{0, 8, 8 * stride, 8*stride + 8} {
			s.block(&b, &d.codes.dc[0], &d.codes.ac[0], &d.steps[0], &s.before[0])
			b.inverse(d.planes[0][n*16+corner:], stride)
		}
		for c := 1; c < 3; c++ {
			s.block(&b, &d.codes.dc[1], &d.codes.ac[1], &d.steps[1], &s.before[c])
			b.inverse(d.planes[c][n*8:], stride/2)
		}
	}
	return s.check()
}

// skip reads a unit and forgets it.
func (d *Decoder) skip() {
	s := &d.units
	var b block
	if d.format.Channels == 1 {
		s.block(&b, &d.codes.dc[0], &d.codes.ac[0], &d.steps[0], &s.before[0])
		return
	}
	for range 4 {
		s.block(&b, &d.codes.dc[0], &d.codes.ac[0], &d.steps[0], &s.before[0])
	}
	for c := 1; c < 3; c++ {
		s.block(&b, &d.codes.dc[1], &d.codes.ac[1], &d.steps[1], &s.before[c])
	}
}
