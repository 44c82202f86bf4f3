package check

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"videomae/dataset"
	"videomae/video"
)

// fake is a decoder of videos that are not there: what a file shows is made of its content, which is a seed.
type fake struct {
	info  video.Info // of every video
	calls atomic.Int64
	fail  map[string]error // by base name, from Frames
	frame func(seed uint64, n, w, h int, dst []uint8)
}

func newFake() *fake {
	return &fake{info: video.Info{Container: "mov,mp4", Codec: "h264", Frames: 80, KeyFrames: 4, Width: 320, Height: 240, FPS: 25, Seconds: 3.2}, frame: balls}
}

func (f *fake) Name() string { return "fake" }

func (f *fake) Probe(_ context.Context, path string) (video.Info, error) {
	f.calls.Add(1)
	info := f.info
	info.Path = path
	if err := video.CheckInfo(info); err != nil {
		return info, fmt.Errorf("video %s: %w", path, err)
	}
	return info, nil
}

func (f *fake) Frames(_ context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	if err := f.fail[filepath.Base(info.Path)]; err != nil {
		return video.Clip{}, fmt.Errorf("video %s: %w", info.Path, err)
	}
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	data, err := os.ReadFile(info.Path)
	if err != nil {
		return video.Clip{}, err
	}
	h := fnv.New64a()
	_, _ = h.Write(data)
	clip := video.NewClip(len(indices), layout.H, layout.W, out.Channels)
	for t, n := range indices {
		f.frame(h.Sum64(), n, layout.W, layout.H, clip.Frame(t))
	}
	return clip, nil
}

// balls draws three soft spots on their way over a sloping background; paths, sizes and slope come from the seed.
func balls(seed uint64, n, w, h int, dst []uint8) {
	rng := rand.New(rand.NewPCG(seed, 1))
	slopeX, slopeY := 60*rng.Float64(), 60*rng.Float64()
	type spot struct{ x, y []float64 }
	var spots [3]spot
	for i := range spots {
		from, to, size, light := [2]float64{rng.Float64(), rng.Float64()}, [2]float64{rng.Float64(), rng.Float64()}, .05+.1*rng.Float64(), 60+100*rng.Float64()
		at := func(axis, pixels int) []float64 {
			centre := from[axis] + (to[axis]-from[axis])*float64(n)/80
			line := make([]float64, pixels)
			for p := range line {
				d := (float64(p)/float64(pixels) - centre) / size
				line[p] = math.Exp(-d * d)
			}
			return line
		}
		spots[i] = spot{at(0, w), at(1, h)}
		for p := range spots[i].x {
			spots[i].x[p] *= light
		}
	}
	for y := range h {
		for x := range w {
			v := 60 + slopeX*float64(x)/float64(w) + slopeY*float64(y)/float64(h)
			for _, s := range spots {
				v += s.x[x] * s.y[y]
			}
			dst[y*w+x] = uint8(min(255, v))
		}
	}
}

// folder writes files and returns their folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// row is an item below a folder.
func row(dir, name, label, split string) dataset.Item {
	return dataset.Item{Name: name, Path: filepath.Join(dir, name), Label: label, Split: split}
}

// listed yields rows, and errors in place of rows.
func listed(rows ...any) iter.Seq2[dataset.Item, error] {
	return func(yield func(dataset.Item, error) bool) {
		for _, r := range rows {
			item, _ := r.(dataset.Item)
			err, _ := r.(error)
			if !yield(item, err) {
				return
			}
		}
	}
}

func usual() Options {
	return Options{Frames: 16, Stride: 4, Size: 224, MaxBadShare: .01, NearDuplicates: true, Workers: 3}
}

// verdicts runs a check to its end.
func verdicts(t testing.TB, rows iter.Seq2[dataset.Item, error], d video.Decoder, o Options) ([]Verdict, Summary) {
	t.Helper()
	var all []Verdict
	s, err := Run(context.Background(), rows, d, o, func(v Verdict) error { all = append(all, v); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all, s
}

// codes are those of a verdict's findings.
func codes(v Verdict) (c []Code) {
	for _, f := range v.Findings {
		c = append(c, f.Code)
	}
	return c
}

var errBroken = errors.New("broken on purpose")
