package probe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"videomae/dataset"
	"videomae/extract"
	"videomae/frames"
	"videomae/frames/chain"
	"videomae/seed"
	"videomae/video"
)

// painted is a decoder of videos of noise that is each video's own, upon a brightness that is its class's: of "7/3.mp4" 7. A path that
// holds "bad" cannot be read.
type painted struct{}

func (painted) Name() string { return "painted" }

func (p painted) Probe(_ context.Context, path string) (video.Info, error) {
	if strings.Contains(path, "bad") {
		return video.Info{}, fmt.Errorf("video %s: moov atom not found", path)
	}
	return video.Info{Path: path, Container: "avi", Frames: 12, Width: 40, Height: 36, FPS: 10}, nil
}

func (p painted) Frames(_ context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	clip := video.NewClip(len(indices), info.Height, info.Width, out.Channels)
	var class, number uint64
	if _, err := fmt.Sscanf(info.Path, "%d/%d.mp4", &class, &number); err != nil {
		return clip, err
	}
	for t, index := range indices {
		rng := seed.Rand(class, "paint", number, uint64(index))
		for i := range clip.Frame(t) {
			clip.Frame(t)[i] = uint8(20 + 60*class + uint64(rng.IntN(40)))
		}
	}
	return clip, nil
}

// listed is a list of n videos of each class.
func listed(classes, n, first int, bad ...string) dataset.Manifest {
	m := dataset.Manifest{Source: "list.csv"}
	for class := range classes {
		for i := range n {
			path := fmt.Sprintf("%d/%d.mp4", class, first+i)
			m.Items = append(m.Items, dataset.Item{Name: path, Path: path, Label: fmt.Sprint(class), Split: "train"})
		}
	}
	for _, name := range bad {
		m.Items = append(m.Items, dataset.Item{Name: name, Path: name, Label: "0", Split: "train"})
	}
	return m
}

// sums is an encoder whose features are the clip's first value, its sum and the place in the batch's parity.
type sums struct {
	clips  int // that it was given, padding among them
	poison float32
	stop   func() // called after the first batch
}

func (*sums) Rows() int  { return 1 }
func (*sums) Width() int { return 2 }

func (s *sums) Run(clips *tensors.Tensor) ([]float32, error) {
	n := clips.Shape().Dim(0)
	flat := tensors.MustCopyFlatData[float32](clips)
	size := len(flat) / n
	var out []float32
	for i := range n {
		sum := s.poison
		for _, v := range flat[i*size:][:size] {
			sum += v
		}
		out = append(out, flat[i*size], sum)
	}
	if s.clips += n; s.stop != nil {
		s.stop()
	}
	return out, nil
}

// reader reads features of 2 frames of 32x32 grey pixels, 3 views in time.
func reader(e Encoder, folder string) Reader {
	test := chain.OfficialTest(32, 1)
	test.Table = frames.ImageNet(1)
	r := Reader{Encoder: e, Decoder: painted{}, Batch: 4, Views: dataset.ViewOptions{Height: 32, Width: 32, Channels: 1, Chain: test, Workers: 2,
		Scheme: video.Scheme{Sampling: video.SampleTestDense, Mode: video.Official, Frames: 2, Stride: 1, Views: 3}}}
	if folder != "" {
		r.Cache = &Cache{Folder: folder, Weights: "w", Precision: "f32", Options: extract.Options{Layer: 2, Pool: extract.Mean}}
	}
	return r
}

