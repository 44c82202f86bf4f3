package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// Failure is an item that could not be read, and why; the error names the file.
type Failure struct {
	Item Item
	Err  error
}

// badItems counts the items of a manifest that are unreadable.
type badItems struct {
	total   int
	share   float64
	allowed int // how many there may be
	found   []Failure
	known   map[string]bool // by path
}

// newBadItems sets the limit: share of the items, rounded down, but one where share is above 0, so that a single bad file does not stop
// a run on a few dozen.
func newBadItems(m Manifest, share float64) badItems {
	const rounding = 1e-9 // of a product such as .29 * 100
	b := badItems{total: len(m.Items), share: share, allowed: int(share*float64(len(m.Items)) + rounding), known: map[string]bool{}}
	if share > 0 {
		b.allowed = max(1, b.allowed)
	}
	return b
}

// add tells whether the failure is the first of its item.
func (b *badItems) add(f Failure) bool {
	if b.known[f.Item.Path] {
		return false
	}
	b.known[f.Item.Path] = true
	b.found = append(b.found, f)
	return true
}

func (b *badItems) list() []Failure { return append([]Failure(nil), b.found...) }

// verdict is an error when there are too many, or when nothing readable was left for a clip.
func (b *badItems) verdict(nothingLeft bool) error {
	if len(b.found) <= b.allowed && !nothingLeft {
		return nil
	}
	limit := fmt.Sprintf("at most %d may be, a share of %v", b.allowed, b.share)
	if nothingLeft && len(b.found) <= b.allowed {
		limit = "none is left"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %d videos cannot be read (%.1f %%; %s): repair them, take them off the list, or allow a larger share",
		len(b.found), b.total, 100*float64(len(b.found))/float64(b.total), limit)
	const shown = 20
	for i, f := range b.found {
		if i == shown {
			fmt.Fprintf(&text, "\n  and %d more", len(b.found)-shown)
			break
		}
		fmt.Fprintf(&text, "\n  %v", f.Err)
	}
	return errors.New(text.String())
}
