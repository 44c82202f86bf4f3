package jpeg

import "fmt"

// Encoder writes pictures of one format. It is not safe for concurrent use.
type Encoder struct {
	format     Format
	header     []byte
	codes      *set
	reciprocal [2][64]float32 // of 8 times a step of quantisation, by component's table, column by column
	order      [64]uint8      // places of a block, column by column, in the file's order
	planes     [3][]int32     // a row of units: luma, and two of chroma at half the size, less 128
	stride     int            // of luma
}

// NewEncoder makes an encoder of a format.
func NewEncoder(f Format) (*Encoder, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	e := &Encoder{format: f, header: f.header(), codes: tables()}
	for table := range e.reciprocal {
		for k, q := range f.quant(table) {
			e.reciprocal[table][columnwise(k)] = 1 / (8 * float32(q))
		}
	}
	for k := range e.order {
		e.order[k] = columnwise(k)
	}
	across, _ := f.units()
	e.stride = across * f.unit()
	e.planes[0] = make([]int32, e.stride*f.unit())
	if f.Channels == 3 {
		e.planes[1], e.planes[2] = make([]int32, e.stride/2*8), make([]int32, e.stride/2*8)
	}
	return e, nil
}

// Append appends the file of a picture to dst. pix holds its pixels row by row, channels together.
func (e *Encoder) Append(dst []byte, pix []uint8) ([]byte, error) {
	f := e.format
	if len(pix) != f.Width*f.Height*f.Channels {
		return nil, fmt.Errorf("%d values are no picture of %dx%d with %d channels", len(pix), f.Width, f.Height, f.Channels)
	}
	w := writer{out: append(dst, e.header...)}
	across, down := f.units()
	var before [3]int32 // the last mean of each component
	for n := range across * down {
		if n%across == 0 {
			e.load(pix, n/across)
		}
		if n > 0 && n%f.interval() == 0 {
			w.restart(n/f.interval() - 1)
			before = [3]int32{}
		}
		e.unit(&w, n%across, &before)
	}
	w.flush()
	return append(w.out, 0xff, markEOI), nil
}

// load converts a row of units to planes; pixels beyond the picture repeat its edge.
func (e *Encoder) load(pix []uint8, row int) {
	f := e.format
	u := f.unit()
	for y := range u {
		line := pix[min(row*u+y, f.Height-1)*f.Width*f.Channels:][:f.Width*f.Channels]
		to := e.planes[0][y*e.stride:][:e.stride]
		if f.Channels == 1 {
			for x := range to {
				to[x] = int32(line[min(x, f.Width-1)]) - 128
			}
			continue
		}
		e.loadColour(line, to, y)
	}
}

// loadColour converts a line of pixels to luma, and adds it to the line of chroma that it shares with its neighbour.
func (e *Encoder) loadColour(line []uint8, luma []int32, y int) {
	blue, red := e.planes[1][y/2*e.stride/2:][:e.stride/2], e.planes[2][y/2*e.stride/2:][:e.stride/2]
	for x := loadVector(line, luma, blue, red, y%2 == 0); x < len(luma); x++ {
		p := line[3*min(x, e.format.Width-1):][:3]
		r, g, b := int32(p[0]), int32(p[1]), int32(p[2])
		luma[x] = (lumaOfRed*r+lumaOfGreen*g+lumaOfBlue*b+half)>>16 - 128
		if y%2 == 0 && x%2 == 0 {
			blue[x/2], red[x/2] = 0, 0
		}
		blue[x/2] += b<<15 - blueLessRed*r - blueLessGreen*g
		red[x/2] += r<<15 - redLessGreen*g - redLessBlue*b
	}
	if y%2 == 1 {
		for x := range blue { // the mean of four has two more fraction bits, and may round up to 128
			blue[x] = min((blue[x]+4*half)>>18, 127)
			red[x] = min((red[x]+4*half)>>18, 127)
		}
	}
}

// unit codes a unit of the row in planes.
func (e *Encoder) unit(w *writer, x int, before *[3]int32) {
	if e.format.Channels == 1 {
		e.block(w, 0, x*8, &before[0])
		return
	}
	for _, corner := range [4]int{0, 8, 8 * e.stride, 8*e.stride + 8} {
		e.block(w, 0, x*16+corner, &before[0])
	}
	e.block(w, 1, x*8, &before[1])
	e.block(w, 2, x*8, &before[2])
}

// block codes the block of a plane that begins at a place in it.
func (e *Encoder) block(w *writer, component, at int, before *int32) {
	table, stride := min(component, 1), e.stride>>min(component, 1)
	var b block
	for y := range 8 {
		copy(b[8*y:8*y+8], e.planes[component][at+y*stride:])
	}
	if !forwardVector(&b, &e.reciprocal[table]) {
		b.forward()
		b.quantise(&e.reciprocal[table])
	}
	dc, ac := &e.codes.dc[table], &e.codes.ac[table]
	w.value(dc, 0, b[0]-*before)
	*before = b[0]
	zeros := 0
	for _, at := range e.order[1:] {
		v := b[at&63]
		if v == 0 {
			zeros++
			continue
		}
		for ; zeros > 15; zeros -= 16 {
			w.put(uint64(ac.code[0xf0]), ac.size[0xf0])
		}
		w.value(ac, zeros, v)
		zeros = 0
	}
	if zeros > 0 {
		w.put(uint64(ac.code[0]), ac.size[0])
	}
}
