// Package mixup mixes the clips of a batch with each other, and their labels alike: mixup blends whole clips, cutmix pastes a box of one into
// the other (spec section 5.5).
package mixup

import (
	"fmt"
	"math"

	"videomae/frames"
	"videomae/frames/draw"
)

// Mode says how many clips share a draw.
type Mode int

const (
	Batch Mode = iota // all clips of a batch
	Pair              // a clip and its partner (where the official code cuts frames and rows instead of a box)
	Each              // none
)

// Mixer says how batches are mixed. Clip i of n is mixed with clip n-1-i.
type Mixer struct {
	Mixup, Cutmix float64 // parameters of the Beta distributions of shares; 0 leaves the kind out
	Probability   float64 // that a draw mixes at all
	Switch        float64 // probability of cutmix where both kinds are possible
	Mode          Mode
}

// Official is the mixer of fine-tuning.
func Official() Mixer { return Mixer{Mixup: .8, Cutmix: 1, Probability: 1, Switch: .5} }

// Mix is how a clip is mixed with its partner.
type Mix struct {
	Share float64    // of the clip itself, in its label and, without Cut, in its values
	Cut   bool       // Box comes from the partner, all else from the clip
	Box   frames.Box // inside the frames, the same at all times; it may be empty
}

// Draw draws how each of n clips, n even, of w x h pixels is mixed.
func (m Mixer) Draw(source draw.Source, n, w, h int) ([]Mix, error) {
	if n < 2 || n%2 != 0 {
		return nil, fmt.Errorf("mixup: a batch of %d clips has no pairs: choose an even batch size", n)
	}
	mixes := make([]Mix, n)
	switch m.Mode {
	case Batch:
		one := m.one(source, w, h)
		for i := range mixes {
			mixes[i] = one
		}
	case Pair:
		for i := range n / 2 {
			mixes[i] = m.one(source, w, h)
			mixes[n-1-i] = mixes[i]
		}
	case Each:
		for i := range mixes {
			mixes[i] = m.one(source, w, h)
		}
	default:
		return nil, fmt.Errorf("mixup: no mode %d", int(m.Mode))
	}
	return mixes, nil
}

// one draws a mix.
func (m Mixer) one(source draw.Source, w, h int) Mix {
	if m.Mixup <= 0 && m.Cutmix <= 0 || source.Uniform(0, 1) >= m.Probability {
		return Mix{Share: 1}
	}
	cut := m.Mixup <= 0
	if m.Mixup > 0 && m.Cutmix > 0 {
		cut = source.Uniform(0, 1) < m.Switch
	}
	alpha := m.Mixup
	if cut {
		alpha = m.Cutmix
	}
	share := source.Beta(alpha)
	if !cut {
		return Mix{Share: share}
	}
	y := source.Below(h)
	return CutOut(share, w, h, source.Below(w), y)
}

// CutOut is the cutmix whose box is meant to cover 1 - share of a w x h frame, with its centre at (x, y). The box is cut at the borders,
// and an odd side loses a pixel; the mix's share is that of the pixels that are left.
func CutOut(share float64, w, h, x, y int) Mix {
	side := math.Sqrt(1 - share)
	halfW, halfH := int(float64(w)*side)/2, int(float64(h)*side)/2
	x0, x1 := max(0, x-halfW), min(w, x+halfW)
	y0, y1 := max(0, y-halfH), min(h, y+halfH)
	box := frames.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
	return Mix{Share: 1 - float64(box.W*box.H)/float64(w*h), Cut: true, Box: box}
}
