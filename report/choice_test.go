package report

import (
	"image"
	"strings"
	"testing"
)

// area returns the part of a picture above, or from, a line on.
func area(img image.Image, from, to int) image.Image {
	return img.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(0, from, img.Bounds().Dx(), to))
}

// inked counts the pixels of a colour in a part of a picture.
func inked(img image.Image, rgb []uint8) (n int) {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			red, green, blue, _ := img.At(x, y).RGBA()
			if uint8(red>>8) == rgb[0] && uint8(green>>8) == rgb[1] && uint8(blue>>8) == rgb[2] {
				n++
			}
		}
	}
	return n
}

func TestChoicesShowEveryFrameAndMarkRepeats(t *testing.T) {
	v := Filmed{Frames: 100, FPS: 25, Pictures: plain(4, 40, 60, magenta), Numbers: []int{0, 10, 50, 99}}
	const one = 40 * 60
	for name, c := range map[string]struct {
		choices []Choice
		shown   int // pictures
		again   bool
	}{
		"one":     {[]Choice{{"a", []int{0, 10, 50, 99}}}, 4, false},
		"two":     {[]Choice{{"a", []int{0, 10}}, {"b", []int{50, 99}}}, 4, false},
		"repeats": {[]Choice{{"a", []int{0, 99, 99, 99}}}, 4, true},
		"rows":    {[]Choice{{"a", []int{0, 0, 0, 10, 10, 10, 50, 50, 99, 99}}}, 10, true},
	} {
		img, err := Choices(v, c.choices, "A caption")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		strip := margin + lineStep + margin + len(c.choices)*stripRow
		marks := inked(area(img, 0, strip), rgb(blue))
		if marks < 2*markWidth*10 {
			t.Errorf("%s: %d pixels of marks", name, marks)
		}
		pictures, orange := inked(img, magenta), inked(area(img, strip, img.Bounds().Dy()), rgb(again))
		if !c.again && (pictures != c.shown*one || orange != 0) || c.again && (orange < 500 || pictures+orange < c.shown*one || pictures >= c.shown*one) {
			t.Errorf("%s: %d pixels of pictures and %d of repeats, want %d pictures of %d", name, pictures, orange, c.shown, one)
		}
	}
}

func TestMarksLieWhereTheFramesAre(t *testing.T) {
	v := Filmed{Frames: 1000, Pictures: plain(2, 20, 30, magenta), Numbers: []int{0, 999}}
	img, err := Choices(v, []Choice{{"first", []int{0}}, {"last", []int{999}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	width := img.Bounds().Dx()
	top := 2 * margin
	for row, half := range []image.Rectangle{image.Rect(0, top, width/2, top+stripRow), image.Rect(width/2, top+stripRow, width, top+2*stripRow)} {
		part := img.(interface {
			SubImage(image.Rectangle) image.Image
		}).SubImage(half)
		whole := area(img, top+row*stripRow, top+(row+1)*stripRow)
		if n := inked(part, rgb(blue)); n == 0 || n != inked(whole, rgb(blue)) {
			t.Errorf("row %d: %d of %d pixels of the mark are in its half", row, n, inked(whole, rgb(blue)))
		}
	}
}

func TestWrongChoices(t *testing.T) {
	v := Filmed{Frames: 10, Pictures: plain(2, 20, 30, magenta), Numbers: []int{0, 5}}
	for name, c := range map[string]struct {
		v       Filmed
		choices []Choice
		reason  string
	}{
		"none":       {v, nil, "no frames chosen"},
		"empty":      {v, []Choice{{"a", nil}}, `"a" has no frames`},
		"no picture": {v, []Choice{{"a", []int{3}}}, "frame 3, which"},
		"outside":    {Filmed{Frames: 5, Pictures: v.Pictures, Numbers: v.Numbers}, []Choice{{"a", []int{5}}}, "one of the video's 5"},
		"numbers":    {Filmed{Frames: 10, Pictures: v.Pictures, Numbers: []int{0}}, []Choice{{"a", []int{0}}}, "1 numbers for 2 pictures"},
	} {
		if _, err := Choices(c.v, c.choices, ""); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.reason)
		}
	}
}
