package randaugment

import "videomae/frames/internal/kernel"

// lookup is what each byte of each channel becomes.
type lookup [3][256]uint8

// apply fills dst from src.
func (l *lookup) apply(dst, src []uint8) {
	r, g, b := &l[0], &l[1], &l[2]
	for len(dst) >= 3 && len(src) >= 3 {
		dst[0], dst[1], dst[2] = r[src[0]], g[src[1]], b[src[2]]
		dst, src = dst[3:], src[3:]
	}
}

// same makes all channels become what value says.
func (l *lookup) same(value func(v int) uint8) {
	for v := range l[0] {
		l[0][v] = value(v)
	}
	l[1], l[2] = l[0], l[0]
}

// valueOf gives what an operation makes of a byte, for those that look at nothing else.
func valueOf(op Op, arg float64, v int) uint8 {
	switch whole := int(arg); op {
	case Posterize, PosterizeIncreasing, PosterizeOriginal:
		return uint8(v & (0xff << (8 - whole))) // no bits at all: black, as in Pillow before 10
	case Solarize, SolarizeIncreasing:
		if v < whole {
			return uint8(v)
		}
	case SolarizeAdd:
		if v < 128 {
			return uint8(min(255, v+whole))
		}
		return uint8(v)
	case Brightness, BrightnessIncreasing:
		return kernel.BlendOne(0, uint8(v), float32(arg))
	}
	return uint8(255 - v) // Invert, and Solarize's other half
}

// histograms counts the bytes of each channel.
func histograms(pix []uint8) (count [3][256]int) {
	r, g, b := &count[0], &count[1], &count[2]
	for ; len(pix) >= 3; pix = pix[3:] {
		r[pix[0]]++
		g[pix[1]]++
		b[pix[2]]++
	}
	return count
}

// autoContrast stretches each channel to all of [0, 255].
func (l *lookup) autoContrast(pix []uint8) {
	count := histograms(pix)
	for c := range count {
		low, high := 0, 255
		for low < 255 && count[c][low] == 0 {
			low++
		}
		for high > 0 && count[c][high] == 0 {
			high--
		}
		scale, offset := 1.0, 0.0
		if high > low {
			scale = 255 / float64(high-low)
			offset = float64(-low) * scale
		}
		for v := range l[c] {
			l[c][v] = uint8(max(0, min(float64(float64(v)*scale)+offset, 255)))
		}
	}
}

// equalize makes the bytes of each channel as evenly spread as Pillow does.
func (l *lookup) equalize(pix []uint8) {
	count := histograms(pix)
	for c := range count {
		total, last, levels := 0, 0, 0
		for _, n := range count[c] {
			if n > 0 {
				total, last, levels = total+n, n, levels+1
			}
		}
		step := (total - last) / 255
		n := step / 2
		for v := range l[c] {
			if levels <= 1 || step == 0 {
				l[c][v] = uint8(v)
				continue
			}
			l[c][v] = uint8(min(n/step, 255))
			n += count[c][v]
		}
	}
}
