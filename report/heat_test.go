package report

import (
	"bytes"
	"slices"
	"testing"

	"videomae/video"
)

func TestOverlayColoursEachCubeByItsValue(t *testing.T) {
	h := Heat{Slots: 2, Rows: 1, Cols: 3, Values: []float64{0, .5, 1, 1, .5, 0}}
	over, err := h.Overlay(plain(4, 5, 15, []uint8{200, 200, 200}), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	expected := func(share float64) []uint8 {
		var pixel []uint8
		for _, v := range heatColour(share) {
			pixel = append(pixel, uint8(.6*v+.4*200+.5))
		}
		return pixel
	}
	for frame := range 4 {
		for cube := range 3 {
			value := h.Values[frame/2*3+cube]
			at := (2*15 + cube*5 + 2) * 3 // its middle
			if got := over.Frame(frame)[at : at+3]; !slices.Equal(got, expected(value)) {
				t.Errorf("frame %d, cube %d: %v, want %v", frame, cube, got, expected(value))
			}
		}
	}
	if !bytes.Equal(over.Frame(0), over.Frame(1)) || bytes.Equal(over.Frame(1), over.Frame(2)) {
		t.Error("frames do not follow their slots")
	}
	even, err := h.Overlay(plain(4, 5, 15, []uint8{0}), 3, 3)
	if err != nil || !slices.Equal(even.Pix[:3], even.Pix[60:63]) {
		t.Errorf("a scale without extent: %v", err)
	}
}

// The map of colours can be read as one of brightness.
func TestHeatGrowsBrighter(t *testing.T) {
	before := 0.0
	for i := range 101 {
		c := heatColour(float64(i) / 100)
		if bright := .2126*c[0] + .7152*c[1] + .0722*c[2]; bright <= before {
			t.Fatalf("at %d %% brightness falls from %.1f to %.1f", i, before, bright)
		} else {
			before = bright
		}
	}
}

func TestRangeLeavesTheExtremeOut(t *testing.T) {
	h := Heat{Values: append(slices.Repeat([]float64{1}, 150), 0, 50)}
	h.Values[7] = 2
	if low, high := h.Range(); low != 0 || high != 1 {
		t.Errorf("range %v to %v", low, high)
	}
	if low, high := (Heat{}).Range(); low != 0 || high != 0 {
		t.Errorf("range of nothing: %v to %v", low, high)
	}
}

func TestMarkCubeFramesOneCube(t *testing.T) {
	h := Heat{Slots: 2, Rows: 2, Cols: 2}
	clip := video.NewClip(4, 8, 8, 3)
	h.MarkCube(clip, 6) // second slot, second row, first column
	for frame := range 4 {
		for i := range 64 {
			y, x := i/8, i%8
			border := frame >= 2 && y >= 4 && x < 4 && (y == 4 || y == 7 || x == 0 || x == 3)
			if marked := clip.Frame(frame)[3*i] != 0; marked != border {
				t.Fatalf("frame %d, pixel (%d,%d): marked %v", frame, x, y, marked)
			}
		}
	}
}

func TestOverlayRefusesWhatDoesNotFit(t *testing.T) {
	good := Heat{Slots: 2, Rows: 2, Cols: 2, Values: make([]float64, 8)}
	for name, c := range map[string]struct {
		heat Heat
		clip video.Clip
	}{
		"values": {Heat{2, 2, 2, make([]float64, 7)}, plain(4, 8, 8, magenta)},
		"frames": {good, plain(3, 8, 8, magenta)},
		"height": {good, plain(4, 9, 8, magenta)},
		"none":   {Heat{}, plain(4, 8, 8, magenta)},
		"pixels": {good, video.Clip{T: 4, H: 8, W: 8, C: 3}},
	} {
		if _, err := c.heat.Overlay(c.clip, 0, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
