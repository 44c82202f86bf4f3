// What a mistaken key may have been meant to be.

package recipe

import (
	"fmt"
	"slices"
	"strings"
)

// children lists the keys of a section without its name, or the top-level keys and sections for "". It is nil for what is no section.
func (s settings) children(section string) []string {
	var children []string
	for _, key := range s.keys() {
		first, rest, nested := strings.Cut(key, ".")
		switch {
		case section == "" && !slices.Contains(children, first):
			children = append(children, first)
		case nested && first == section:
			children = append(children, rest)
		}
	}
	return children
}

// isSection tells whether a top-level key has keys of its own.
func (s settings) isSection(key string) bool {
	return slices.ContainsFunc(s.keys(), func(k string) bool { return strings.HasPrefix(k, key+".") })
}

// suggestion is "; did you mean KEY?" when some key is near, or has the same last part in another section.
func (s settings) suggestion(key string) string {
	leaf := func(k string) string { return k[strings.LastIndexByte(k, '.')+1:] }
	best, least := "", len(leaf(key))/3+2 // a suggestion must differ by fewer letters than this
	for _, k := range append(s.keys(), s.children("")...) {
		d := distance(key, k)
		if leaf(key) == leaf(k) {
			d = min(d, 1)
		}
		if d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// distance is the least number of letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
