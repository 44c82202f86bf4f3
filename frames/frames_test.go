package frames

import (
	"bytes"
	"testing"

	"videomae/seed"
	"videomae/video"
)

// Sizes that the reference data lacks: a rectangle, sides that cannot snap, a few pixels.
func TestDrawnCropsStayInsideTheFrame(t *testing.T) {
	for _, c := range [][4]int{{7, 5, 224, 224}, {1, 1, 16, 16}, {300, 222, 224, 224}, {223, 222, 224, 224}, {226, 400, 224, 112}, {2, 300, 32, 64}} {
		for i := range uint64(300) {
			b := DrawCrop(seed.Rand(1, "crop", i), c[0], c[1], c[2], c[3])
			if b.X < 0 || b.Y < 0 || b.W < 1 || b.H < 1 || b.X+b.W > c[0] || b.Y+b.H > c[1] {
				t.Fatalf("%v: box %+v leaves the frame", c, b)
			}
		}
	}
}

func TestSidesSnapEachToTheirOwnOutput(t *testing.T) {
	// The shorter side is 226; candidates are 226, 197, 169 and 149, so only the first width is near 224 and only the last height near 150.
	for i, want := range []Box{{W: 224, H: 226}, {W: 197, H: 226}, {W: 224, H: 197}} {
		if got := CropSizes(400, 226, 224, 150)[i]; got != want {
			t.Errorf("size %d is %+v, want %+v", i, got, want)
		}
	}
	if got := CropSizes(400, 226, 224, 150)[9]; got != (Box{W: 149, H: 150}) {
		t.Errorf("last size is %+v", got)
	}
}

func TestCentreBox(t *testing.T) {
	for _, c := range []struct {
		w, h, outW, outH int
		want             Box
	}{
		{340, 256, 224, 224, Box{42, 0, 256, 256}},
		{256, 340, 112, 112, Box{0, 42, 256, 256}},
		{340, 256, 340, 256, Box{0, 0, 340, 256}},
		{400, 100, 64, 32, Box{100, 0, 200, 100}},
		{1, 500, 500, 1, Box{0, 249, 1, 1}},
	} {
		if got := CentreBox(c.w, c.h, c.outW, c.outH); got != c.want {
			t.Errorf("CentreBox(%d, %d, %d, %d) = %+v, want %+v", c.w, c.h, c.outW, c.outH, got, c.want)
		}
	}
}

func TestResizeKeepsFlatFramesAndChannelsApart(t *testing.T) {
	for channels := range 4 {
		channels++
		src := video.NewClip(2, 17, 23, channels)
		for i := range src.Pix {
			src.Pix[i] = uint8(255 - 60*(i%channels))
		}
		for _, side := range []int{1, 5, 16, 40} {
			dst := video.NewClip(2, side, side+3, channels)
			if err := CropResize(dst, src, Box{3, 2, 19, 14}); err != nil {
				t.Fatal(err)
			}
			for i, v := range dst.Pix {
				if want := uint8(255 - 60*(i%channels)); v != want {
					t.Fatalf("%d channels to %d: value %d is %d, want %d", channels, side, i, v, want)
				}
			}
		}
	}
}

func TestResizeTreatsChannelsAlike(t *testing.T) {
	rng := seed.Rand(5, "pixels")
	grey := video.NewClip(1, 40, 31, 1)
	colour := video.NewClip(1, 40, 31, 3)
	for i := range grey.Pix {
		grey.Pix[i] = uint8(rng.IntN(256))
		colour.Pix[3*i], colour.Pix[3*i+1], colour.Pix[3*i+2] = grey.Pix[i], 255-grey.Pix[i], grey.Pix[i]
	}
	small, small3 := video.NewClip(1, 13, 50, 1), video.NewClip(1, 13, 50, 3)
	box := Box{1, 2, 29, 36}
	if err := CropResize(small, grey, box); err != nil {
		t.Fatal(err)
	}
	if err := CropResize(small3, colour, box); err != nil {
		t.Fatal(err)
	}
	for i, v := range small.Pix {
		if small3.Pix[3*i] != v || small3.Pix[3*i+2] != v {
			t.Fatalf("pixel %d: grey %d, colours %v", i, v, small3.Pix[3*i:3*i+3])
		}
	}
}

func TestBadRequestsAreErrors(t *testing.T) {
	src := video.NewClip(1, 10, 10, 3)
	for name, c := range map[string]struct {
		dst video.Clip
		box Box
	}{
		"box outside":  {video.NewClip(1, 4, 4, 3), Box{5, 5, 6, 5}},
		"box empty":    {video.NewClip(1, 4, 4, 3), Box{0, 0, 0, 5}},
		"other frames": {video.NewClip(2, 4, 4, 3), Box{0, 0, 5, 5}},
		"no pixels":    {video.Clip{T: 1, H: 4, W: 4, C: 3}, Box{0, 0, 5, 5}},
	} {
		if CropResize(c.dst, src, c.box) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStrongerReductionOfHeightGoesFirst(t *testing.T) {
	src := video.NewClip(1, 12, 5, 1)
	for i := range src.Pix {
		src.Pix[i] = uint8(i*i*37 + i*11)
	}
	dst := video.NewClip(1, 5, 4, 1)
	if err := CropResize(dst, src, Box{0, 0, 5, 12}); err != nil {
		t.Fatal(err)
	}
	// By Pillow 13.0.0; with rows first, three values are one off.
	want := []uint8{136, 122, 143, 123, 144, 169, 155, 182, 127, 145, 142, 148, 181, 159, 86, 113, 135, 81, 66, 136}
	if !bytes.Equal(dst.Pix, want) {
		t.Errorf("got %v, want %v", dst.Pix, want)
	}
}
