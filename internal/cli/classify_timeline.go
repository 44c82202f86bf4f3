package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"videomae/extract"
	"videomae/report"
	"videomae/train"
	"videomae/video"
)

// segment is a stretch of a video whose windows have one most probable class.
type segment struct {
	From        float64 `json:"from"` // seconds
	To          float64 `json:"to"`
	Class       string  `json:"class"`
	Probability float64 `json:"probability"` // mean over its windows
}

// timelines judges videos along their length.
func (w classifyWork) timelines(ctx context.Context, videos []string) ([]classifiedOne, error) {
	var out []classifiedOne
	for i, path := range videos {
		one, err := w.timeline(ctx, path, w.names[i])
		if ctx.Err() != nil || errors.Is(err, video.ErrUnavailable) {
			return nil, err
		}
		var bad *badVideo
		if errors.As(err, &bad) {
			one = classifiedOne{Video: path, Error: bad.Error()}
			fmt.Fprintf(w.streams.Err, "unreadable: %v\n", bad)
		} else if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// badVideo is an error of one video, which says nothing of others.
type badVideo struct{ error }

// timeline judges one video and draws what the model says along it; names of files begin with base.
func (w classifyWork) timeline(ctx context.Context, path, base string) (classifiedOne, error) {
	info, err := w.decoder.Probe(ctx, path)
	if err != nil {
		return classifiedOne{}, &badVideo{err}
	}
	c := w.trained.Model.Encoder
	windows, err := extract.Sliding{Every: w.every.Seconds(), Frames: c.Frames, Stride: w.trained.Recipe.Data.Stride}.Plan(info)
	if err != nil {
		return classifiedOne{}, &badVideo{err}
	}
	noteVariable(w.streams, info)
	noteShort(w.streams, info, windows)
	l := line{classifyWork: w, windows: windows, end: float64(info.Frames) / info.FPS, thumbs: video.Clip{H: c.Height, W: c.Width, C: c.Channels}}
	shown := newWindowProgress(w.streams, stem(path), windows.Count)
	err = extract.Each(ctx, w.decoder, info, windows, c, w.batch, func(b extract.Batch) error {
		shown.show(b.First + b.Count)
		return l.add(b)
	})
	shown.close()
	if errors.Is(err, extract.ErrVideo) {
		return classifiedOne{}, &badVideo{err}
	}
	if err != nil {
		return classifiedOne{}, err
	}
	one := classifiedOne{Video: path, Timeline: base + "-timeline.png", CSV: base + "-timeline.csv", probabilities: l.mean(), Segments: l.segments()}
	one.Top = w.best(one.probabilities)
	if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
		return one, err
	}
	if err := writeCSV(one.CSV, l.table()); err != nil {
		return one, err
	}
	figure, err := l.figure(filepath.Base(filepath.Clean(path)))
	if err != nil {
		return one, err
	}
	return one, report.WritePNG(one.Timeline, figure)
}

// timelineThumbs is how many frames of a video a timeline shows.
const timelineThumbs = 8

// line is a video's windows as they come in.
type line struct {
	classifyWork
	windows  extract.Windows
	end      float64     // of the video, in seconds
	rows     [][]float64 // probabilities, for each window
	thumbs   video.Clip
	thumbsAt []float64
}

// add scores a batch of windows.
func (l *line) add(b extract.Batch) error {
	clips, err := train.NewClips(l.trained.Model.Encoder, b.Pixels)
	if err != nil {
		return err
	}
	logits, err := l.classifier.Logits(clips)
	if err != nil {
		return err
	}
	classes := len(l.trained.Classes)
	for i := range b.Count {
		row := logits[i*classes : (i+1)*classes]
		for class, v := range row {
			if v-v != 0 { // NaN for NaN and for both infinities
				return fmt.Errorf("window %d: the score of class %q is %v; the weights are damaged, or the precision does not suffice (try f32)", b.First+i, l.trained.Classes[class], v)
			}
		}
		l.rows = append(l.rows, probabilities(row))
		l.keep(b, i)
	}
	return nil
}

// keep takes the middle frame of a window for the figure, if it is one of those to show.
func (l *line) keep(b extract.Batch, i int) {
	k, last := b.First+i, l.windows.Count-1
	shown := min(timelineThumbs, l.windows.Count) - 1 // frames after the first
	if at := l.thumbs.T; at > shown || shown > 0 && k < at*last/shown {
		return
	}
	c := l.thumbs
	size := c.H * c.W * c.C
	clip := b.Pixels[i*l.windows.Frames*size:]
	l.thumbs.Pix = append(l.thumbs.Pix, clip[l.windows.Frames/2*size:][:size]...)
	l.thumbs.T++
	l.thumbsAt = append(l.thumbsAt, l.windows.Centre(k))
}

// mean is the mean probability of each class over all windows.
func (l *line) mean() []float64 {
	out := make([]float64, len(l.trained.Classes))
	for _, row := range l.rows {
		for i, p := range row {
			out[i] += p / float64(len(l.rows))
		}
	}
	return out
}

// top is the most probable class of a window.
func top(row []float64) int { return slices.Index(row, slices.Max(row)) }

// segments joins neighbouring windows of one most probable class. A window stands for the time until the next one.
func (l *line) segments() []segment {
	var out []segment
	count := 0.0
	for k, row := range l.rows {
		class := top(row)
		from := l.windows.Centre(k)
		if n := len(out); n > 0 && out[n-1].Class == l.trained.Classes[class] {
			last := &out[n-1]
			last.To = min(from+l.windows.Every, l.end)
			last.Probability = (last.Probability*count + row[class]) / (count + 1)
			count++
			continue
		}
		out = append(out, segment{from, min(from+l.windows.Every, l.end), l.trained.Classes[class], row[class]})
		count = 1
	}
	return out
}

// table is a row for each window.
func (l *line) table() [][]string {
	rows := [][]string{append([]string{"time", "first_frame", "last_frame", "class", "probability"}, l.trained.Classes...)}
	for k, row := range l.rows {
		first, last := l.windows.Span(k)
		best := top(row)
		line := []string{decimal(l.windows.Centre(k)), decimal(first), decimal(last), l.trained.Classes[best], decimal(row[best])}
		for _, p := range row {
			line = append(line, decimal(p))
		}
		rows = append(rows, line)
	}
	return rows
}

// decimal writes a number as short as its single precision allows.
func decimal(v float64) string { return strconv.FormatFloat(v, 'g', 7, 64) }

// writeCSV writes a table, which appears only when it is complete.
func writeCSV(path string, rows [][]string) error {
	var text bytes.Buffer
	if err := csv.NewWriter(&text).WriteAll(rows); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return extract.Replace(path, func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err })
}

// clock writes seconds as hours, minutes and seconds.
func clock(seconds float64) string {
	whole := int(seconds)
	return fmt.Sprintf("%d:%02d:%04.1f", whole/3600, whole/60%60, seconds-float64(whole/60*60))
}
