package randaugment

import (
	"fmt"
	"math"
)

// Op is an operation on a frame.
type Op int

// The operations. Increasing ones grow stronger with the magnitude in either direction; the plain ones of the same name go from one
// extreme to the other.
const (
	AutoContrast Op = iota
	Equalize
	Invert
	Rotate
	Posterize
	PosterizeIncreasing
	PosterizeOriginal
	Solarize
	SolarizeIncreasing
	SolarizeAdd
	Color
	ColorIncreasing
	Contrast
	ContrastIncreasing
	Brightness
	BrightnessIncreasing
	Sharpness
	SharpnessIncreasing
	ShearX
	ShearY
	TranslateX
	TranslateY
	TranslateXRel
	TranslateYRel
	ops
)

var names = [ops]string{"AutoContrast", "Equalize", "Invert", "Rotate", "Posterize", "PosterizeIncreasing", "PosterizeOriginal", "Solarize",
	"SolarizeIncreasing", "SolarizeAdd", "Color", "ColorIncreasing", "Contrast", "ContrastIncreasing", "Brightness", "BrightnessIncreasing",
	"Sharpness", "SharpnessIncreasing", "ShearX", "ShearY", "TranslateX", "TranslateY", "TranslateXRel", "TranslateYRel"}

// String gives the operation's name in the official code.
func (o Op) String() string {
	if o < 0 || o >= ops {
		return fmt.Sprintf("operation %d", int(o))
	}
	return names[o]
}

// Named finds an operation by its name.
func Named(name string) (Op, error) {
	for o, n := range names {
		if n == name {
			return Op(o), nil
		}
	}
	return 0, fmt.Errorf("randaugment: no operation %q", name)
}

// plainOps are what a policy without "inc" draws from.
func plainOps() []Op {
	return []Op{AutoContrast, Equalize, Invert, Rotate, Posterize, Solarize, SolarizeAdd, Color, Contrast, Brightness, Sharpness,
		ShearX, ShearY, TranslateXRel, TranslateYRel}
}

// increasingOps are what a policy with "inc" draws from.
func increasingOps() []Op {
	return []Op{AutoContrast, Equalize, Invert, Rotate, PosterizeIncreasing, SolarizeIncreasing, SolarizeAdd, ColorIncreasing,
		ContrastIncreasing, BrightnessIncreasing, SharpnessIncreasing, ShearX, ShearY, TranslateXRel, TranslateYRel}
}

// builtInWeights are the probabilities "w0", in the order of plainOps.
func builtInWeights() []float64 {
	return []float64{.025, .005, 0, .3, 0, .005, .005, .025, .005, .005, .025, .2, .2, .1, .1}
}

// Signed tells whether the operation has two directions.
func (o Op) Signed() bool {
	switch o {
	case Rotate, ColorIncreasing, ContrastIncreasing, BrightnessIncreasing, SharpnessIncreasing,
		ShearX, ShearY, TranslateX, TranslateY, TranslateXRel, TranslateYRel:
		return true
	}
	return false
}

// shiftPixels is how far TranslateX and TranslateY go at the full magnitude.
const shiftPixels = 100

// Arg is the operation's argument at a level in [0, MaxMagnitude]: degrees, bits, a threshold, what is added, a factor, a slope, pixels, or
// a share of the side. Negate takes the other direction where there are two. Operations without an argument give 0.
func (o Op) Arg(level float64, negate bool) float64 {
	share := level / MaxMagnitude
	sign := 1.0
	if negate {
		sign = -1
	}
	switch o {
	case Rotate:
		return sign * share * 30
	case Posterize:
		return math.Trunc(share * 4)
	case PosterizeIncreasing:
		return 4 - math.Trunc(share*4)
	case PosterizeOriginal:
		return math.Trunc(share*4) + 4
	case Solarize:
		return math.Trunc(share * 256)
	case SolarizeIncreasing:
		return 256 - math.Trunc(share*256)
	case SolarizeAdd:
		return math.Trunc(share * 110)
	case Color, Contrast, Brightness, Sharpness:
		return float64(share*1.8) + .1
	case ColorIncreasing, ContrastIncreasing, BrightnessIncreasing, SharpnessIncreasing:
		return 1 + float64(sign*share*.9)
	case ShearX, ShearY:
		return sign * share * .3
	case TranslateX, TranslateY:
		return sign * share * shiftPixels
	case TranslateXRel, TranslateYRel:
		return sign * share * .45
	}
	return 0
}
