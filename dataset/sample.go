package dataset

import (
	"errors"

	"videomae/video"
)

// sampled tells how the filling of one slot went.
type sampled struct {
	item     int       // number of the item in the manifest that the slot was filled from, or -1
	failures []Failure // the items tried before it
	fatal    error     // that no item is to blame for, or nil
}

// sample fills a slot from the item at a place of an epoch's order, or from the first readable one after it, going round. It gives up when
// its own failures are more than a run may have.
func (f *feed[B]) sample(order []int, place int, fill func(item int) error) sampled {
	s := sampled{item: -1}
	for k := range order {
		if f.ctx.Err() != nil || len(s.failures) > f.bad.allowed {
			break
		}
		item := order[(place+k)%len(order)]
		err := fill(item)
		if err == nil {
			s.item = item
			break
		}
		if errors.Is(err, video.ErrUnavailable) {
			s.fatal = err
			break
		}
		s.failures = append(s.failures, Failure{Item: f.manifest.Items[item], Err: err})
	}
	return s
}
