// What a clip looks like, and how a frame of it is painted.

package synth

import (
	"math"
	"math/rand/v2"
)

// texture is slopes with ripples on them, in one colour: channel c at (x,y) is base[c] + depth[c] * value(x,y), in grey levels.
//
// The slope makes the greater part of a cube's normalised target and is the same in most cubes, so that a small model soon
// learns to carry it from the visible cubes to the others; the ripples are the finer part that takes longer.
type texture struct {
	slopeX, slopeY float64 // change of value per pixel
	waves          []wave
	ripple         float64 // height of each wave
	base, depth    [3]float64
}

// wave is sin(kx x + ky y + phase), with x and y in pixels.
type wave struct{ kx, ky, phase float64 }

// Wave lengths in pixels: a good half of a wave across a cube, and broad enough to survive the coder.
const shortest, longest = 16, 28

// drawTexture draws a texture whose value rises from -1 to 1 over extent pixels in any direction, with the waves of a grating
// (one wave), a chequered pattern (two across each other) or smooth noise (three).
func drawTexture(rng *rand.Rand, extent, ripple, base, depth float64) texture {
	direction := 2 * math.Pi * rng.Float64()
	tx := texture{slopeX: 2 / extent * math.Cos(direction), slopeY: 2 / extent * math.Sin(direction)}
	n := 1 + rng.IntN(3)
	tx.ripple = ripple / math.Sqrt(float64(n))
	across := math.Pi * rng.Float64()
	for i := range n {
		k := 2 * math.Pi / (shortest + (longest-shortest)*rng.Float64())
		a := across + math.Pi*float64(i)/float64(n)
		tx.waves = append(tx.waves, wave{k * math.Cos(a), k * math.Sin(a), 2 * math.Pi * rng.Float64()})
	}
	for c := range tx.base {
		tx.base[c] = base + 18*(2*rng.Float64()-1)
		tx.depth[c] = depth * (0.8 + 0.2*rng.Float64())
	}
	return tx
}

// value is the height at (x,y) pixels from the middle. The slope through the middle folds back where it reaches -1 and 1, so
// that it is as steep in a large picture as in a small one.
func (tx texture) value(x, y float64) float64 {
	sum := 1 - math.Abs(math.Remainder(tx.slopeX*x+tx.slopeY*y-1, 4))
	for _, w := range tx.waves {
		sum += tx.ripple * math.Sin(w.kx*x+w.ky*y+w.phase)
	}
	return sum
}

// level is the grey level of channel c at the given value.
func (tx texture) level(c int, value float64) float64 {
	return math.Max(0, math.Min(255, tx.base[c]+tx.depth[c]*value))
}

// outline is the border of a shape of radius 1 around the origin. With points, it is made of as many equal wedges, each with an
// edge from its tip by (edgeX, edgeY) to a notch; without, it is a disc with a hole of the given radius.
type outline struct {
	points       int
	edgeX, edgeY float64
	hole         float64
}

// star is an outline with tips at radius 1 and notches at radius inner, half way between them.
func star(points int, inner float64) outline {
	half := math.Pi / float64(points)
	return outline{points: points, edgeX: inner*math.Cos(half) - 1, edgeY: inner * math.Sin(half)}
}

// polygon is a star whose notches lie on the straight lines between the tips.
func polygon(points int) outline { return star(points, math.Cos(math.Pi/float64(points))) }

// drawOutline draws a disc, ring, triangle, square or star.
func drawOutline(rng *rand.Rand) outline {
	all := [...]outline{{}, {hole: 0.5}, polygon(3), polygon(4), star(5, 0.5)}
	return all[rng.IntN(len(all))]
}

// holds tells whether the point (x,y) lies inside the outline.
func (o outline) holds(x, y float64) bool {
	r := math.Sqrt(x*x + y*y)
	if o.points == 0 || r > 1 {
		return r >= o.hole && r <= 1
	}
	// By symmetry all wedges are one, with its tip at (1,0). Inside is left of the edge.
	sin, cos := math.Sincos(math.Remainder(math.Atan2(y, x), 2*math.Pi/float64(o.points)))
	return o.edgeX*r*math.Abs(sin)-o.edgeY*(r*cos-1) >= 0
}

// scene is the look of a clip: what its first frame shows.
type scene struct {
	height, width int
	side          float64 // the shorter of the two, the unit of lengths
	ground, skin  texture
	outline       outline
	x, y, radius  float64 // of the shape, in pixels
	angle         float64 // of the shape, in radians
	backdrop      []uint8 // the painted background (H,W,3)
}

// drawScene draws a look for frames of height x width pixels.
func drawScene(rng *rand.Rand, height, width int) *scene {
	s := &scene{height: height, width: width, side: float64(min(height, width))}
	// Grey levels of about 20 to 160 behind and 170 to 230 in front; about 2 levels a pixel in both.
	s.ground = drawTexture(rng, 72, 0.05, 90, 70)
	s.skin = drawTexture(rng, 32, 0.2, 200, 30)
	s.outline = drawOutline(rng)
	s.x = float64(width)/2 + s.side*0.12*(2*rng.Float64()-1)
	s.y = float64(height)/2 + s.side*0.12*(2*rng.Float64()-1)
	s.radius = s.side * (0.24 + 0.06*rng.Float64())
	s.angle = 2 * math.Pi * rng.Float64()
	s.backdrop = make([]uint8, height*width*3)
	for i := range height * width {
		v := s.ground.value(float64(i%width)+0.5-float64(width)/2, float64(i/width)+0.5-float64(height)/2)
		for c := range 3 {
			s.backdrop[3*i+c] = uint8(s.ground.level(c, v) + 0.5)
		}
	}
	return s
}

// paint draws one frame (H,W,3): the background, and the shape at the given pose. The texture moves, grows and turns with
// the shape. The share of a pixel that the shape covers is counted over samples x samples points, which smooths the edge.
func (s *scene) paint(frame []uint8, at pose) {
	const samples = 4
	copy(frame, s.backdrop)
	cx, cy := s.x+s.side*at.dx, s.y+s.side*at.dy
	r := s.radius * at.scale
	sin, cos := math.Sincos(s.angle + at.turn)
	local := func(px, py float64) (x, y float64) { // of a point of the picture, in the shape's frame, where its radius is 1
		x, y = (px-cx)/r, (py-cy)/r
		return cos*x + sin*y, cos*y - sin*x
	}
	for py := max(0, int(cy-r)); py < min(s.height, int(cy+r)+1); py++ {
		for px := max(0, int(cx-r)); px < min(s.width, int(cx+r)+1); px++ {
			inside := 0
			for i := range samples * samples {
				if s.outline.holds(local(float64(px)+(float64(i%samples)+0.5)/samples, float64(py)+(float64(i/samples)+0.5)/samples)) {
					inside++
				}
			}
			if inside > 0 {
				x, y := local(float64(px)+0.5, float64(py)+0.5)
				s.blend(frame[3*(py*s.width+px):], float64(inside)/(samples*samples), s.skin.value(x*s.radius, y*s.radius))
			}
		}
	}
}

// blend paints the share cover of a pixel with the shape's texture at the given value.
func (s *scene) blend(pixel []uint8, cover, value float64) {
	for c := range 3 {
		under := float64(pixel[c])
		pixel[c] = uint8(under + cover*(s.skin.level(c, value)-under) + 0.5)
	}
}
