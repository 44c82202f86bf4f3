package frames

import "slices"

// PixelStats gives the mean and deviation, for each of c channels, that pixels in [0, 1] are normalised with: ImageNet's
// for three channels (spec 5.2), and their averages for any other number, for which no convention exists.
func PixelStats(c int) (mean, std []float32) {
	mean, std = []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	if c == len(mean) {
		return mean, std
	}
	average := func(v []float32) []float32 { return slices.Repeat([]float32{(v[0] + v[1] + v[2]) / 3}, c) }
	return average(mean), average(std)
}
