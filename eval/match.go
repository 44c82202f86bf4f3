package eval

import (
	"fmt"
	"path"
	"strings"
)

// side is the videos of predictions with keys to match them by.
type side struct {
	videos  []Video
	classes []string
	best    []int // class of the highest score, -1 for unreadable ones
	keys    []string
	at      map[string]int // place by key
}

// sides judges both and gives their videos keys.
func sides(a, b Predictions, nameA, nameB string, rule Rule) (left, right side, err error) {
	if left, err = newSide(a, nameA, rule); err != nil {
		return left, right, err
	}
	if right, err = newSide(b, nameB, rule); err != nil {
		return left, right, err
	}
	byName := func(name string) string { return name }
	if err := left.index(nameA, byName, true); err != nil {
		return left, right, err
	}
	if err := right.index(nameB, byName, true); err != nil || left.meets(right) || a.Official == b.Official {
		return left, right, err
	}
	if err := left.index(nameA, OfficialID, false); err != nil {
		return left, right, err
	}
	return left, right, right.index(nameB, OfficialID, false)
}

func newSide(p Predictions, name string, rule Rule) (side, error) {
	s := side{videos: p.Videos, classes: p.Classes}
	for _, v := range p.Videos {
		taken := -1
		if len(v.Views) > 0 {
			var err error
			if taken, err = v.Predicted(rule); err != nil {
				return s, fmt.Errorf("%s: %w", name, err)
			}
		}
		s.best = append(s.best, taken)
	}
	return s, nil
}

// OfficialID is what the official code makes of a video's path: the file's name up to its first dot.
func OfficialID(name string) string {
	id, _, _ := strings.Cut(path.Base(name), ".")
	return id
}

// index gives each video a key. Of videos with equal keys, which a list may have when it names one twice, the second is matched with
// the second of the other side; where that may not be, they are an error.
func (s *side) index(name string, key func(string) string, repeats bool) error {
	s.keys, s.at = nil, make(map[string]int, len(s.videos))
	seen := map[string]int{}
	for i, v := range s.videos {
		k := key(v.Name)
		seen[k]++
		if n := seen[k]; n > 1 {
			if !repeats {
				return fmt.Errorf("%s: videos %s and %s have the same name in the other's predictions, %s, which are of the official form", name, s.videos[s.at[k]].Name, v.Name, k)
			}
			k = fmt.Sprintf("%s\n%d", k, n) // no name has a line break
		}
		s.keys = append(s.keys, k)
		s.at[k] = i
	}
	return nil
}

// meets tells whether two sides have a video in common.
func (s side) meets(other side) bool {
	for _, k := range s.keys {
		if _, has := other.at[k]; has {
			return true
		}
	}
	return false
}

// example names a video.
func (s side) example() string {
	if len(s.videos) == 0 {
		return "no video"
	}
	return fmt.Sprintf("%q", s.videos[0].Name)
}

// class is the name of what a video is taken for.
func (s side) class(i int) string {
	if s.best[i] < 0 {
		return ""
	}
	return s.classes[s.best[i]]
}

// sameTruth makes sure that both lists say the same of a video; lists with numbers for classes are compared by those.
func sameTruth(a, b Video, numbers bool) error {
	if numbers && a.Label != b.Label {
		return fmt.Errorf("video %s is of class %d (%s) in one and %d (%s) in the other", a.Name, a.Label, a.Class, b.Label, b.Class)
	}
	if !numbers && a.Class != b.Class {
		return fmt.Errorf("video %s is of class %q in one and %q in the other", a.Name, a.Class, b.Class)
	}
	return nil
}
