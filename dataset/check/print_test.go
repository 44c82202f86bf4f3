package check

import (
	"encoding/json"
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"videomae/seed"
	"videomae/video"
)

// randomPrint is that of a video of 10 s: words drawn at random, and with noise some bits of them changed, most of them weak ones.
func randomPrint(number uint64, motion, scene int) Print {
	rng, noise := seed.Rand(number, "test print"), seed.Rand(number, "test noise")
	p := Print{Spacing: 3}
	for i := range 21 {
		word, weak := rng.Uint64(), flip(0, 1<<64-1, weakBits, rng)
		p.Scene, p.Motion, p.Weak = append(p.Scene, rng.Uint64()), append(p.Motion, word), append(p.Weak, weak)
		p.Active |= 1 << i
		p.Scene[i] = flip(p.Scene[i], 1<<64-1, scene, noise)
		p.Motion[i] = flip(flip(word, weak, motion*3/4, noise), 1<<64-1, motion-motion*3/4, noise)
	}
	return p
}

// flip changes n of the bits of a mask in a word.
func flip(word, mask uint64, n int, rng *rand.Rand) uint64 {
	for ; n > 0; n-- {
		bit := uint64(1) << rng.IntN(64)
		for mask&bit == 0 {
			bit = bits.RotateLeft64(bit, 1)
		}
		word ^= bit
		mask &^= bit
	}
	return word
}

func TestSamplesSpanTheVideo(t *testing.T) {
	for _, fps := range []float64{0, math.NaN(), math.Inf(1), 1, 12, 25, 29.97, 240} {
		for _, n := range []int{1, 2, 3, 16, 25, 50, 64, 250, 251, 3000, 100_000} {
			s := spread(n, fps)
			if len(s.frames) < 1 || len(s.frames) > maxSamples || s.frames[0] != 0 || !slices.IsSorted(s.frames) || s.frames[len(s.frames)-1] >= n {
				t.Errorf("%d frames at %v a second: %+v", n, fps, s)
			}
			rate := fps
			if !(fps > 0) || math.IsInf(fps, 0) {
				rate = usualFPS
			}
			left := float64(n-1-s.frames[len(s.frames)-1]) / rate // seconds after the last sample
			if apart := firstSpacing * math.Exp2(float64(s.spacing)); left > apart+1/rate {
				t.Errorf("%d frames at %v a second: %.2f s are left after samples %.2f s apart", n, fps, left, apart)
			}
			if long := (n + 1) / 2; n > 64 && len(s.frames) < maxSamples/2 {
				t.Errorf("%d frames at %v a second: only %d samples (%d)", n, fps, len(s.frames), long)
			}
		}
	}
	for n := range 9 {
		for _, f := range few(n + 1).frames {
			if f < 0 || f > n {
				t.Errorf("frame %d of %d", f, n+1)
			}
		}
	}
}

// signs against the sum that the transform is defined by.
func TestSignsAreThoseOfTheCosineTransform(t *testing.T) {
	rng := seed.Rand(1, "test")
	var g grid
	for i := range g {
		g[i] = float32(rng.NormFloat64())
	}
	word, weak := signs(&g)
	if n := bits.OnesCount64(weak); n != weakBits {
		t.Errorf("%d bits are weak, want %d", n, weakBits)
	}
	strongest, weakest := 0., math.Inf(1) // of the weak ones, and of the others
	for i, f := range lowest {
		sum := 0.
		for y := range cells {
			for x := range cells {
				sum += float64(g[y*cells+x]) * math.Cos(math.Pi*(float64(y)+.5)*float64(f.v)/cells) * math.Cos(math.Pi*(float64(x)+.5)*float64(f.h)/cells)
			}
		}
		if math.Abs(sum) > 1e-3 && (word>>i&1 == 1) != (sum > 0) {
			t.Errorf("frequency %v: bit %d, sum %v", f, word>>i&1, sum)
		}
		if weak>>i&1 == 1 {
			strongest = max(strongest, math.Abs(sum))
		} else {
			weakest = min(weakest, math.Abs(sum))
		}
	}
	if strongest > weakest+1e-3 {
		t.Errorf("a weak bit stands for %v, another for %v", strongest, weakest)
	}
}

// film draws n frames of w x h of the seed's video, beginning at a frame, each apart frames after the other.
func film(number uint64, from, n, apart, w, h int, change func(x, y int, v float64) float64) []grid {
	clip := video.NewClip(n, h, w, 1)
	for t := range n {
		frame := clip.Frame(t)
		balls(number, from+t*apart, w, h, frame)
		if change == nil {
			continue
		}
		for i, v := range frame {
			frame[i] = uint8(max(0, min(255, change(i%w, i/w, float64(v)))))
		}
	}
	return small(clip)
}

