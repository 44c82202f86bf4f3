package jpeg

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"
)

// painting is a picture with edges, a gradient, and some noise, which neither compresses to nothing nor is noise alone.
func painting(f Format) []uint8 {
	rng := rand.New(rand.NewPCG(1, 2))
	pix := make([]uint8, 0, f.Width*f.Height*f.Channels)
	for y := range f.Height {
		for x := range f.Width {
			inside := (x-f.Width/2)*(x-f.Width/2)+(y-f.Height/2)*(y-f.Height/2) < f.Height*f.Height/9
			for c := range f.Channels {
				v := 255*(x*(c+1)+y)/(f.Width*(c+1)+f.Height) + rng.IntN(9)
				if inside {
					v = 255 - 100*c
				}
				pix = append(pix, uint8(min(v, 255)))
			}
		}
	}
	return pix
}

// noise has every frequency at full strength, so that coefficients are as large, and codes as long, as they come.
func noise(f Format) []uint8 {
	rng := rand.New(rand.NewPCG(3, 4))
	pix := make([]uint8, f.Width*f.Height*f.Channels)
	for i := range pix {
		pix[i] = uint8(255 * rng.IntN(2))
	}
	return pix
}

var formats = []Format{
	{Width: 64, Height: 48, Channels: 3, Quality: 95},
	{Width: 340, Height: 64, Channels: 3, Quality: 90},
	{Width: 341, Height: 33, Channels: 3, Quality: 95},
	{Width: 129, Height: 47, Channels: 1, Quality: 95},
	{Width: 16, Height: 200, Channels: 3, Quality: 50},
	{Width: 1, Height: 1, Channels: 3, Quality: 100},
	{Width: 3, Height: 5, Channels: 1, Quality: 100},
	{Width: 97, Height: 31, Channels: 3, Quality: 100},
	{Width: 70, Height: 20, Channels: 3, Quality: 1},
}

func (f Format) String() string {
	return fmt.Sprintf("%dx%dx%d q%d", f.Width, f.Height, f.Channels, f.Quality)
}

func encode(t testing.TB, f Format, pix []uint8) []byte {
	t.Helper()
	e, err := NewEncoder(f)
	if err != nil {
		t.Fatal(err)
	}
	file, err := e.Append([]byte("before"), pix)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimPrefix(file, []byte("before"))
}

func decode(t testing.TB, f Format, file []byte, box image.Rectangle, channels int) []uint8 {
	t.Helper()
	d, err := NewDecoder(f)
	if err != nil {
		t.Fatal(err)
	}
	pix := make([]uint8, box.Dx()*box.Dy()*channels)
	if err := d.Decode(pix, file, box, channels); err != nil {
		t.Fatalf("%v %v: %v", f, box, err)
	}
	return pix
}

func whole(f Format) image.Rectangle { return image.Rect(0, 0, f.Width, f.Height) }

// inPlain runs f with the portable loops.
func inPlain(f func()) {
	before := vector
	vector = false
	defer func() { vector = before }()
	f()
}

// TestFilesAreReadByAnotherDecoder compares with the standard library, whose inverse transform rounds otherwise: planes may differ by a
// level, and RGB by what that becomes.
func TestFilesAreReadByAnotherDecoder(t *testing.T) {
	for _, f := range formats {
		for name, pix := range map[string][]uint8{"painting": painting(f), "noise": noise(f)} {
			file := encode(t, f, pix)
			other, err := stdjpeg.Decode(bytes.NewReader(file))
			if err != nil {
				t.Fatalf("%v %s: %v", f, name, err)
			}
			grey := decode(t, f, file, whole(f), 1)
			rgb := decode(t, f, file, whole(f), 3)
			for y := range f.Height {
				for x := range f.Width {
					want, colour := luma(other, x, y)
					i := y*f.Width + x
					if got := grey[i]; differ(got, want, 1) {
						t.Fatalf("%v %s (%d,%d): luma %d, want %d", f, name, x, y, got, want)
					}
					for c, want := range colour {
						if got := rgb[3*i+c]; differ(got, want, 4) {
							t.Fatalf("%v %s (%d,%d): channel %d is %d, want %d", f, name, x, y, c, got, want)
						}
					}
				}
			}
		}
	}
}

