// The use that all products make of the tiles: a square of two by two of sums, two of rows of the left factor, two of columns of the
// right one.

package amx

// The tiles.
const (
	Sums  = 0 // four, row by row
	Left  = 4
	Right = 6
)

// The bytes of a row of a tile, and its rows.
const (
	RowBytes = 64
	Rows     = 16
)

// ClearSums are the instructions that clear the sums of one row of tiles or of both.
func ClearSums(high int) (list [][]byte) {
	for i := range 2 * high {
		list = append(list, TILEZERO(Sums+i))
	}
	return list
}

// LoadRight are those that read the right factor, whose columns of two tiles lie side by side, rows stride bytes apart.
func LoadRight(base, stride int) (list [][]byte) {
	for j := range 2 {
		list = append(list, TILELOADD(Right+j, base, stride, j*RowBytes))
	}
	return list
}

// Multiply are those that add the products of the factors to the sums of one row of tiles or of both.
func Multiply(high int) (list [][]byte) {
	for i := range high {
		for j := range 2 {
			list = append(list, TDPBF16PS(Sums+2*i+j, Left+i, Right+j))
		}
	}
	return list
}