func TestCopiesAreAlikeAndOthersAreNot(t *testing.T) {
	const number = 77
	original := newPrint(2, film(number, 0, 20, 6, 96, 64, nil)).coarse()
	noise := seed.Rand(1, "noise")
	for name, c := range map[string]struct {
		print    Print
		mirrored bool
		alike    bool
	}{
		"same":            {newPrint(2, film(number, 0, 20, 6, 96, 64, nil)), false, true},
		"half the size":   {newPrint(2, film(number, 0, 20, 6, 48, 32, nil)), false, true},
		"other shape":     {newPrint(2, film(number, 0, 20, 6, 64, 64, nil)), false, true},
		"brighter":        {newPrint(2, film(number, 0, 20, 6, 96, 64, func(_, _ int, v float64) float64 { return v*1.1 + 12 })), false, true},
		"noisy":           {newPrint(2, film(number, 0, 20, 6, 96, 64, func(_, _ int, v float64) float64 { return v + 6*noise.NormFloat64() })), false, true},
		"cut":             {newPrint(2, film(number, 15, 14, 6, 96, 64, nil)), false, true},
		"cut, finer":      {newPrint(1, film(number, 15, 28, 3, 96, 64, nil)), false, true},
		"mirrored":        {newPrint(2, mirror(film(number, 0, 20, 6, 96, 64, nil))), true, true},
		"mirrored, asked": {newPrint(2, mirror(film(number, 0, 20, 6, 96, 64, nil))), false, false},
		"another":         {newPrint(2, film(number+1, 0, 20, 6, 96, 64, nil)), false, false},
		"too short a cut": {newPrint(2, film(number, 0, 4, 6, 96, 64, nil)), false, false},
		"four times":      {newPrint(5, film(number, 0, 20, 6, 96, 64, nil)), false, false},
	} {
		if l := compare(original, c.print, c.mirrored); l.alike() != c.alike {
			t.Errorf("%s: %+v, alike %v", name, l, l.alike())
		}
	}
}

func mirror(frames []grid) []grid {
	for t := range frames {
		for y := range cells {
			slices.Reverse(frames[t][y*cells:][:cells])
		}
	}
	return frames
}

// Two views of one camera: the same background, other things moving. And an empty one, twice.
func TestOneCamerasClipsAreNoCopies(t *testing.T) {
	wall := make([]grid, 20)
	street := film(5, 0, 1, 1, 64, 64, nil)[0]
	for i := range wall {
		wall[i] = street
	}
	walk := func(number uint64) []grid {
		moving := film(number, 0, 20, 6, 64, 64, nil)
		for t := range moving {
			for i := range moving[t] {
				moving[t][i] = street[i] + (moving[t][i]-moving[0][i])*.3
			}
		}
		return moving
	}
	if l := compare(newPrint(2, walk(8)).coarse(), newPrint(2, walk(9)), false); l.alike() || l.scene > sceneLimit {
		t.Errorf("two of one camera: %+v", l)
	}
	empty := newPrint(2, wall)
	if empty.moves() {
		t.Error("something moves where nothing does")
	}
	if l := compare(empty.coarse(), empty, false); l.alike() {
		t.Errorf("empty: %+v", l)
	}
}

func TestPrintsSurviveJSON(t *testing.T) {
	p := randomPrint(3, 0, 0)
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Print
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(p, back) {
		t.Errorf("%+v, error %v", back, err)
	}
	for _, bad := range []string{`"AA=="`, `""`, `"?"`, `7`, `"AAAAAAAAAAA="`} {
		if json.Unmarshal([]byte(bad), &back) == nil {
			t.Errorf("%s is taken for a print", bad)
		}
	}
}

func TestTheIndexFindsWordsThatDifferInThreeBits(t *testing.T) {
	rng := seed.Rand(4, "test")
	x := newIndex()
	words := make([]uint64, 5000)
	for i := range words {
		words[i] = rng.Uint64()
		x.add(words[i], uint32(i))
	}
	for i, word := range words {
		hits := map[uint32]int{}
		x.near(flip(word, 1<<64-1, 3, rng), 0, 3, hits)
		if hits[uint32(i)] == 0 {
			t.Fatalf("word %d is not found", i)
		}
	}
}

// Of copies whose words differ in as many bits as those of real ones do, nearly all are found, and each look-up compares few words.
func TestTheIndexFindsCopiesAmongMany(t *testing.T) {
	const videos = 20_000
	p := newPrints()
	for i := range uint64(videos) {
		print := randomPrint(i, 0, 0)
		p.add(&print)
	}
	found := 0
	const tried = 500
	for i := range uint64(tried) {
		matches := p.find(randomPrint(i, 10, 4))
		if slices.ContainsFunc(matches, func(m match) bool { return uint64(m.row) == i }) {
			found++
		}
		if len(matches) > 1 {
			t.Errorf("video %d: %d matches", i, len(matches))
		}
	}
	if found < tried*99/100 {
		t.Errorf("%d of %d copies are found", found, tried)
	}
	all := tried * 2 * 21 * len(p.index.entries) // what comparing every word takes
	if p.index.seen > all/2000 {
		t.Errorf("%d words were compared, of %d", p.index.seen, all)
	}
	t.Logf("%d of %d found; 1 of %d words compared", found, tried, all/p.index.seen)
}

func TestLongChainsAreCutShort(t *testing.T) {
	x := newIndex()
	for i := range uint32(3 * longestChain) {
		x.add(7, i)
	}
	hits := map[uint32]int{}
	x.near(7, 0, 0, hits)
	if x.seen > bands*longestChain || hits[3*longestChain-1] == 0 {
		t.Errorf("%d words compared, %d rows hit", x.seen, len(hits))
	}
}

func TestMirrorMask(t *testing.T) {
	g := film(3, 10, 1, 1, 64, 48, nil)
	want, _ := signs(&g[0])
	mirror(g)
	got, _ := signs(&g[0])
	if d := bits.OnesCount64(got ^ want ^ mirrorMask); d > 1 { // one for rounding
		t.Errorf("%d bits differ", d)
	}
}
