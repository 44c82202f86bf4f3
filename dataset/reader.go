package dataset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"videomae/video"
)

// reader reads the videos of a manifest, in several goroutines at a time.
type reader struct {
	manifest Manifest
	decoder  video.Decoder
	infos    sync.Map // item number -> probed
}

// probed is what Probe said of an item.
type probed struct {
	info video.Info
	err  error
}

// probe asks the decoder once for each item.
func (r *reader) probe(ctx context.Context, item int) (video.Info, error) {
	if known, ok := r.infos.Load(item); ok {
		p := known.(probed)
		return p.info, p.err
	}
	info, err := r.decoder.Probe(ctx, r.manifest.Items[item].Path)
	if ctx.Err() == nil { // else the error is not the item's
		r.infos.Store(item, probed{info, err})
	}
	return info, err
}

// views returns the frames of each of a scheme's clips of an item, drawn from rng where they are drawn, as numbers of frames of the file.
func (r *reader) views(ctx context.Context, item int, scheme video.Scheme, rng *rand.Rand) (video.Info, [][]int, error) {
	info, err := r.probe(ctx, item)
	if err != nil {
		return info, nil, err
	}
	start, count, err := r.manifest.Items[item].Span(info)
	if err != nil {
		return info, nil, err
	}
	views := make([][]int, scheme.Views)
	for v := range views {
		taken, err := scheme.Sample(count, v, rng)
		if err != nil {
			return info, nil, fmt.Errorf("video %s: %w", info.Path, err)
		}
		for i := range taken.Indices {
			taken.Indices[i] += start
		}
		views[v] = taken.Indices
	}
	return info, views, nil
}

// clip decodes a clip of an item, the first of the scheme's views, at the file's own size: what is cut and resized from it must equal
// published crops to the bit, which a decoder's own scaling does not.
func (r *reader) clip(ctx context.Context, item int, scheme video.Scheme, channels int, rng *rand.Rand) (video.Clip, error) {
	info, views, err := r.views(ctx, item, scheme, rng)
	if err != nil {
		return video.Clip{}, err
	}
	return r.decoder.Frames(ctx, info, views[0], video.Output{Channels: channels})
}
