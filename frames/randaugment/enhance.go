package randaugment

import "videomae/frames/internal/kernel"

// grey is a pixel's brightness as Pillow rounds it.
func grey(p []uint8) uint8 {
	return uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
}

// brightness is the mean brightness of the picture, which Contrast blends it with.
func brightness(pix []uint8) uint8 {
	sum := 0
	for i := 0; i+3 <= len(pix); i += 3 {
		sum += int(grey(pix[i : i+3 : i+3]))
	}
	return uint8(float64(sum)/float64(len(pix)/3) + .5)
}

// color blends the picture with its brightness.
func color(dst []uint8, p picture, factor float64) {
	for i := 0; i+3 <= len(dst); i += 3 {
		g := grey(p.pix[i : i+3 : i+3])
		out := dst[i : i+3 : i+3]
		out[0], out[1], out[2] = g, g, g
	}
	kernel.Blend(dst, dst, p.pix, float32(factor))
}

// sharpness blends the picture with a smoothed one.
func sharpness(dst []uint8, p picture, factor float64) {
	smooth(dst, p)
	kernel.Blend(dst, dst, p.pix, float32(factor))
}

// smooth fills dst with the mean of 3 x 3 pixels, the middle one counted five times; pixels at the border stay.
func smooth(dst []uint8, p picture) {
	copy(dst, p.pix)
	stride := 3 * p.w
	for y := 1; y < p.h-1; y++ {
		above, row, below := p.pix[(y-1)*stride:][:stride], p.pix[y*stride:][:stride], p.pix[(y+1)*stride:][:stride]
		kernel.Smooth(dst[y*stride:][:stride], above, row, below)
	}
}