func luma(m image.Image, x, y int) (uint8, [3]uint8) {
	r, g, b, _ := m.At(x, y).RGBA()
	colour := [3]uint8{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8)}
	if ycc, ok := m.(*image.YCbCr); ok {
		return ycc.Y[ycc.YOffset(x, y)], colour
	}
	return colour[0], colour
}

func differ(a, b uint8, within int) bool {
	return max(int(a), int(b))-min(int(a), int(b)) > within
}

// TestPicturesSurvive measures what is lost. Chroma that is equal over 2 x 2 pixels, as in 4:2:0 video, loses no more than luma.
func TestPicturesSurvive(t *testing.T) {
	f := Format{Width: 320, Height: 256, Channels: 3, Quality: 95}
	pix := make([]uint8, 0, f.Width*f.Height*3)
	for y := range f.Height {
		for x := range f.Width {
			wave := func(k float64) uint8 {
				return uint8(128 + 100*math.Sin(k*float64(x/2)/40)*math.Cos(float64(y/2)/30))
			}
			pix = append(pix, wave(1), wave(2), wave(3))
		}
	}
	if got := psnr(pix, decode(t, f, encode(t, f, pix), whole(f), 3)); got < 42 {
		t.Errorf("quality %d: PSNR %.1f dB, want 42 or more", f.Quality, got)
	}
}

func psnr(a, b []uint8) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

func TestBoxEqualsThatPartOfTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, f := range formats {
		file := encode(t, f, painting(f))
		for _, channels := range []int{1, 3} {
			all := decode(t, f, file, whole(f), channels)
			for range 40 {
				x0, y0 := rng.IntN(f.Width), rng.IntN(f.Height)
				box := image.Rect(x0, y0, x0+1+rng.IntN(f.Width-x0), y0+1+rng.IntN(f.Height-y0))
				got := decode(t, f, file, box, channels)
				row := box.Dx() * channels
				for y := range box.Dy() {
					from := ((y0+y)*f.Width + x0) * channels
					if !bytes.Equal(got[y*row:][:row], all[from:][:row]) {
						t.Fatalf("%v: row %d of box %v differs from the whole picture", f, y, box)
					}
				}
			}
		}
	}
}

func TestDecoderIsReusable(t *testing.T) {
	f := formats[1]
	d, err := NewDecoder(f)
	if err != nil {
		t.Fatal(err)
	}
	first, second := encode(t, f, painting(f)), encode(t, f, noise(f))
	want := decode(t, f, first, whole(f), 3)
	for _, file := range [][]byte{first, second, first[:len(first)/2], first} {
		got := make([]uint8, len(want))
		err := d.Decode(got, file, whole(f), 3)
		if len(file) == len(first) && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("the decoder gives other pixels after other files: %v", err)
		}
	}
}

// TestVectorLoopsGiveTheSameBits compares them with the portable ones.
func TestVectorLoopsGiveTheSameBits(t *testing.T) {
	if !vector {
		t.Skip("there are no vector loops here")
	}
	for _, f := range formats {
		for name, pix := range map[string][]uint8{"painting": painting(f), "noise": noise(f)} {
			file := encode(t, f, pix)
			got := decode(t, f, file, whole(f), 3)
			inPlain(func() {
				if !bytes.Equal(file, encode(t, f, pix)) {
					t.Errorf("%v %s: files differ", f, name)
				}
				if !bytes.Equal(got, decode(t, f, file, whole(f), 3)) {
					t.Errorf("%v %s: pixels differ", f, name)
				}
			})
		}
	}
}

