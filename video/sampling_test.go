package video

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"videomae/internal/given"
	"videomae/seed"
)

// goldenCase is a case of the reference data. A case that lacks a field is one without what the field says.
type goldenCase struct {
	N, Frames, Stride, Segments int
	Start, End                  *int
	DrawBelow                   *int `json:"draw_below"`
	Draw                        []int
	Drawn                       []int
	Indices                     []int
	Views                       [][]int
}

// goldenCases reads the cases of a name. It is an error that there are none.
func goldenCases(t *testing.T, name string, cases any) {
	t.Helper()
	text, err := os.ReadFile(given.Golden(t, "pipeline", "sampling.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(all[name], cases); err != nil || len(all[name]) < 10 {
		t.Fatalf("the reference data has no usable cases %s: %v", name, err)
	}
}

// take is Take, which must succeed.
func take(t *testing.T, s Scheme, n, view int, drawn []int) []int {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	taken, err := s.Take(n, view, drawn)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return taken.Indices
}

func TestPretrainEqualsOfficial(t *testing.T) {
	var cases []goldenCase
	goldenCases(t, "pretrain", &cases)
	for _, c := range cases {
		s := Scheme{Sampling: SamplePretrain, Mode: Official, Frames: c.Frames, Stride: c.Stride, Views: 1}
		bound := 1
		if c.DrawBelow != nil {
			bound = *c.DrawBelow
		}
		if got := s.Bounds(c.N); !slices.Equal(got, []int{bound}) {
			t.Errorf("%+v: bounds %v, want %d", c, got, bound)
		}
		if got := take(t, s, c.N, 0, []int{*c.Start}); !slices.Equal(got, c.Indices) {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestDenseEqualsOfficial(t *testing.T) {
	for _, name := range []string{"finetune_dense_train", "finetune_dense_val"} {
		var cases []goldenCase
		goldenCases(t, name, &cases)
		for _, c := range cases {
			s := Scheme{Sampling: SampleDense, Mode: Official, Frames: c.Frames, Stride: c.Stride, Views: 1}
			start, bound := 0, 1
			if c.Draw != nil {
				start, bound = *c.End-c.Frames*c.Stride, c.Draw[1]-c.Draw[0]
			}
			if got := s.Bounds(c.N); !slices.Equal(got, []int{bound}) {
				t.Errorf("%s %+v: bounds %v, want %d", name, c, got, bound)
			}
			if got := take(t, s, c.N, 0, []int{start}); !slices.Equal(got, c.Indices) {
				t.Errorf("%s %+v: got %v", name, c, got)
			}
		}
	}
}

func TestSegmentsEqualOfficial(t *testing.T) {
	for _, name := range []string{"ssv2_train", "ssv2_val"} {
		var cases []goldenCase
		goldenCases(t, name, &cases)
		for _, c := range cases {
			s := Scheme{Sampling: SampleSegments, Mode: Official, Frames: c.Frames, Stride: 1, Views: 1}
			drawn := c.Drawn
			if drawn == nil {
				drawn = make([]int, c.Frames)
			}
			if got := take(t, s, c.N, 0, drawn); !slices.Equal(got, c.Indices) {
				t.Errorf("%s %+v: got %v", name, c, got)
			}
			if bound, most := s.Bounds(c.N)[0], slices.Max(drawn); most >= bound {
				t.Errorf("%s %+v: %d drawn, not below %d", name, c, most, bound)
			}
		}
	}
}

func TestTestViewsEqualOfficial(t *testing.T) {
	for name, sampling := range map[string]Sampling{"dense_test": SampleTestDense, "ssv2_test": SampleTestSSV2} {
		var cases []goldenCase
		goldenCases(t, name, &cases)
		for _, c := range cases {
			s := Scheme{Sampling: sampling, Mode: Official, Frames: c.Frames, Stride: max(1, c.Stride), Views: c.Segments}
			for view, want := range c.Views {
				if got := take(t, s, c.N, view, nil); !slices.Equal(got, want) {
					t.Errorf("%s %+v: view %d: got %v, want %v", name, c, view, got, want)
				}
			}
		}
	}
}

func TestOrderOfViewsEqualsOfficial(t *testing.T) {
	var orders map[string][][3]json.RawMessage
	goldenCases(t, "test_order", &orders)
	for views, order := range orders {
		temporal, crops, err := ParseViews(views)
		if err != nil {
			t.Fatal(err)
		}
		videos := len(order) / temporal / crops
		for i, want := range order {
			var view [2]int
			if err := json.Unmarshal(want[2], &view); err != nil {
				t.Fatal(err)
			}
			got := TestView(i, videos, crops)
			if got.Temporal != view[0] || got.Crop != view[1] || string(order[got.Video][0]) != string(want[0]) {
				t.Errorf("%s: place %d has %+v, want video %s, view %v", views, i, got, want[0], view)
			}
		}
	}
}

// schemes are all schemes of some sizes.
func schemes() (all []Scheme) {
	for _, sampling := range []Sampling{SamplePretrain, SampleDense, SampleSegments, SampleTestDense, SampleTestSSV2} {
		for _, frames := range []int{1, 2, 7, 16} {
			for _, stride := range []int{1, 2, 5} {
				for _, views := range []int{1, 2, 5} {
					for _, mode := range []Mode{Official, Exact} {
						s := Scheme{Sampling: sampling, Mode: mode, Frames: frames, Stride: stride, Views: views}
						if s.Check() == nil {
							all = append(all, s)
						}
					}
				}
			}
		}
	}
	return all
}

func TestEverySchemeHoldsForAnyLength(t *testing.T) {
	for _, s := range schemes() {
		for n := 1; n < 100; n++ {
			for view := range s.Views {
				for draw, rng := range []*rand.Rand{nil, seed.Rand(1, "frames", uint64(n)), seed.Rand(2, "frames", uint64(n))} {
					taken, err := s.Sample(n, view, rng)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := CheckRequest(Info{Frames: n, Width: 1, Height: 1}, taken.Indices, RGB); err != nil || len(taken.Indices) != s.Frames {
						t.Fatalf("%+v of %d frames: %v (%v)", s, n, taken.Indices, err)
					}
					// Official pre-training never steps to the last frame, so that with stride 1 the last clip repeats one.
					last := s.Sampling == SamplePretrain && s.Mode == Official && s.Stride == 1 && taken.Repeated == 1
					if taken.Short != (n < s.Span()) || taken.Repeated > 0 && !taken.Short && !last {
						t.Fatalf("%+v of %d frames, span %d, draw %d: %d repeated in %v", s, n, s.Span(), draw, taken.Repeated, taken.Indices)
					}
				}
			}
		}
	}
}

func TestExactKeepsTheStrideAndReachesTheWholeVideo(t *testing.T) {
	for _, sampling := range []Sampling{SamplePretrain, SampleDense} {
		s := Scheme{Sampling: sampling, Mode: Exact, Frames: 16, Stride: 4, Views: 1}
		for n := s.Span(); n < 100; n++ {
			starts := s.Bounds(n)[0]
			for start := range starts {
				indices := take(t, s, n, 0, []int{start})
				for i := 1; i < len(indices); i++ {
					if indices[i]-indices[i-1] != s.Stride {
						t.Fatalf("start %d of %d: %v", start, n, indices)
					}
				}
				if start == starts-1 && indices[15] != n-1 {
					t.Fatalf("the last clip of %d frames is %v", n, indices)
				}
			}
		}
	}
	s := Scheme{Sampling: SampleSegments, Mode: Exact, Frames: 16, Stride: 1, Views: 1}
	for n := 1; n < 100; n++ {
		last := s.Bounds(n)
		for i := range last {
			last[i]--
		}
		low, high := take(t, s, n, 0, make([]int, 16)), take(t, s, n, 0, last)
		for i := 1; i < 16 && n >= 16; i++ {
			if low[i] != high[i-1]+1 {
				t.Fatalf("parts of %d frames: %v to %v", n, low, high)
			}
		}
		if low[0] != 0 || high[15] != n-1 {
			t.Fatalf("parts of %d frames: %v to %v", n, low, high)
		}
	}
}

func TestDrawsReachEveryBound(t *testing.T) {
	for _, s := range schemes() {
		const n = 23
		bounds := s.Bounds(n)
		for i, bound := range bounds {
			seen := map[int]bool{}
			for k := range uint64(400) {
				seen[s.Draw(seed.Rand(k, "frames"), n)[i]] = true
			}
			if len(seen) != bound && bound < 40 {
				t.Errorf("%+v: number %d took %d of %d values", s, i, len(seen), bound)
			}
			break // the others are drawn alike
		}
	}
}

func TestWrongSchemes(t *testing.T) {
	for name, c := range map[string]struct{ name, mode, views, reason string }{
		"scheme":     {"sparse", "official", "", `unknown sampling scheme "sparse" (have pretrain`},
		"mode":       {"dense", "roughly", "", `unknown sampling mode "roughly"`},
		"no views":   {"test-dense", "official", "0x3", `views "0x3"`},
		"half":       {"test-dense", "official", "5x", `views "5x"`},
		"trailing":   {"test-ssv2", "official", "5x3x", `views "5x3x"`},
		"a fraction": {"test-ssv2", "official", "1.5", `views "1.5"`},
	} {
		if _, err := NewScheme(c.name, 16, 4, c.mode, c.views); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.reason)
		}
	}
	if _, err := NewScheme("dense", 16, 0, "exact", ""); err == nil {
		t.Error("a stride of 0 was accepted")
	}
	s, err := NewScheme("test-dense", 16, 4, "official", "4x3")
	if err != nil || s.Views != 4 {
		t.Fatalf("%+v, %v", s, err)
	}
	dense := Scheme{Sampling: SampleDense, Mode: Exact, Frames: 4, Stride: 1, Views: 1}
	for name, call := range map[string]func() (Taken, error){
		"no frames":    func() (Taken, error) { return s.Sample(0, 0, nil) },
		"no such view": func() (Taken, error) { return s.Sample(9, 4, nil) },
		"too large":    func() (Taken, error) { return dense.Take(9, 0, []int{6}) },
		"missing":      func() (Taken, error) { return dense.Take(9, 0, nil) },
	} {
		if taken, err := call(); err == nil {
			t.Errorf("%s: %v", name, taken)
		}
	}
}

func TestDrawPretrainStaysInsideAndReachesEveryStart(t *testing.T) {
	const n, frames, stride = 40, 8, 4
	seen := map[int]bool{}
	for i := range uint64(400) {
		indices := DrawPretrain(seed.Rand(1, "frames", i), n, frames, stride)
		if _, err := CheckRequest(Info{Frames: n, Width: 1, Height: 1}, indices, RGB); err != nil {
			t.Fatal(err)
		}
		seen[indices[0]] = true
	}
	if len(seen) != PretrainStarts(n, frames, stride) {
		t.Errorf("400 draws reach %d starts, want %d", len(seen), PretrainStarts(n, frames, stride))
	}
}
