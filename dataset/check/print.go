package check

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"slices"

	"videomae/video"
)

// A video is compared with others by its print: for up to 32 moments, evenly spaced, two words of 64 bits. Both are the signs of the 64
// lowest frequencies (without the constant one) of the cosine transform of a grey picture of 32 x 32 cells, as perceptual hashes are
// made: brightness, contrast, scale and compression hardly change them. The one, Scene, is of the picture itself. The other, Motion, is
// of its difference from the mean of all moments: what stands still is gone from it, so that two clips of one fixed camera agree in
// Scene, and only a copy agrees in Motion.
//
// Moments are 1/16 s apart, or twice, four times ... that, so that they are at most 32: a copy that is cut at its ends has them as far
// apart as the original, or half as far, and can be laid over it.
const (
	maxSamples   = 32
	firstSpacing = 1. / 16 // seconds
	lookSide     = 64      // shorter side in pixels of the frames that are looked at
	cells        = 32      // a side
	freqs        = 11      // highest frequency used, and one
	usualFPS     = 25      // for files that do not tell
	weakBits     = 16      // of a word

	stillFloor = 1.0 // standard deviation of a difference, in grey levels, from which on it is of the picture and not of the encoder
)

// Print is what a video is recognised by. Scene and Motion have a word for each sample.
type Print struct {
	Spacing int // samples are firstSpacing * 2^Spacing seconds apart
	Scene   []uint64
	Motion  []uint64
	Weak    []uint64 // the 16 bits of each word of Motion that are the least certain, as their frequencies are hardly there
	Active  uint32   // bit i: something moves in sample i, so that Motion[i] means something
}

// sampling is which frames make a print.
type sampling struct {
	spacing int
	frames  []int // counted from the video's start, rising or equal
}

// spread chooses the frames of a video of n frames.
func spread(n int, fps float64) sampling {
	if !(fps > 0) || math.IsInf(fps, 0) {
		fps = usualFPS
	}
	s := sampling{}
	step := firstSpacing * fps // in frames
	for float64(maxSamples)*step <= float64(n-1) {
		step *= 2
		s.spacing++
	}
	for i := range maxSamples {
		at := math.Round(float64(i) * step)
		if at > float64(n-1) {
			break
		}
		s.frames = append(s.frames, int(at))
	}
	return s
}

// few chooses frames to look at where no print is wanted.
func few(n int) sampling {
	const looks = 4
	s := sampling{}
	for i := range min(looks, n) {
		s.frames = append(s.frames, i*n/looks)
	}
	return s
}

// grid is a small grey picture, row by row.
type grid [cells * cells]float32

// small averages the pixels of each cell of the frames of a grey clip.
func small(clip video.Clip) []grid {
	grids := make([]grid, clip.T)
	for t := range grids {
		frame := clip.Frame(t)
		for y := range cells {
			y0, y1 := bounds(y, clip.H)
			for x := range cells {
				x0, x1 := bounds(x, clip.W)
				sum := 0
				for row := y0; row < y1; row++ {
					for _, v := range frame[row*clip.W+x0 : row*clip.W+x1] {
						sum += int(v)
					}
				}
				grids[t][y*cells+x] = float32(sum) / float32((y1-y0)*(x1-x0))
			}
		}
	}
	return grids
}

// bounds are the pixels of cell i of a side of n pixels, at least one.
func bounds(i, n int) (from, to int) {
	from = i * n / cells
	return from, max(from+1, (i+1)*n/cells)
}

// newPrint makes the print of frames, of which there is at least one.
func newPrint(spacing int, frames []grid) Print {
	p := Print{Spacing: spacing, Scene: make([]uint64, len(frames)), Motion: make([]uint64, len(frames)), Weak: make([]uint64, len(frames))}
	var mean grid
	for _, f := range frames {
		for i, v := range f {
			mean[i] += v / float32(len(frames))
		}
	}
	for t, f := range frames {
		p.Scene[t], _ = signs(&f)
		var sum, squares float64
		for i := range f {
			f[i] -= mean[i]
			sum += float64(f[i])
			squares += float64(f[i]) * float64(f[i])
		}
		p.Motion[t], p.Weak[t] = signs(&f)
		n := float64(len(f))
		if squares/n-sum/n*sum/n > stillFloor*stillFloor {
			p.Active |= 1 << t
		}
	}
	return p
}

