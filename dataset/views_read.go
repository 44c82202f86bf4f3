package dataset

import (
	"context"
	"fmt"
	"slices"

	"videomae/frames"
	"videomae/frames/chain"
	"videomae/seed"
	"videomae/video"
)

// decodedBytes bounds the frames at their own size that a worker holds at a time; the views of larger videos take several calls of the
// decoder.
const decodedBytes = 256 << 20

// shown are the places of a frame: numbers of frames among all those of the clips in time.
type shown struct {
	frame  int
	places []int
}

// read fills r.Clips.
func (v *viewer) read(ctx context.Context, r *VideoViews, scratch *chain.Scratch) error {
	info, views, err := v.views(ctx, r.Index, v.o.Scheme, seed.Rand(v.o.Seed, "views", uint64(r.Index)))
	if err != nil {
		return err
	}
	wanted := gather(views)
	atOnce := max(1, v.o.decoded/max(1, info.Width*info.Height*v.o.Channels))
	for part := range slices.Chunk(wanted, atOnce) {
		indices := make([]int, len(part))
		for i, w := range part {
			indices[i] = w.frame
		}
		clip, err := v.decoder.Frames(ctx, info, indices, video.Output{Channels: v.o.Channels})
		if err != nil {
			return err
		}
		for i, w := range part {
			frame := video.Clip{T: 1, H: clip.H, W: clip.W, C: clip.C, Pix: clip.Frame(i)}
			if err := v.place(r, frame, w.places, scratch); err != nil {
				return fmt.Errorf("video %s: %w", info.Path, err)
			}
		}
	}
	return nil
}

// gather lists the frames of all clips in time, each once, in their order.
func gather(views [][]int) []shown {
	places := map[int][]int{}
	n := 0
	for _, view := range views {
		for _, frame := range view {
			places[frame] = append(places[frame], n)
			n++
		}
	}
	all := make([]shown, 0, len(places))
	for frame, at := range places {
		all = append(all, shown{frame, at})
	}
	slices.SortFunc(all, func(a, b shown) int { return a.frame - b.frame })
	return all
}

// place puts the crops of a frame wherever the frame is shown.
func (v *viewer) place(r *VideoViews, frame video.Clip, places []int, scratch *chain.Scratch) error {
	first := make([]frames.Floats, r.Crops)
	for c := range first {
		first[c] = v.at(r, places[0], c)
	}
	if err := v.o.Chain.ApplyAll(first, frame, scratch); err != nil {
		return err
	}
	for _, n := range places[1:] {
		for c := range first {
			copy(v.at(r, n, c).Pix, first[c].Pix)
		}
	}
	return nil
}

// at is where frame n of all those of the clips in time goes, in a crop.
func (v *viewer) at(r *VideoViews, n, crop int) frames.Floats {
	o := v.o
	temporal, t := n/o.Scheme.Frames, n%o.Scheme.Frames
	size := o.Height * o.Width * o.Channels
	from := ((temporal*r.Crops+crop)*o.Scheme.Frames + t) * size
	return frames.Floats{T: 1, H: o.Height, W: o.Width, C: o.Channels, Pix: r.Clips[from:][:size]}
}
