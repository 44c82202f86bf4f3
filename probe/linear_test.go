package probe

import (
	"context"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"videomae/seed"
)

// clouds are clips around a point for each class, n of each, one a video.
func clouds(classes, n, width int, spread float64, from uint64) set {
	var s set
	for i := range classes * n {
		label := i % classes
		centre, rng := seed.Rand(7, "centre", uint64(label)), seed.Rand(from, "cloud", uint64(i))
		clip := make([]float32, width)
		for j := range clip {
			clip[j] = float32(5 + 3*centre.NormFloat64() + spread*rng.NormFloat64())
		}
		s.add(clip, width, label, i)
	}
	return s
}

func TestGradientIsThatOfTheLoss(t *testing.T) {
	const classes, width, step = 3, 4, 1e-5
	l := newLinear(classes, width)
	rng := seed.Rand(1, "weights")
	for _, part := range [][]float64{l.weights, l.biases} {
		for i := range part {
			part[i] = rng.NormFloat64()
		}
	}
	x, labels := make([]float64, 5*width), []int{0, 2, 1, 2, 0}
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	_, g := l.gradient(x, labels)
	check := func(name string, values, got []float64) {
		for i := range values {
			was := values[i]
			values[i] = was + step
			above, _ := l.gradient(x, labels)
			values[i] = was - step
			below, _ := l.gradient(x, labels)
			values[i] = was
			if want := (above - below) / (2 * step); math.Abs(got[i]-want) > 1e-8 {
				t.Errorf("%s %d: gradient %v, by differences %v", name, i, got[i], want)
			}
		}
	}
	check("weight", l.weights, g.weights)
	check("bias", l.biases, g.biases)
}

// With one feature of two values, the best logits are the logarithms of how often each class occurs with each value.
func TestLinearProbeReachesTheOptimum(t *testing.T) {
	counts := [][]int{{6, 3, 1}, {2, 5, 13}} // of the classes, with each value
	var s set
	for value, row := range counts {
		for class, n := range row {
			for range n {
				s.add([]float32{float32(3 * value), 1}, 2, class, len(s.labels)) // the second feature says nothing
			}
		}
	}
	m, err := fitLinear(context.Background(), s, 3, Options{Epochs: 3000}, 3)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.scores([][]float32{{0, 1}, {3, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for value, row := range counts {
		for class := 1; class < 3; class++ {
			want := math.Log(float64(row[class]) / float64(row[0]))
			if got := float64(scores[value][class] - scores[value][0]); math.Abs(got-want) > 1e-4 {
				t.Errorf("value %d, class %d: logit %v above that of class 0, want %v", value, class, got, want)
			}
		}
	}
}

func TestLinearProbeSeparatesWhatCanBe(t *testing.T) {
	m, err := fitLinear(context.Background(), clouds(6, 20, 12, 1, 1), 6, Options{Epochs: 100}, 1)
	if err != nil {
		t.Fatal(err)
	}
	top1, loss, err := accuracy(m, clouds(6, 50, 12, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if top1 < 99 || loss > 0.1 {
		t.Errorf("top-1 %v, cross-entropy %v on clips like those of training", top1, loss)
	}
}

func TestBatchesTakeEveryClipOnce(t *testing.T) {
	for _, n := range []int{1, 7, linearBatch, linearBatch + 1, 3*linearBatch - 1} {
		if size := batchSize(n); size > linearBatch || size*stepsOf(n) < n || size*stepsOf(n) >= n+stepsOf(n) {
			t.Errorf("%d clips in %d steps of %d", n, stepsOf(n), size)
		}
	}
	if got := peak(0.1, 4*linearBatch); got != 0.4 {
		t.Errorf("peak rate %v of the paper's batch of 1024, want 0.4", got)
	}
}

func TestSameProbeOnAnyNumberOfProcessors(t *testing.T) {
	s := clouds(5, 40, 70, 20, 3)
	probes := func() []any {
		m, err := fitLinear(context.Background(), s, 5, Options{Epochs: 5}, 0.1)
		if err != nil {
			t.Fatal(err)
		}
		d := newDirections(s, true)
		c, err := fitCentroid(d, 5, 0.07).scores(s.clips)
		if err != nil {
			t.Fatal(err)
		}
		return []any{m, c, neighbours{d, 5, 3, 0.07}.votes(s.clips, []int{1, 3})}
	}
	many := probes()
	was := runtime.GOMAXPROCS(1)
	one := probes()
	runtime.GOMAXPROCS(was + 3)
	more := probes()
	runtime.GOMAXPROCS(was)
	if !reflect.DeepEqual(one, many) || !reflect.DeepEqual(one, more) {
		t.Error("results depend on the number of processors")
	}
}

func TestRatesThatDivergeAreNotChosen(t *testing.T) {
	s := clouds(4, 10, 8, 1, 4)
	fit := func(ctx context.Context, s set, lr float64) (model, error) {
		return fitLinear(ctx, s, 4, Options{Epochs: 20}, lr)
	}
	c, err := choose(context.Background(), s, 4, 0, []float64{math.MaxFloat64, 0.1}, 0.3, fit)
	if err != nil {
		t.Fatal(err)
	}
	if c.lr != 0.1 || !c.tried[0].Diverged || c.tried[1].Diverged || c.heldOut != 8 {
		t.Errorf("chose %+v", c)
	}
	if _, err := fit(context.Background(), s, math.MaxFloat64); err == nil || !strings.Contains(err.Error(), "choose a lower one") {
		t.Errorf("a rate beyond all bounds: %v", err)
	}
}

func TestNothingToHoldOutTakesTheUsualRate(t *testing.T) {
	c, err := choose(context.Background(), clouds(3, 1, 4, 1, 5), 3, 0, linearRates, 0.3, func(context.Context, set, float64) (model, error) {
		t.Error("fitted without any choice")
		return nil, nil
	})
	if err != nil || c.lr != 0.3 || c.tried != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

// Views of a video stay together, each class gives a fifth of its videos, and the draw is the seed's.
func TestSplit(t *testing.T) {
	var s set
	for video, label := range []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2} {
		s.add([]float32{1, 2, 3}, 1, label, video)
	}
	rest, held, videos := s.split(3, 1)
	if videos != 3 || len(held.clips) != 9 || len(rest.clips) != 30 {
		t.Fatalf("%d videos with %d clips held out, %d left", videos, len(held.clips), len(rest.clips))
	}
	for _, v := range held.videos {
		if slices.Contains(rest.videos, v) {
			t.Errorf("video %d is on both sides", v)
		}
	}
	if slices.Contains(held.labels, 2) {
		t.Error("the only video of a class is held out")
	}
	_, again, _ := s.split(3, 1)
	if !slices.Equal(again.videos, held.videos) {
		t.Error("the same seed holds out others")
	}
}
