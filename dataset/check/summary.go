package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Summary is what a check found in all.
type Summary struct {
	Rows        int            `json:"rows"`
	Verdicts    map[Level]int  `json:"verdicts"` // rows by verdict
	Kinds       []KindCount    `json:"kinds"`    // rows by finding, errors first
	Leaks       int            `json:"leaks"`    // rows that repeat one of another split
	Splits      map[string]int `json:"splits"`
	Classes     []ClassCount   `json:"classes"`
	Findings    []Finding      `json:"findings"` // of the list as a whole
	Frames      Range          `json:"frames"`   // of the videos that could be read
	Seconds     float64        `json:"seconds"`  // of video in all
	Sizes       []SizeCount    `json:"sizes"`    // the most frequent ones
	Reused      int            `json:"reused"`   // rows whose facts an earlier run had found
	Interrupted bool           `json:"interrupted"`
}

// KindCount is how many rows have a finding.
type KindCount struct {
	Code    Code  `json:"code"`
	Level   Level `json:"level"`
	Rows    int   `json:"rows"`
	Example int   `json:"example"` // the first such row
}

// Range is the least, the mean and the greatest of some numbers.
type Range struct {
	Min  int     `json:"min"`
	Mean float64 `json:"mean"`
	Max  int     `json:"max"`
}

// SizeCount is how many videos have a size.
type SizeCount struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	Rows   int `json:"rows"`
}

// Bad tells whether there are errors, or with strict errors or warnings.
func (s Summary) Bad(strict bool) bool {
	bad := func(l Level) bool { return l == Error || strict && l == Warning }
	return s.Verdicts[Error] > 0 || strict && s.Verdicts[Warning] > 0 || slices.ContainsFunc(s.Findings, func(f Finding) bool { return bad(f.Level) })
}

// tally gathers a summary.
type tally struct {
	Summary
	kinds   map[KindCount]KindCount // by code and level
	sizes   map[SizeCount]int       // by width and height
	labels  labels
	videos  int // that could be read
	frames  int // of them
	unread  int
	badRows int
}

// mostSplits and mostSizes bound tables.
const (
	mostSplits = 1000
	mostSizes  = 10_000
	shownSizes = 5
)

func newTally() *tally {
	return &tally{Summary: Summary{Verdicts: map[Level]int{}, Splits: map[string]int{}}, kinds: map[KindCount]KindCount{}, sizes: map[SizeCount]int{}}
}

func (t *tally) add(v Verdict) {
	t.Rows++
	t.Verdicts[v.Level]++
	leak := false
	for _, f := range v.Findings {
		key := KindCount{Code: f.Code, Level: f.Level}
		k, known := t.kinds[key]
		if !known {
			k = key
			k.Example = v.Row
		}
		k.Rows++
		t.kinds[key] = k
		leak = leak || f.Other != nil && f.Other.Split != v.Split
	}
	if leak {
		t.Leaks++
	}
	if v.Path == "" { // a row that could not be read has neither split nor label
		t.badRows++
		return
	}
	if _, known := t.Splits[v.Split]; known || len(t.Splits) < mostSplits {
		t.Splits[v.Split]++
	}
	t.labels.add(v.Label, v.Split)
	if v.Failure != "" {
		t.unread++
		return
	}
	t.video(*v.Video)
}

func (t *tally) video(v Video) {
	t.Frames.Max = max(t.Frames.Max, v.Frames)
	if t.videos == 0 || v.Frames < t.Frames.Min {
		t.Frames.Min = v.Frames
	}
	t.videos++
	t.frames += v.Frames
	t.Seconds += v.Seconds
	size := SizeCount{Width: v.Width, Height: v.Height}
	if _, known := t.sizes[size]; known || len(t.sizes) < mostSizes {
		t.sizes[size]++
	}
}

// summary completes what was gathered.
func (t *tally) summary(o Options, twins *twins) Summary {
	s := t.Summary
	if t.videos > 0 {
		s.Frames.Mean = float64(t.frames) / float64(t.videos)
	}
	s.Classes = t.labels.table()
	s.Kinds = t.ranked()
	for size, rows := range t.sizes {
		size.Rows = rows
		s.Sizes = append(s.Sizes, size)
	}
	slices.SortFunc(s.Sizes, func(a, b SizeCount) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Width, b.Width), cmp.Compare(a.Height, b.Height))
	})
	s.Sizes = s.Sizes[:min(shownSizes, len(s.Sizes))]
	s.Findings = t.findings(o, twins)
	return s
}

// ranked are the kinds of finding, errors first, then in the order of Kinds.
func (t *tally) ranked() []KindCount {
	order := map[Code]int{}
	for i, k := range Kinds() {
		order[k.Code] = i
	}
	return slices.SortedFunc(maps.Values(t.kinds), func(a, b KindCount) int {
		if a.Level != b.Level {
			return cmp.Compare(levelRank[b.Level], levelRank[a.Level])
		}
		return order[a.Code] - order[b.Code]
	})
}

// findings are those of the list as a whole.
func (t *tally) findings(o Options, twins *twins) []Finding {
	all := []Finding{}
	if n, allowed := t.unread, o.allowedBad(t.Rows-t.badRows); n > allowed {
		all = append(all, Finding{Code: ManyBad, Level: Error, What: fmt.Sprintf("%d of %d videos cannot be read (%.1f %%)", n, t.Rows-t.badRows, 100*float64(n)/float64(t.Rows-t.badRows)),
			Effect: fmt.Sprintf("training stops at more than %d, a share of %v", allowed, o.MaxBadShare), Remedy: "repair them or take them off the list, or allow a larger --max-bad-share"})
	}
	all = append(all, t.labels.findings(o.Classes)...)
	if n := twins.sameName; n > 0 {
		all = append(all, Finding{Code: SameNames, Level: Warning, What: fmt.Sprintf("%d files have a name that another folder has as well, as %s", n, twins.example),
			Effect: "none here, where paths tell videos apart; programs that go by names mix up their results, as the official evaluation does", Remedy: "rename them before using such"})
	}
	return all
}

// allowedBad is how many of n videos training accepts to be unreadable.
func (o Options) allowedBad(n int) int {
	const rounding = 1e-9 // of a product such as .29 * 100
	if o.MaxBadShare <= 0 {
		return 0
	}
	return max(1, int(o.MaxBadShare*float64(n)+rounding))
}
