package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"videomae/extract"
	"videomae/train"
	"videomae/video"
)

// sliding is how windows go over every video.
func (w featuresWork) sliding() extract.Sliding {
	e := w.extractor.Encoder
	return extract.Sliding{Every: w.every.Seconds(), Frames: e.Config.Frames, Stride: cmp.Or(w.stride, e.Stride, 1), Length: w.window.Seconds()}
}

// about describes the features of a video.
func (w featuresWork) about(info video.Info, windows extract.Windows) extract.About {
	x := w.extractor
	a := extract.About{Video: info.Path, FPS: info.FPS,
		Variable: info.Variable, Checkpoint: x.Encoder.Source, Weights: w.fingerprint, Layer: x.Options.Layer, Pool: x.Options.Pool,
		Frames: windows.Frames, Every: windows.Every, Length: windows.Length, Precision: w.precision, Shape: []int{windows.Count}}
	if entry, err := os.Stat(info.Path); err == nil { // clips of packs are no files
		a.VideoBytes, a.VideoTime = entry.Size(), entry.ModTime().UTC().Format(time.RFC3339Nano)
	}
	if x.Options.Norm {
		a.Norm = x.Encoder.Norm
	}
	if windows.Length == 0 {
		a.Stride = windows.Stride
	}
	if x.Options.Pool != extract.Mean {
		a.Shape = append(a.Shape, x.Rows())
	}
	a.Shape = append(a.Shape, x.Width())
	return a
}

// remark tells what may surprise in a video.
func (w featuresWork) remark(info video.Info, windows extract.Windows) {
	noteVariable(w.streams, info)
	noteShort(w.streams, info, windows)
}

// rows computes the features of all windows of a video and hands them on, window by window.
func (w featuresWork) rows(ctx context.Context, info video.Info, windows extract.Windows, emit func([]float32) error) error {
	batch := min(w.batch, windows.Count)
	if windows.Every > 0 {
		batch = w.batch // the same for all videos, so that one graph does for them
	}
	config := w.extractor.Encoder.Config
	shown := newWindowProgress(w.streams, stem(info.Path), windows.Count)
	defer shown.close()
	return extract.Each(ctx, w.decoder, info, windows, config, batch, func(b extract.Batch) error {
		clips, err := train.NewClips(config, b.Pixels)
		if err != nil {
			return err
		}
		values, err := w.extractor.Run(clips)
		if err != nil {
			return err
		}
		shown.show(b.First + b.Count)
		return emit(values[:b.Count*w.extractor.Rows()*w.extractor.Width()])
	})
}

// add counts a video in.
func (r *featuresReport) add(f featuresFile) {
	switch {
	case f.Error != "":
		r.Unreadable++
	case f.Skipped:
		r.Skipped++
	default:
		r.Done++
	}
	r.Files = append(r.Files, f)
}

// print writes the result.
func (r featuresReport) print(s Streams, asJSON bool) error {
	if asJSON {
		return printJSON(s.Out, r)
	}
	for _, f := range r.Files {
		switch {
		case f.Error != "":
			fmt.Fprintf(s.Out, "%s: unreadable\n", f.Video)
		case f.Skipped:
			fmt.Fprintf(s.Out, "%s: was there\n", f.Out)
		default:
			fmt.Fprintf(s.Out, "%s: %v in %.1f s\n", f.Out, f.Shape, f.Seconds)
		}
	}
	return nil
}
