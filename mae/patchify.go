package mae

import (
	. "github.com/gomlx/gomlx/core/graph"

	"videomae/vit"
)

// Patchify cuts clips [B, T, H, W, C] into cubes [B, N, P]. Cubes are in raster order (slot, row, column); the values of a
// cube are in the order frame, row, column, channel. Source: spec 3.
func Patchify(clip *Node, c vit.Config) *Node {
	b, g := clip.Shape().Dim(0), c.Grid()
	x := Reshape(clip, b, g.Slots, c.Tubelet, g.Rows, c.Patch, g.Cols, c.Patch, c.Channels)
	x = TransposeAllAxes(x, 0, 1, 3, 5, 2, 4, 6, 7)
	return Reshape(x, b, g.Tokens(), c.CubeSize())
}

// Unpatchify puts cubes [B, N, P] back into clips [B, T, H, W, C]; it undoes Patchify.
func Unpatchify(cubes *Node, c vit.Config) *Node {
	b, g := cubes.Shape().Dim(0), c.Grid()
	x := Reshape(cubes, b, g.Slots, g.Rows, g.Cols, c.Tubelet, c.Patch, c.Patch, c.Channels)
	x = TransposeAllAxes(x, 0, 1, 4, 2, 5, 3, 6, 7)
	return Reshape(x, b, c.Frames, c.Height, c.Width, c.Channels)
}

// take picks rows of x [B, N, D] by index [B, n] (int32, within each sample), giving [B, n, D].
func take(x, index *Node) *Node {
	b, n, d := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	first := MulScalar(Iota(x.Graph(), index.Shape(), 0), n) // the row of each sample's cube 0, once samples are laid end to end
	flat := Reshape(Add(index, first), -1, 1)
	return Reshape(Gather(Reshape(x, b*n, d), flat), b, -1, d)
}