// TestTransformIsTheCosineTransform compares with the definition. Source: ITU-T T.81, A.3.3.
func TestTransformIsTheCosineTransform(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	cosine := func(x, u int) float64 {
		scale := .5
		if u == 0 {
			scale = math.Sqrt(1. / 8)
		}
		return scale * math.Cos(float64((2*x+1)*u)*math.Pi/16)
	}
	for range 50 {
		var pixels, b block
		for i := range pixels {
			pixels[i] = int32(rng.IntN(256)) - 128
		}
		b = pixels
		b.forward()
		for u := range 8 {
			for v := range 8 {
				want := 0.0
				for i, p := range pixels {
					want += float64(p) * cosine(i%8, u) * cosine(i/8, v)
				}
				if got := float64(b[8*u+v]) / 8; math.Abs(got-want) > .3 {
					t.Fatalf("coefficient (%d,%d) is %v, want %v", u, v, got, want)
				}
			}
		}
		for i := range b {
			b[i] = (b[i] + 4) >> 3
		}
		out := make([]uint8, 64)
		b.inverse(out, 8)
		for i, p := range pixels {
			if differ(out[i], uint8(p+128), 2) {
				t.Fatalf("pixel %d is %d after both transforms, was %d", i, out[i], p+128)
			}
		}
	}
}

func TestWrongCalls(t *testing.T) {
	f := Format{Width: 32, Height: 32, Channels: 3, Quality: 95}
	file := encode(t, f, painting(f))
	for name, bad := range map[string]Format{
		"no width": {0, 1, 3, 95}, "too high": {1, 1 << 16, 3, 95}, "two channels": {1, 1, 2, 95}, "quality 0": {1, 1, 1, 0}, "quality 101": {1, 1, 1, 101},
	} {
		if _, err := NewEncoder(bad); err == nil {
			t.Errorf("%s: an encoder was made", name)
		}
		if _, err := NewDecoder(bad); err == nil {
			t.Errorf("%s: a decoder was made", name)
		}
	}
	d, err := NewDecoder(f)
	if err != nil {
		t.Fatal(err)
	}
	other := f
	other.Quality = 94
	for name, c := range map[string]struct {
		file     []byte
		box      image.Rectangle
		channels int
	}{
		"outside":       {file, image.Rect(0, 0, 33, 32), 3},
		"empty":         {file, image.Rect(5, 5, 5, 9), 3},
		"two channels":  {file, whole(f), 2},
		"other quality": {encode(t, other, painting(f)), whole(f), 3},
		"no JPEG":       {[]byte("no JPEG"), whole(f), 3},
		"cut short":     {file[:len(file)-9], whole(f), 3},
	} {
		if d.Decode(make([]uint8, c.box.Dx()*c.box.Dy()*c.channels), c.file, c.box, c.channels) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	e, err := NewEncoder(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Append(nil, make([]uint8, 5)); err == nil {
		t.Error("a picture of 5 values was encoded")
	}
}

// FuzzDecode feeds the decoder what may stand after its header.
func FuzzDecode(f *testing.F) {
	format := Format{Width: 100, Height: 40, Channels: 3, Quality: 95}
	header := format.header()
	f.Add(encode(f, format, painting(format))[len(header):], 10, 3)
	f.Add(encode(f, format, noise(format))[len(header):], 0, 0)
	f.Fuzz(func(t *testing.T, scan []byte, x, y int) {
		d, err := NewDecoder(format)
		if err != nil {
			t.Fatal(err)
		}
		box := image.Rect(x, y, x+40, y+20)
		_ = d.Decode(make([]uint8, 40*20*3), append(header[:len(header):len(header)], scan...), box, 3) // pixels or an error
	})
}

func BenchmarkPicture(b *testing.B) {
	f := Format{Width: 340, Height: 256, Channels: 3, Quality: 95}
	pix := painting(f)
	file := encode(b, f, pix)
	run := func(name string, step func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(f.Width * f.Height))
			for b.Loop() {
				if err := step(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	e, _ := NewEncoder(f) // f is a format
	out := make([]byte, 0, 2*len(file))
	run("encode", func() error {
		_, err := e.Append(out, pix)
		return err
	})
	d, _ := NewDecoder(f)
	run("decode", func() error { return d.Decode(pix, file, whole(f), 3) })
	crop := make([]uint8, 224*224*3)
	run("decode 224 pixels square", func() error { return d.Decode(crop, file, image.Rect(58, 16, 58+224, 16+224), 3) })
}
