package seed

import "testing"

func TestRandDependsOnEveryArgument(t *testing.T) {
	draw := func(s uint64, purpose string, at ...uint64) uint64 { return Rand(s, purpose, at...).Uint64() }
	base := draw(1, "mask", 2, 3)
	if again := draw(1, "mask", 2, 3); again != base {
		t.Fatalf("same coordinates gave %x, then %x", base, again)
	}
	others := map[string]uint64{
		"seed":    draw(2, "mask", 2, 3),
		"purpose": draw(1, "crop", 2, 3),
		"epoch":   draw(1, "mask", 3, 3),
		"index":   draw(1, "mask", 2, 4),
		"order":   draw(1, "mask", 3, 2),
		"count":   draw(1, "mask", 2, 3, 0),
	}
	seen := map[uint64]string{base: "base"}
	for name, v := range others {
		if twin, taken := seen[v]; taken {
			t.Errorf("changing %s draws the same number as %s", name, twin)
		}
		seen[v] = name
	}
}

func TestNeighbouringStreamsAreUniform(t *testing.T) {
	const streams, bins = 20000, 10
	var count [bins]int
	for i := range streams {
		count[Rand(7, "x", uint64(i)).IntN(bins)]++
	}
	// Chi-square with 9 degrees of freedom exceeds 27.9 once in a thousand.
	var chi float64
	for _, c := range count {
		d := float64(c) - streams/bins
		chi += d * d / (streams / bins)
	}
	if chi > 27.9 {
		t.Errorf("first draws of neighbouring streams are not uniform: chi-square %.1f, counts %v", chi, count)
	}
}
