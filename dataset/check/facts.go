package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"videomae/dataset"
	"videomae/video"
)

// Facts are what was found out about the video of a row, whatever is asked of it.
type Facts struct {
	Bytes    int64  `json:"bytes,omitempty"`    // of the file, or of a folder's pictures together
	Modified int64  `json:"modified,omitempty"` // nanoseconds since 1970; of a folder the newest of itself and its pictures
	SHA256   string `json:"sha256,omitempty"`   // of the file, or of a folder's pictures one after another with their lengths; "" of a pack's clip
	Video    *Video `json:"video,omitempty"`
	Motion   *bool  `json:"motion,omitempty"` // something changes between the frames looked at; absent where there are not two
	Deep     bool   `json:"deep,omitempty"`   // every frame was decoded
	Print    *Print `json:"print,omitempty"`

	Failure Code   `json:"failure,omitempty"` // "" where it could be read
	Reason  string `json:"reason,omitempty"`
}

// Video is what a file says of its video stream.
type Video struct {
	Container string  `json:"container"`
	Codec     string  `json:"codec"`
	Frames    int     `json:"frames"` // those that the row means: all of a file
	KeyFrames int     `json:"key_frames"`
	Width     int     `json:"width"` // as shown
	Height    int     `json:"height"`
	FPS       float64 `json:"fps"`
	Seconds   float64 `json:"seconds"`
	Variable  bool    `json:"variable_rate"`
	Rotation  int     `json:"rotation"`
}

// examiner finds facts. It is safe for concurrent use.
type examiner struct {
	decoder video.Decoder
	deep    func(context.Context, video.Info) error // nil: not deep
	prints  bool
}

// stamp returns size and time of change, by which a later run knows an unchanged file, or what keeps the item from being read.
func stamp(item dataset.Item) (f Facts) {
	path := item.Path
	if shard, _, packed := video.CutPacked(path); packed {
		path = shard
	}
	entry, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Failure, f.Reason = Missing, "there is no such file"
	case err != nil:
		f.Failure, f.Reason = Unreadable, video.Reason(err).Error()
	case entry.IsDir():
		f.Bytes, f.Modified, err = stampFolder(path, entry)
		if err != nil {
			f.Failure, f.Reason = Unreadable, video.Reason(err).Error()
		}
	case !entry.Mode().IsRegular():
		f.Failure, f.Reason = NotAFile, video.CheckFile(path).Error()
	case entry.Size() == 0:
		f.Modified = entry.ModTime().UnixNano()
		f.Failure, f.Reason = Empty, "the file is empty (0 bytes)"
	default:
		f.Bytes, f.Modified = entry.Size(), entry.ModTime().UnixNano()
	}
	return f
}

// examine completes what stamp found. An error is not the file's fault and ends the run.
func (x examiner) examine(ctx context.Context, item dataset.Item, f Facts) (Facts, error) {
	if f.Failure != "" {
		return f, nil
	}
	fail := func(code Code, err error) (Facts, error) {
		if ctx.Err() != nil {
			return f, ctx.Err()
		}
		if errors.Is(err, video.ErrUnavailable) {
			return f, err
		}
		f.Failure, f.Reason = code, err.Error()
		return f, nil
	}
	var err error
	if f.SHA256, err = contentHash(ctx, item.Path); err != nil {
		return fail(Unreadable, video.Reason(err))
	}
	info, err := x.decoder.Probe(ctx, item.Path)
	if errors.Is(err, video.ErrNoFrames) {
		return fail(NoFrames, err)
	}
	if err != nil {
		return fail(Unreadable, err)
	}
	start, count, err := item.Span(info)
	if err != nil {
		return fail(WrongSpan, err)
	}
	f.Video = &Video{info.Container, info.Codec, count, info.KeyFrames, info.Width, info.Height, info.FPS, info.Seconds, info.Variable, info.Rotation}
	if x.deep != nil {
		if err := x.deep(ctx, info); err != nil {
			return fail(Damaged, err)
		}
		f.Deep = true
	}
	if err := x.lookAt(ctx, info, start, count, &f); err != nil {
		return fail(Damaged, err)
	}
	return f, nil
}

// lookAt decodes the frames that a print is made of, or some spread over the video, and the last one, at which a file that was cut off
// fails.
func (x examiner) lookAt(ctx context.Context, info video.Info, start, count int, f *Facts) error {
	s := spread(count, info.FPS)
	if !x.prints {
		s = few(count)
	}
	indices := make([]int, 0, len(s.frames)+1)
	for _, n := range s.frames {
		indices = append(indices, start+n)
	}
	if last := start + count - 1; indices[len(indices)-1] != last {
		indices = append(indices, last)
	}
	clip, err := x.decoder.Frames(ctx, info, indices, smallGrey(info))
	if err != nil {
		return err
	}
	if clip.T != len(indices) {
		return fmt.Errorf("video %s: %d of %d frames were decoded", info.Path, clip.T, len(indices))
	}
	p := newPrint(s.spacing, small(clip)[:len(s.frames)])
	if len(s.frames) > 1 {
		moves := p.moves()
		f.Motion = &moves
	}
	if x.prints {
		f.Print = &p
	}
	return nil
}

// smallGrey is the form in which frames are looked at.
func smallGrey(info video.Info) video.Output {
	out := video.Output{Channels: 1, ShortSide: lookSide}
	if _, err := out.Layout(info.Width, info.Height); err != nil {
		out.ShortSide = 0 // so narrow that the longer side would be beyond what is scaled to
	}
	return out
}

// DecodeAll returns a function for Options.Deep that decodes every frame of a video with a decoder. Damage that the decoder conceals
// stays concealed.
func DecodeAll(d video.Decoder) func(context.Context, video.Info) error {
	const chunk = 1024 // frames held at once
	return func(ctx context.Context, info video.Info) error {
		for from := 0; from < info.Frames; from += chunk {
			indices := make([]int, min(chunk, info.Frames-from))
			for i := range indices {
				indices[i] = from + i
			}
			if _, err := d.Frames(ctx, info, indices, smallGrey(info)); err != nil {
				return err
			}
		}
		return nil
	}
}
