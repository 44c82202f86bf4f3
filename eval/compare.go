package eval

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Comparison is two models on the same videos. Differences are B minus A, in percentage points.
type Comparison struct {
	A Side `json:"a"`
	B Side `json:"b"`

	N          int      `json:"n"` // videos that both have and that have a label
	Difference float64  `json:"difference"`
	CI95       Interval `json:"ci95"`      // of Difference: bootstrap over videos, percentiles
	McNemar    float64  `json:"mcnemar_p"` // exact and two-sided: how likely so uneven flips are if both models are equally good
	BothRight  int      `json:"both_right"`
	OnlyA      int      `json:"only_a_right"`
	OnlyB      int      `json:"only_b_right"`
	BothWrong  int      `json:"both_wrong"`
	Resamples  int      `json:"resamples"`
	Seed       uint64   `json:"seed"`
	Merge      Rule     `json:"merge"`

	Flipped []Flip            `json:"flipped"` // videos that one of them has right, in A's order
	Classes []ClassDifference `json:"classes"` // from what B lost most to what it gained most, by videos
	InA     []string          `json:"missing_in_b"`
	InB     []string          `json:"missing_in_a"`
}

// Side is one of the two, on the videos that both have.
type Side struct {
	Name  string  `json:"name"`
	Views string  `json:"views"`
	Top1  float64 `json:"top1"`
	Right int     `json:"right"`

	Unreadable int `json:"unreadable"` // they count as wrong
}

// Flip is a video that one model has right and the other wrong.
type Flip struct {
	Name  string `json:"name"`
	Class string `json:"class"`
	A     string `json:"a"` // what A takes it for; "" where it could not read it
	B     string `json:"b"`
	Gain  bool   `json:"gain"` // B is right
}

// ClassDifference is how the two fare on the videos of a class.
type ClassDifference struct {
	Class  string `json:"class"`
	N      int    `json:"n"`
	RightA int    `json:"right_a"`
	RightB int    `json:"right_b"`
}

// What becomes of a video from A to B.
const (
	lost = iota
	unchanged
	gained
	signKinds
)

// Compare judges two sets of predictions on the videos that both have, matched by name, and where names have nothing in common and one has
// those of the official code, by what that makes of a name.
func Compare(a, b Predictions, nameA, nameB string, o Options) (Comparison, error) {
	if o.Rule == "" {
		o.Rule = Softmax
	}
	c := Comparison{A: Side{Name: nameA, Views: a.Views()}, B: Side{Name: nameB, Views: b.Views()}, Resamples: Resamples, Seed: o.Seed, Merge: o.Rule,
		Flipped: []Flip{}, Classes: []ClassDifference{}, InA: []string{}, InB: []string{}}
	left, right, err := sides(a, b, nameA, nameB, o.Rule)
	if err != nil {
		return c, err
	}
	numbers := a.Official || b.Official
	var signs []int // of each video
	classes := map[string]int{}
	for i, key := range left.keys {
		k, both := right.at[key]
		if !both {
			c.InA = append(c.InA, left.videos[i].Name)
			continue
		}
		va, vb := left.videos[i], right.videos[k]
		if err := sameTruth(va, vb, numbers); err != nil {
			return c, err
		}
		if va.Class == "" {
			continue
		}
		at, known := classes[va.Class]
		if !known {
			at = len(c.Classes)
			classes[va.Class] = at
			c.Classes = append(c.Classes, ClassDifference{Class: va.Class})
		}
		sign := c.add(&c.Classes[at], va, vb, left.best[i], right.best[k])
		if sign != unchanged {
			c.Flipped = append(c.Flipped, Flip{Name: va.Name, Class: va.Class, A: left.class(i), B: right.class(k), Gain: sign == gained})
		}
		signs = append(signs, sign)
	}
	for i, key := range right.keys {
		if _, both := left.at[key]; !both {
			c.InB = append(c.InB, right.videos[i].Name)
		}
	}
	if c.N == 0 {
		return c, fmt.Errorf("%s and %s have no labelled video in common: %s is in the first and %s in the second", nameA, nameB, left.example(), right.example())
	}
	c.conclude(signs)
	return c, nil
}

// add counts a video and tells which way it flipped.
func (c *Comparison) add(class *ClassDifference, a, b Video, takenA, takenB int) int {
	c.N++
	class.N++
	rightA, rightB := takenA >= 0 && takenA == a.Label, takenB >= 0 && takenB == b.Label
	if takenA < 0 {
		c.A.Unreadable++
	}
	if takenB < 0 {
		c.B.Unreadable++
	}
	if rightA {
		c.A.Right++
		class.RightA++
	}
	if rightB {
		c.B.Right++
		class.RightB++
	}
	switch {
	case rightA && rightB:
		c.BothRight++
	case rightA:
		c.OnlyA++
		return lost
	case rightB:
		c.OnlyB++
		return gained
	default:
		c.BothWrong++
	}
	return unchanged
}

// conclude makes the tests.
func (c *Comparison) conclude(signs []int) {
	c.A.Top1, c.B.Top1 = percent(c.A.Right, c.N), percent(c.B.Right, c.N)
	difference := func(drawn []int) float64 { return 100 * float64(drawn[gained]-drawn[lost]) / float64(c.N) }
	c.Difference = difference(count(signs, signKinds))
	c.CI95 = bootstrap(signs, signKinds, c.Seed, 1, func(drawn []int, into []float64) { into[0] = difference(drawn) })[0]
	c.McNemar = mcnemar(c.OnlyA, c.OnlyB)
	slices.SortStableFunc(c.Classes, func(a, b ClassDifference) int { return (a.RightB - a.RightA) - (b.RightB - b.RightA) })
}

// mcnemar is the exact two-sided p-value of so many flips one way and the other: twice the smaller tail of a binomial distribution with
// probability a half, at most 1.
func mcnemar(losses, gains int) float64 {
	n := losses + gains
	if n == 0 {
		return 1
	}
	return min(1, 2*distuv.Binomial{N: float64(n), P: 0.5}.CDF(float64(min(losses, gains))))
}
