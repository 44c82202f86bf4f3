// The motions: how a shape's pose changes over a clip.

package synth

import (
	"math"
	"math/rand/v2"
)

// Motion names a class.
type Motion string

// The motions, as seen on the picture.
const (
	Left             Motion = "left"
	Right            Motion = "right"
	Up               Motion = "up"
	Down             Motion = "down"
	Clockwise        Motion = "clockwise"        // along a circle
	Counterclockwise Motion = "counterclockwise" // along a circle
	Grow             Motion = "grow"
	Shrink           Motion = "shrink"
	Spin             Motion = "spin"   // clockwise, in its place
	Bounce           Motion = "bounce" // falls and rebounds, twice
	Shake            Motion = "shake"  // sways left and right, twice
)

// Motions lists every motion.
var Motions = []Motion{Left, Right, Up, Down, Clockwise, Counterclockwise, Grow, Shrink, Spin, Bounce, Shake}

// pose is where a shape is, relative to how it started: lengths are shares of the picture's shorter side.
type pose struct {
	dx, dy float64 // to the right and downwards
	scale  float64
	turn   float64 // radians, clockwise
}

// path is a motion with what varies within its class.
type path struct {
	motion Motion
	pace   float64 // how far it goes, around 1
	angle  float64 // radians: where on its circle a shape starts
}

// drawPath draws a path of the given motion. Every motion draws the same numbers.
func drawPath(rng *rand.Rand, m Motion) path {
	return path{motion: m, pace: 0.8 + 0.4*rng.Float64(), angle: 2 * math.Pi * rng.Float64()}
}

// at returns the pose at time u, from 0 (the first frame) to 1 (the last). At 0 it is the same for all motions.
func (p path) at(u float64) pose {
	const (
		travel = 0.32 // of a straight line
		radius = 0.15 // of a circle
		sweep  = 0.75 // of a circle, in turns
		drop   = 0.25 // of a bounce
		swing  = 0.14 // of a shake, to each side
	)
	q := pose{scale: 1}
	switch p.motion {
	case Left:
		q.dx = -travel * p.pace * u
	case Right:
		q.dx = travel * p.pace * u
	case Up:
		q.dy = -travel * p.pace * u
	case Down:
		q.dy = travel * p.pace * u
	case Clockwise, Counterclockwise:
		turned := 2 * math.Pi * sweep * p.pace * u
		if p.motion == Counterclockwise {
			turned = -turned
		}
		q.dx = radius * (math.Cos(p.angle+turned) - math.Cos(p.angle))
		q.dy = radius * (math.Sin(p.angle+turned) - math.Sin(p.angle))
	case Grow:
		q.scale = 1 + 0.5*p.pace*u
	case Shrink:
		q.scale = 1 - 0.45*p.pace*u
	case Spin:
		q.turn = math.Pi * p.pace * u
	case Bounce:
		_, phase := math.Modf(2*u + 0.5) // 0.5 is the top of an arc, 0 the ground
		q.dy = drop * p.pace * (2*phase - 1) * (2*phase - 1)
	case Shake:
		q.dx = swing * p.pace * math.Sin(4*math.Pi*u)
	}
	return q
}