// moves tells whether anything moves.
func (p Print) moves() bool { return p.Active != 0 }

// active is the number of samples in which something moves.
func (p Print) active() int { return bits.OnesCount32(p.Active) }

// coarse is the print of every second sample, without Weak.
func (p Print) coarse() Print {
	c := Print{Spacing: p.Spacing + 1}
	for i := 0; i < len(p.Motion); i += 2 {
		c.Active |= p.Active >> i & 1 << (i / 2)
		c.Scene, c.Motion = append(c.Scene, p.Scene[i]), append(c.Motion, p.Motion[i])
	}
	return c
}

// frequency is a pair of vertical and horizontal frequency.
type frequency struct{ v, h int }

// lowest are the 64 lowest frequencies but (0, 0), bit by bit: by their sum, then by the vertical one.
var lowest = func() (f [64]frequency) {
	i := 0
	for sum := 1; i < len(f); sum++ {
		for v := 0; v <= sum && i < len(f); v++ {
			f[i] = frequency{v, sum - v}
			i++
		}
	}
	return f
}()

// mirrorMask has the bits that change when left and right are exchanged: those of odd horizontal frequencies.
var mirrorMask = func() (mask uint64) {
	for i, f := range lowest {
		if f.h%2 == 1 {
			mask |= 1 << i
		}
	}
	return mask
}()

// cosines is the basis of the transform: cosines[f][x].
var cosines = func() (c [freqs][cells]float32) {
	for f := range c {
		for x := range c[f] {
			c[f][x] = float32(math.Cos(math.Pi * (float64(x) + .5) * float64(f) / cells))
		}
	}
	return c
}()

// signs has bit i of word set where frequency lowest[i] of a picture is positive, and in weak the bits of the weakest of them.
func signs(g *grid) (word, weak uint64) {
	var rows [freqs][cells]float32 // transformed horizontally
	for y := range cells {
		line := g[y*cells:][:cells]
		for f := range freqs {
			var sum float32
			for x, v := range line {
				sum += v * cosines[f][x]
			}
			rows[f][y] = sum
		}
	}
	var size, sorted [64]float32
	for i, f := range lowest {
		var sum float32
		for y, v := range rows[f.h] {
			sum += v * cosines[f.v][y]
		}
		if sum > 0 {
			word |= 1 << i
		}
		size[i] = max(sum, -sum)
	}
	sorted = size
	slices.Sort(sorted[:])
	for i, v := range size {
		if v < sorted[weakBits] {
			weak |= 1 << i
		}
	}
	return word, weak
}

// MarshalJSON writes the print as a text: one byte of spacing, four of Active, then Scene, Motion and Weak of each sample, in base64.
func (p Print) MarshalJSON() ([]byte, error) {
	data := binary.LittleEndian.AppendUint32([]byte{byte(p.Spacing)}, p.Active)
	for i := range p.Scene {
		data = binary.LittleEndian.AppendUint64(data, p.Scene[i])
		data = binary.LittleEndian.AppendUint64(data, p.Motion[i])
		data = binary.LittleEndian.AppendUint64(data, p.Weak[i])
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(data))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Print) UnmarshalJSON(text []byte) error {
	var coded string
	if err := json.Unmarshal(text, &coded); err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return err
	}
	const head, each = 5, 24
	n := max(0, len(data)-head) / each
	if len(data) != head+n*each || n < 1 || n > maxSamples || data[0] > 40 {
		return errors.New("is not the print of a video")
	}
	*p = Print{Spacing: int(data[0]), Active: binary.LittleEndian.Uint32(data[1:])}
	for d := data[head:]; len(d) > 0; d = d[each:] {
		p.Scene = append(p.Scene, binary.LittleEndian.Uint64(d))
		p.Motion = append(p.Motion, binary.LittleEndian.Uint64(d[8:]))
		p.Weak = append(p.Weak, binary.LittleEndian.Uint64(d[16:]))
	}
	return nil
}
