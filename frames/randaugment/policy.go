// Package randaugment is the RandAugment of the official fine-tuning (spec section 5.5): some operations on colour and geometry, drawn once
// for a clip and done to every frame, equal to Pillow 13's to the byte.
package randaugment

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"videomae/frames/draw"
)

// Policy says what is drawn for a clip. Parse makes one from its usual text.
type Policy struct {
	Layers      int       // number of operations drawn, with replacement
	Magnitude   float64   // mean magnitude, of 10
	Deviation   float64   // deviation of the magnitude
	Probability float64   // that a drawn operation is done
	Ops         []Op      // what is drawn from
	Weights     []float64 // probability of each of Ops; nil: equal
	Resample    Resample  // how rotations, shears and shifts interpolate
}

// MaxMagnitude is the largest magnitude of an operation.
const MaxMagnitude = 10

// Official is the policy text of the official fine-tuning scripts.
const Official = "rand-m7-n4-mstd0.5-inc1"

// Parse reads a policy such as "rand-m7-n4-mstd0.5-inc1": parts in any order, joined by "-", after "rand". m is the magnitude (10), n the
// number of operations (2), mstd the magnitude's deviation (0), w0 stands for the built-in unequal weights, and inc, of any number, for
// operations that grow stronger with the magnitude in either direction (even inc0, as in the official code).
func Parse(text string) (Policy, error) {
	parts := strings.Split(text, "-")
	if parts[0] != "rand" {
		return Policy{}, fmt.Errorf("randaugment %q: must start with \"rand\", as in %q", text, Official)
	}
	p := Policy{Layers: 2, Magnitude: MaxMagnitude, Probability: .5, Ops: plainOps(), Resample: Bicubic}
	for _, part := range parts[1:] {
		name := strings.TrimRight(part, "0123456789.")
		value, err := strconv.ParseFloat(part[len(name):], 64)
		if err != nil {
			return Policy{}, fmt.Errorf("randaugment %q: part %q is no name and number, such as m7", text, part)
		}
		if err := p.set(name, value); err != nil {
			return Policy{}, fmt.Errorf("randaugment %q: part %q: %w", text, part, err)
		}
	}
	return p, nil
}

// set changes what a part of a policy's text names.
func (p *Policy) set(name string, value float64) error {
	whole := value == math.Trunc(value)
	switch name {
	case "m":
		if value > MaxMagnitude {
			return fmt.Errorf("the magnitude may be %d at most", MaxMagnitude)
		}
		p.Magnitude = value
	case "n":
		if !whole || value < 1 || value > 100 {
			return fmt.Errorf("the number of operations must be whole, from 1 to 100")
		}
		p.Layers = int(value)
	case "mstd":
		p.Deviation = value
	case "inc":
		p.Ops = increasingOps()
	case "w":
		if value != 0 {
			return fmt.Errorf("the only built-in weights are w0")
		}
		p.Weights = builtInWeights()
	default:
		return fmt.Errorf("unknown name (have m, n, mstd, inc, w)")
	}
	return nil
}

// Step is an operation that is done to every frame of a clip.
type Step struct {
	Op     Op
	Level  float64 // magnitude, in [0, MaxMagnitude]
	Negate bool    // the other direction, for operations that have two
}

// Arg is the operation's argument.
func (s Step) Arg() float64 { return s.Op.Arg(s.Level, s.Negate) }

// Draw draws the steps of one clip.
func (p Policy) Draw(source draw.Source) []Step {
	chosen := make([]Op, p.Layers)
	for i := range chosen {
		chosen[i] = p.choose(source)
	}
	var steps []Step
	for _, op := range chosen {
		if p.Probability < 1 && source.Uniform(0, 1) > p.Probability {
			continue
		}
		s := Step{Op: op, Level: p.Magnitude}
		if p.Deviation > 0 {
			s.Level = source.Normal(p.Magnitude, p.Deviation)
		}
		s.Level = max(0, min(s.Level, MaxMagnitude))
		if op.Signed() {
			s.Negate = source.Uniform(0, 1) > .5
		}
		steps = append(steps, s)
	}
	return steps
}

// choose draws one of the policy's operations.
func (p Policy) choose(source draw.Source) Op {
	if p.Weights == nil {
		return p.Ops[source.Below(len(p.Ops))]
	}
	u, last := source.Uniform(0, 1), 0
	for i, w := range p.Weights {
		if w > 0 {
			last = i
			if u < w {
				break
			}
			u -= w
		}
	}
	return p.Ops[last]
}
