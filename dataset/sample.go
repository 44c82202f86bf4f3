package dataset

import (
	"errors"
	"fmt"

	"videomae/frames"
	"videomae/seed"
	"videomae/video"
)

// sampled tells how the filling of one clip went.
type sampled struct {
	item     int       // number of the item in the manifest that the clip was cut from, or -1
	failures []Failure // the items tried before it
	fatal    error     // that no item is to blame for, or nil
}

// probed is what Probe said of an item.
type probed struct {
	info video.Info
	err  error
}

// sample fills dst with the clip at a place of an epoch's order: cut from the item there, or from the first readable one after it, going
// round. It gives up when its own failures are more than a run may have.
func (l *Loader) sample(order []int, epoch, place int, dst video.Clip) sampled {
	s := sampled{item: -1}
	for k := range order {
		if l.ctx.Err() != nil || len(s.failures) > l.bad.allowed {
			break
		}
		item := order[(place+k)%len(order)]
		err := l.cut(item, epoch, place, dst)
		if err == nil {
			s.item = item
			break
		}
		if errors.Is(err, video.ErrUnavailable) {
			s.fatal = err
			break
		}
		s.failures = append(s.failures, Failure{Item: l.manifest.Items[item], Err: err})
	}
	return s
}

// cut decodes a random clip of an item and resizes a random box of it to dst. Source: spec section 5.2.
func (l *Loader) cut(item, epoch, place int, dst video.Clip) error {
	info, err := l.probe(item)
	if err != nil {
		return err
	}
	at := []uint64{uint64(epoch), uint64(place)}
	start, count, err := l.manifest.Items[item].Span(info)
	if err != nil {
		return err
	}
	taken, err := l.o.Scheme.Sample(count, 0, seed.Rand(l.o.Seed, "frames", at...))
	if err != nil {
		return fmt.Errorf("video %s: %w", info.Path, err)
	}
	for i := range taken.Indices {
		taken.Indices[i] += start
	}
	clip, err := l.decoder.Frames(l.ctx, info, taken.Indices, video.Output{Channels: dst.C})
	if err != nil {
		return err
	}
	box := frames.DrawCrop(seed.Rand(l.o.Seed, "crop", at...), clip.W, clip.H, dst.W, dst.H)
	if err := frames.CropResize(dst, clip, box); err != nil {
		return fmt.Errorf("video %s: %w", info.Path, err)
	}
	return nil
}

// probe asks the decoder once for each item.
func (l *Loader) probe(item int) (video.Info, error) {
	if known, ok := l.infos.Load(item); ok {
		p := known.(probed)
		return p.info, p.err
	}
	info, err := l.decoder.Probe(l.ctx, l.manifest.Items[item].Path)
	if l.ctx.Err() == nil { // else the error is not the item's
		l.infos.Store(item, probed{info, err})
	}
	return info, err
}