func read(t *testing.T, r Reader, m dataset.Manifest) Features {
	t.Helper()
	f, err := r.Read(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func cached(t *testing.T, folder string, want int) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != want {
		t.Fatalf("files %v (%v), want %d", files, err, want)
	}
	return files
}

func TestCachedFeaturesAreThoseComputed(t *testing.T) {
	m, folder := listed(2, 3, 0, "bad.mp4"), t.TempDir()
	plain := read(t, reader(&sums{}, ""), m)
	first := read(t, reader(&sums{}, folder), m)
	encoder := &sums{}
	again := read(t, reader(encoder, folder), m)
	if !reflect.DeepEqual(plain, first) || !reflect.DeepEqual(plain, again) || encoder.clips != 0 {
		t.Errorf("features differ, or %d clips were computed again:\n%v\n%v\n%v", encoder.clips, plain, first, again)
	}
	if bad := plain.bad(); len(bad) != 1 || bad[0].Name != "bad.mp4" || !strings.Contains(bad[0].Error, "moov atom") {
		t.Errorf("unreadable: %v", bad)
	}
	cached(t, folder, 1)
}

// Whatever decides the features is part of the name of their file; labels and workers are not.
func TestOtherFeaturesAreOtherFiles(t *testing.T) {
	m := listed(1, 1, 0)
	path := func(change func(*Reader, *dataset.Manifest)) string {
		r, m := reader(&sums{}, "cache"), dataset.Manifest{Items: append([]dataset.Item(nil), m.Items...)}
		change(&r, &m)
		return r.Cache.file(m, r.Views).path
	}
	seen := map[string]string{path(func(*Reader, *dataset.Manifest) {}): "none"}
	for name, change := range map[string]func(*Reader, *dataset.Manifest){
		"weights":   func(r *Reader, _ *dataset.Manifest) { r.Cache.Weights = "v" },
		"precision": func(r *Reader, _ *dataset.Manifest) { r.Cache.Precision = "bf16" },
		"layer":     func(r *Reader, _ *dataset.Manifest) { r.Cache.Options.Layer = 1 },
		"norm":      func(r *Reader, _ *dataset.Manifest) { r.Cache.Options.Norm = true },
		"pool":      func(r *Reader, _ *dataset.Manifest) { r.Cache.Options.Pool = extract.None },
		"views":     func(r *Reader, _ *dataset.Manifest) { r.Views.Scheme.Views = 2 },
		"stride":    func(r *Reader, _ *dataset.Manifest) { r.Views.Scheme.Stride = 2 },
		"crops":     func(r *Reader, _ *dataset.Manifest) { r.Views.Chain.Views = 3 },
		"seed":      func(r *Reader, _ *dataset.Manifest) { r.Views.Seed = 1 },
		"method":    func(r *Reader, _ *dataset.Manifest) { r.Views.Chain.Method = frames.PillowBilinear },
		"size":      func(r *Reader, _ *dataset.Manifest) { r.Views.Height = 16 },
		"name":      func(_ *Reader, m *dataset.Manifest) { m.Items[0].Name = "other.mp4" },
		"part":      func(_ *Reader, m *dataset.Manifest) { m.Items[0].Count = 3 },
		"file":      func(_ *Reader, m *dataset.Manifest) { m.Items[0].Path = "features_test.go" },
	} {
		p := path(change)
		if other, taken := seen[p]; taken {
			t.Errorf("%s and %s share %s", name, other, p)
		}
		seen[p] = name
	}
	for name, change := range map[string]func(*Reader, *dataset.Manifest){
		"label":   func(_ *Reader, m *dataset.Manifest) { m.Items[0].Label = "other" },
		"workers": func(r *Reader, _ *dataset.Manifest) { r.Views.Workers = 7 },
	} {
		if seen[path(change)] != "none" {
			t.Errorf("%s changes the file", name)
		}
	}
}

func TestDamagedFilesAreComputedAnew(t *testing.T) {
	m := listed(2, 3, 0)
	want := read(t, reader(&sums{}, ""), m)
	for name, damage := range map[string]func([]byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"truncated": func(b []byte) []byte { return b[:len(b)-1] },
		"header":    func(b []byte) []byte { return b[:20] },
		"bit":       func(b []byte) []byte { b[len(b)-3] ^= 4; return b },
		"key": func(b []byte) []byte {
			return []byte(strings.Replace(string(b), "weights_sha256", "weights_sha255", 1))
		},
		"videos": func(b []byte) []byte { return []byte(strings.Replace(string(b), "1/2.mp4", "1/3.mp4", 1)) },
	} {
		folder := t.TempDir()
		read(t, reader(&sums{}, folder), m)
		path := cached(t, folder, 1)[0]
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damage(text), 0o666); err != nil {
			t.Fatal(err)
		}
		encoder, note := &sums{}, ""
		r := reader(encoder, folder)
		r.Note = func(text string) { note += text }
		if got := read(t, r, m); !reflect.DeepEqual(got, want) || encoder.clips == 0 || !strings.Contains(note, "computed anew") {
			t.Errorf("%s: %d clips computed, remark %q, features %v", name, encoder.clips, note, got)
		}
		if read(t, reader(encoder, folder), m); encoder.clips > 20 {
			t.Errorf("%s: the file was not replaced", name)
		}
	}
}

// A read that ends early keeps what is done, and the next one computes the rest alone.
func TestInterruptedReadsGoOn(t *testing.T) {
	m, folder := listed(2, 4, 0), t.TempDir() // 24 clips
	want := read(t, reader(&sums{}, ""), m)
	ctx, stop := context.WithCancel(context.Background())
	r := reader(&sums{stop: stop}, folder)
	r.Batch = 3
	if _, err := r.Read(ctx, m); !errors.Is(err, context.Canceled) {
		t.Fatalf("an interrupted read: %v", err)
	}
	encoder := &sums{}
	r = reader(encoder, folder)
	r.Batch = 3
	if got := read(t, r, m); !reflect.DeepEqual(got, want) || encoder.clips == 0 || encoder.clips >= 24 {
		t.Errorf("%d of 24 clips computed; features %v, want %v", encoder.clips, got, want)
	}
}

// A video that could not be read is tried again, and those that could are not.
func TestUnreadableVideosAreTriedAgain(t *testing.T) {
	m, folder := listed(1, 4, 0, "bad.mp4"), t.TempDir()
	read(t, reader(&sums{}, folder), m)
	encoder := &sums{}
	r := reader(encoder, folder)
	r.Decoder = repaired{}
	if got := read(t, r, m); got.bad() != nil || encoder.clips != 4 {
		t.Errorf("unreadable %v after %d clips, want none after 4", got.bad(), encoder.clips)
	}
}

// repaired reads what painted cannot.
type repaired struct{ painted }

func (r repaired) Probe(ctx context.Context, path string) (video.Info, error) {
	return r.painted.Probe(ctx, strings.Replace(path, "bad", "0/9", 1))
}

func TestFeaturesThatAreNotFiniteNameTheVideo(t *testing.T) {
	_, err := reader(&sums{poison: float32(math.NaN())}, "").Read(context.Background(), listed(1, 2, 0))
	if err == nil || !strings.Contains(err.Error(), "0/0.mp4: feature 1 is NaN") {
		t.Errorf("NaN: %v", err)
	}
}

func TestFoldersThatCannotBeWrittenAreErrors(t *testing.T) {
	_, err := reader(&sums{}, "features_test.go").Read(context.Background(), listed(1, 2, 0))
	if err == nil || !strings.Contains(err.Error(), "features_test.go") {
		t.Errorf("a cache in a file: %v", err)
	}
}
