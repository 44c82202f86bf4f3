package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/dataset"
	"videomae/eval"
	"videomae/video"
)

// Features are the features of the videos of a list.
type Features struct {
	Videos             []Video   // in the order of the list
	Views, Rows, Width int       // of a video: clips, rows of features of each, values in a row
	Values             []float32 // of each video, Views x Rows x Width; zeros of one that could not be read
}

// Video is a video of the list.
type Video struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"` // why it could not be read
	Read  bool   `json:"read"`            // its features are there
}

// Clip is the number of values of one view.
func (f Features) Clip() int { return f.Rows * f.Width }

// Of are the features of a video: its views, one after another.
func (f Features) Of(video int) []float32 {
	size := f.Views * f.Clip()
	return f.Values[video*size:][:size]
}

// newFeatures has room for the features of a list.
func newFeatures(m dataset.Manifest, views, rows, width int) Features {
	f := Features{Views: views, Rows: rows, Width: width, Values: make([]float32, len(m.Items)*views*rows*width)}
	for _, item := range m.Items {
		f.Videos = append(f.Videos, Video{Name: eval.Name(item)})
	}
	return f
}

// read counts the videos whose features are there.
func (f Features) read() int {
	n := 0
	for _, v := range f.Videos {
		if v.Read {
			n++
		}
	}
	return n
}

// Encoder gives Rows x Width features of each clip of a batch; *extract.Extractor is one.
type Encoder interface {
	Rows() int
	Width() int
	Run(clips *tensors.Tensor) ([]float32, error)
}

// Reader computes the features of lists.
type Reader struct {
	Encoder  Encoder
	Decoder  video.Decoder
	Views    dataset.ViewOptions
	Batch    int                 // clips that pass through the encoder at once; the last batch is filled up with zeros
	Cache    *Cache              // nil keeps nothing
	Progress func(done, all int) // told of videos; may be nil
	Note     func(string)        // told what happens besides; may be nil
}

// Read gives the features of all videos of a list, from the cache as far as it has them. Those that could not be read before are tried
// again. When it is interrupted, what is done is kept. A feature that is not finite is an error that names its video.
func (r Reader) Read(ctx context.Context, m dataset.Manifest) (Features, error) {
	if r.Batch < 1 {
		return Features{}, fmt.Errorf("features: batches of %d clips", r.Batch)
	}
	f := newFeatures(m, r.Views.Scheme.Views*max(1, r.Views.Chain.Views), r.Encoder.Rows(), r.Encoder.Width())
	file := r.Cache.file(m, r.Views)
	if file != nil {
		if note := file.load(&f); note != "" && r.Note != nil {
			r.Note(note)
		}
	}
	if f.read() == len(f.Videos) {
		return f, nil
	}
	p := pass{Reader: r, f: &f, file: file, saved: time.Now()}
	err := p.run(ctx, m)
	if file != nil && p.fresh > 0 {
		err = errors.Join(err, file.save(f))
	}
	return f, err
}

// pass computes what is missing.
type pass struct {
	Reader
	f     *Features
	file  *cacheFile
	fresh int // videos read and not yet kept, or found unreadable

	clips  []float32 // of the batch that is being filled
	places []place
	saved  time.Time     // when features were last kept
	cost   time.Duration // of that
}

// place is where the features of a clip go.
type place struct{ video, view int }

func (p *pass) run(ctx context.Context, m dataset.Manifest) error {
	o := p.Views
	o.Skip = func(i int) bool { return p.f.Videos[i].Read }
	done := p.f.read()
	for v, err := range dataset.Views(ctx, m, p.Decoder, o) {
		if err != nil {
			return err
		}
		err = p.take(v)
		v.Release()
		if err != nil {
			return err
		}
		done++
		if p.Progress != nil {
			p.Progress(done, len(m.Items))
		}
		if err := p.keep(); err != nil {
			return err
		}
	}
	if len(p.places) == 0 {
		return nil
	}
	clip := len(p.clips) / len(p.places)
	p.clips = append(p.clips, make([]float32, (p.Batch-len(p.places))*clip)...)
	return p.flush()
}

// take puts the views of a video into batches.
func (p *pass) take(v *dataset.VideoViews) error {
	p.f.Videos[v.Index].Error = ""
	if v.Err != nil {
		p.f.Videos[v.Index].Error = v.Err.Error()
		p.fresh++
		return nil
	}
	clip := len(v.Clips) / p.f.Views
	for view := range p.f.Views {
		p.clips = append(p.clips, v.Clips[view*clip:][:clip]...)
		p.places = append(p.places, place{v.Index, view})
		if len(p.places) == p.Batch {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush computes a batch.
func (p *pass) flush() error {
	o := p.Views
	clips := tensors.FromFlatDataAndDimensions(p.clips, p.Batch, o.Scheme.Frames, o.Height, o.Width, o.Channels)
	values, err := p.Encoder.Run(clips)
	err = errors.Join(err, clips.FinalizeAll())
	if err != nil {
		return fmt.Errorf("%s: %w", p.f.Videos[p.places[0].video].Name, err)
	}
	size := p.f.Clip()
	if len(values) != p.Batch*size {
		return fmt.Errorf("features: %d values of %d clips, want %d of each", len(values), p.Batch, size)
	}
	for i, at := range p.places {
		features := values[i*size:][:size]
		if err := finite(features); err != nil {
			return fmt.Errorf("video %s: %w", p.f.Videos[at.video].Name, err)
		}
		copy(p.f.Of(at.video)[at.view*size:], features)
		if at.view == p.f.Views-1 {
			p.f.Videos[at.video].Read = true
			p.fresh++
		}
	}
	p.clips, p.places = p.clips[:0], p.places[:0]
	return nil
}

// finite reports the first value that is not.
func finite(values []float32) error {
	for i, v := range values {
		if v-v != 0 { // NaN for NaN and for both infinities
			return fmt.Errorf("feature %d is %v: the weights or this video's pixels are not finite, or the precision does not suffice (try f32)", i, v)
		}
	}
	return nil
}

// How often features are kept while more are computed: a power cut costs the work of this time, and keeping takes this share of it at most.
const (
	keepEvery = 5 * time.Minute
	keepShare = 0.05
)

// keep writes what is done, now and then.
func (p *pass) keep() error {
	since := time.Since(p.saved)
	if p.file == nil || p.fresh == 0 || since < keepEvery || p.cost.Seconds() > keepShare*since.Seconds() {
		return nil
	}
	now := time.Now()
	if err := p.file.save(*p.f); err != nil {
		return err
	}
	p.fresh, p.saved, p.cost = 0, time.Now(), time.Since(now)
	return nil
}
