package mae

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"videomae/internal/graphtest"
	"videomae/seed"
	"videomae/vit"
)

func TestUnpatchifyUndoesPatchify(t *testing.T) {
	for _, c := range []vit.Config{
		{Frames: 4, Height: 32, Width: 48, Channels: 3, Tubelet: 2, Patch: 16},
		{Frames: 3, Height: 4, Width: 2, Channels: 5, Tubelet: 1, Patch: 2},
		{Frames: 6, Height: 3, Width: 9, Channels: 1, Tubelet: 3, Patch: 3},
	} {
		x := clip(c, 2)
		got := values(t, func(in []*Node) *Node { return Unpatchify(Patchify(in[0], c), c) }, x)
		if !slices.Equal(got, graphtest.Flat(t, x)) {
			t.Errorf("%+v: the clip changed", c)
		}
	}
}

// The indices are those of spec 10: token 227 is slot 1, row 2, column 3; value 875 is frame 1, row 2, column 3, channel 2.
func TestPlaceOfACubeAndOfAValue(t *testing.T) {
	c := vit.Config{Frames: 4, Height: 224, Width: 224, Channels: 3, Tubelet: 2, Patch: 16}
	numbered := make([]float32, c.Frames*c.Height*c.Width*c.Channels) // below 2^24, so that every number is exact
	for i := range numbered {
		numbered[i] = float32(i)
	}
	cubes := values(t, func(in []*Node) *Node { return Patchify(in[0], c) },
		tensors.FromFlatDataAndDimensions(numbered, 1, c.Frames, c.Height, c.Width, c.Channels))
	frame, row, column, channel := 1*2+1, 2*16+2, 3*16+3, 2
	want := ((frame*c.Height+row)*c.Width+column)*c.Channels + channel
	if got := int(cubes[227*c.CubeSize()+875]); got != want {
		t.Errorf("token 227, value 875 is pixel value %d, want %d", got, want)
	}
}

// Mirroring a clip mirrors the map of cubes and each cube.
func TestFlippingCommutesWithPatchify(t *testing.T) {
	c := minute().Encoder
	x := clip(c, 1)
	flipped := values(t, func(in []*Node) *Node { return Patchify(Reverse(in[0], 3), c) }, x)
	cubes, cols := values(t, func(in []*Node) *Node { return Patchify(in[0], c) }, x), c.Grid().Cols
	for n := range c.Tokens() {
		mirror := n - n%cols + cols - 1 - n%cols
		for p := range c.CubeSize() {
			pixel := p / c.Channels
			q := (pixel-pixel%c.Patch+c.Patch-1-pixel%c.Patch)*c.Channels + p%c.Channels
			if got, want := flipped[n*c.CubeSize()+p], cubes[mirror*c.CubeSize()+q]; got != want {
				t.Fatalf("cube %d, value %d of the mirrored clip is %v, want %v", n, p, got, want)
			}
		}
	}
}

func TestTakePicksWithinEachClip(t *testing.T) {
	const n, d = 5, 3
	x := uniform(seed.Rand(1, "x"), 2, n, d)
	rows := [][]int32{{4, 0, 4}, {1, 2, 3}}
	got := values(t, func(in []*Node) *Node { return take(in[0], in[1]) }, x, index(rows...))
	var want []float32
	for clip, row := range rows {
		for _, i := range row {
			at := (clip*n + int(i)) * d
			want = append(want, graphtest.Flat(t, x)[at:at+d]...)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
