package pack

import (
	"context"
	"fmt"
	"image"

	"videomae/dataset/pack/jpeg"
	"videomae/frames"
	"videomae/video"
)

// Decoder reads clips of packs; their paths are those of video.Packed. It holds nothing between calls: each opens the shard, and reads
// the bytes of the wanted frames alone.
type Decoder struct{}

var _ video.Decoder = Decoder{}

// Name is "pack".
func (Decoder) Name() string { return "pack" }

// Probe describes a clip as packed. For one that could not be packed, the error has the reason.
func (Decoder) Probe(_ context.Context, path string) (video.Info, error) {
	s, n, err := open(path)
	if err != nil {
		return video.Info{}, err
	}
	defer s.close()
	e, err := s.entry(n)
	if err != nil {
		return video.Info{}, err
	}
	if e.reason != "" {
		return video.Info{}, fmt.Errorf("video %s (%s): could not be read when it was packed: %s", path, e.item.Name, e.reason)
	}
	return video.Info{Path: path, Container: video.PackContainer, Codec: "mjpeg", Frames: e.frames, KeyFrames: e.frames,
		Width: e.format.Width, Height: e.format.Height, FPS: e.original.FPS, Seconds: e.original.Seconds, Variable: e.original.Variable}, nil
}

// Original describes the video that a clip was packed from.
func Original(path string) (video.Info, error) {
	s, n, err := open(path)
	if err != nil {
		return video.Info{}, err
	}
	defer s.close()
	e, err := s.entry(n)
	return e.original, err
}

func open(path string) (*shard, int, error) {
	file, n, ok := video.CutPacked(path)
	if !ok {
		return nil, 0, fmt.Errorf("video %s: is no clip of a pack, as in %s", path, video.Packed("FILE"+video.ShardExtension, 0))
	}
	s, err := openShard(file)
	return s, n, err
}

// Frames reads frames of a clip. Scaling to another size than the pack's is Pillow's antialiased bilinear one.
func (Decoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	s, n, err := open(info.Path)
	if err != nil {
		return video.Clip{}, err
	}
	defer s.close()
	e, err := s.entry(n)
	if err != nil {
		return video.Clip{}, err
	}
	if e.frames != info.Frames || e.format.Width != info.Width || e.format.Height != info.Height {
		return video.Clip{}, fmt.Errorf("video %s: has %d frames of %dx%d now, had %d of %dx%d", info.Path,
			e.frames, e.format.Width, e.format.Height, info.Frames, info.Width, info.Height)
	}
	spans, err := s.spans(n, e)
	if err != nil {
		return video.Clip{}, err
	}
	r, err := newPictures(e, layout, out.Channels)
	if err != nil {
		return video.Clip{}, fmt.Errorf("video %s: %w", info.Path, err)
	}
	clip := video.NewClip(len(indices), layout.H, layout.W, out.Channels)
	for t, i := range indices {
		if err := ctx.Err(); err != nil {
			return video.Clip{}, err
		}
		if t > 0 && indices[t-1] == i {
			copy(clip.Frame(t), clip.Frame(t-1))
			continue
		}
		if r.file, err = s.frame(spans[i], r.file); err == nil {
			err = r.decode(clip.Frame(t))
		}
		if err != nil {
			return video.Clip{}, s.damage(n, e.item.Name, i, err)
		}
	}
	return clip, nil
}

// pictures brings the frames of a clip into the form that is asked for, one after another.
type pictures struct {
	decoder  *jpeg.Decoder
	file     []byte // of the present frame
	layout   video.Layout
	channels int
	whole    video.Clip // one frame, and the same scaled; without pixels where none need scaling
	scaled   video.Clip
}

func newPictures(e entry, layout video.Layout, channels int) (*pictures, error) {
	decoder, err := jpeg.NewDecoder(e.format)
	if err != nil {
		return nil, err
	}
	p := &pictures{decoder: decoder, layout: layout, channels: channels}
	if w, h := e.format.Width, e.format.Height; layout.Scaled(w, h) {
		p.whole = video.NewClip(1, h, w, channels)
		p.scaled = video.NewClip(1, layout.ScaledH, layout.ScaledW, channels)
	}
	return p, nil
}

// decode decodes the present frame to dst.
func (p *pictures) decode(dst []uint8) error {
	l := p.layout
	if p.whole.Pix == nil {
		return p.decoder.Decode(dst, p.file, image.Rect(l.X, l.Y, l.X+l.W, l.Y+l.H), p.channels)
	}
	if err := p.decoder.Decode(p.whole.Pix, p.file, image.Rect(0, 0, p.whole.W, p.whole.H), p.channels); err != nil {
		return err
	}
	if err := frames.CropResize(p.scaled, p.whole, frames.Box{W: p.whole.W, H: p.whole.H}); err != nil {
		return err
	}
	row := l.W * p.channels
	for y := range l.H {
		from := ((l.Y+y)*p.scaled.W + l.X) * p.channels
		copy(dst[y*row:][:row], p.scaled.Pix[from:])
	}
	return nil
}
