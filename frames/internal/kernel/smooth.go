package kernel

// Smooth computes the pixels of a row, three channels each, but for the first and the last, which stay: the rounded mean of 3 x 3 pixels,
// the middle one counted five times.
func Smooth(dst, above, row, below []uint8) {
	above, row, below = above[:len(dst)], row[:len(dst)], below[:len(dst)]
	sum := func(i int) int { return int(above[i]) + int(row[i]) + int(below[i]) }
	for i := smoothVector(dst, above, row, below); i < len(dst)-3; i++ {
		total := sum(i-3) + sum(i) + sum(i+3) + 4*int(row[i])
		dst[i] = uint8((2*total + 13) / 26)
	}
}
