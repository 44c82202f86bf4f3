package finetune

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/dataset"
	"videomae/engine"
	"videomae/metrics"
	"videomae/recipe"
	"videomae/train"
	"videomae/video"
)

// shades is a decoder of videos that are plain grey with a little noise: dark ones for names that begin with d, light ones for l. Names with
// an x cannot be read.
type shades struct{}

func (shades) Name() string { return "shades" }

func (shades) Probe(_ context.Context, path string) (video.Info, error) {
	if strings.Contains(path, "x") {
		return video.Info{}, fmt.Errorf("video %s: damaged", path)
	}
	return video.Info{Path: path, Frames: 8, Width: 40, Height: 36, FPS: 8}, nil
}

func (shades) Frames(_ context.Context, info video.Info, indices []int, _ video.Output) (video.Clip, error) {
	clip := video.NewClip(len(indices), info.Height, info.Width, 3)
	base := 40
	if strings.HasPrefix(filepath.Base(info.Path), "l") {
		base = 200
	}
	for i := range clip.Pix {
		clip.Pix[i] = uint8(base + (i*7+len(info.Path)*13)%23)
	}
	return clip, nil
}

// list makes a manifest of videos whose labels are the first letters of their names.
func list(split string, names ...string) dataset.Manifest {
	m := dataset.Manifest{Source: split + ".csv"}
	for _, name := range names {
		label := map[byte]string{'d': "dark", 'l': "light"}[name[0]]
		m.Items = append(m.Items, dataset.Item{Path: name, Name: name, Label: label, Split: split})
	}
	return m
}

// minute are the options of a run as small as they get.
func minute(t *testing.T, overrides ...string) Options {
	t.Helper()
	f := recipe.DefaultFinetune()
	for _, s := range append([]string{"model.frames=2", "model.height=32", "model.width=32", "model.encoder_width=24", "model.encoder_depth=2", "model.drop_path=0",
		"augment.randaugment=", "augment.erase=0", "mix.probability=0", "data.stride=1", "train.batch=4", "train.epochs=4", "optim.lr=3e-3", "train.log_steps=1",
		"optim.layer_decay=0.9"}, overrides...) {
		if err := recipe.Set(&f, s); err != nil {
			t.Fatal(err)
		}
	}
	f, err := f.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Config: f, Decoder: shades{}, Out: t.TempDir(), Engine: "simd", Note: func(string) {}, Sink: metrics.Multi(),
		Data: list("train", "d1", "l1", "d2", "l2", "d3", "l3", "d4", "l4"), Val: list("val", "d8", "l8", "d9", "l9")}
	sanity, err := Inspect(o.Data, o.Val, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Classes = sanity.Classes
	if o.Model, err = ModelConfig(f.Model, len(o.Classes), Base{}.Source(f)); err != nil {
		t.Fatal(err)
	}
	values, _, err := Init("", o.Model, o.Classes, 1)
	if err != nil {
		t.Fatal(err)
	}
	o.Start = Update(f, o.Model).NewState(values)
	if o.Backend, err = engine.Open(o.Engine); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Backend.Finalize)
	return o
}

func TestRunLearnsAndKeepsTheBest(t *testing.T) {
	o := minute(t)
	summary, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if summary.Validation == nil || summary.Validation.Top1 != 100 || summary.Progress.Validation.BestTop1 != 100 {
		t.Errorf("validation %+v of %+v: dark and light were not told apart", summary.Validation, summary.Progress)
	}
	for _, path := range []string{o.Out, summary.Best, summary.Checkpoint} {
		trained, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(trained.Classes, []string{"dark", "light"}) || trained.Model != o.Model {
			t.Errorf("%s: %v, %+v", path, trained.Classes, trained.Model)
		}
	}
	if _, err := LoadEncoder(summary.Best); err != nil {
		t.Error(err)
	}
}

// A run that is interrupted and resumed ends with the same weights and the same judgement as one that nobody disturbed, and frozen layers
// and the running mean survive it.
func TestResumedRunsAreTheSame(t *testing.T) {
	for _, extra := range [][]string{nil, {"train.freeze=2", "train.ema_decay=0.5"}, {"train.accumulate=2", "mix.probability=1", "model.drop_path=0.2", "model.head_dropout=0.1"}} {
		extra = append(extra, "train.epochs=3")
		whole := minute(t, extra...)
		want, err := Run(context.Background(), whole)
		if err != nil {
			t.Fatal(err)
		}
		parted := minute(t, extra...)
		ctx, cancel := context.WithCancel(context.Background())
		parted.Sink = stopper{2, cancel}
		if _, err := Run(ctx, parted); !errors.Is(err, train.ErrInterrupted) {
			t.Fatalf("got %v", err)
		}
		c, trained, err := Resume(parted.Out)
		if err != nil {
			t.Fatal(err)
		}
		parted.Start, parted.From, parted.Model, parted.Sink = c.State, c.Progress, trained.Model, metrics.Multi()
		got, err := Run(context.Background(), parted)
		if err != nil {
			t.Fatal(err)
		}
		got.Progress.Seconds, want.Progress.Seconds = 0, 0
		if got.Progress != want.Progress {
			t.Errorf("%v: resumed %+v, undisturbed %+v", extra, got.Progress, want.Progress)
		}
		a := files(t, got.Checkpoint)
		for name, text := range files(t, want.Checkpoint) {
			if strings.HasSuffix(name, ".safetensors") && !bytes.Equal(a[name], text) {
				t.Errorf("%v: %s differs", extra, name)
			}
		}
	}
}

// stopper ends a run's context at a step.
type stopper struct {
	step   int
	cancel func()
}

func (s stopper) Log(r metrics.Record) error {
	if r.Step == s.step {
		s.cancel()
	}
	return nil
}
func (s stopper) Picture(int, string, image.Image) error { return nil }
func (s stopper) Close() error                           { return nil }

func files(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all[d.Name()], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPatienceEndsTheRun(t *testing.T) {
	o := minute(t, "train.epochs=40", "train.patience=2", "optim.lr=1e-9", "optim.min_lr=0")
	summary, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if v := summary.Progress.Validation; v.Epoch != v.BestEpoch+2 || v.Epoch >= 40 {
		t.Errorf("ended after epoch %d, the best being %d", v.Epoch, v.BestEpoch)
	}
}

func TestUnreadableVideosAreCounted(t *testing.T) {
	o := minute(t, "data.max_bad_share=0.5")
	o.Data.Items = append(o.Data.Items, list("train", "dx", "lx").Items...)
	o.Val.Items = append(o.Val.Items, list("val", "lx").Items...)
	var told []string
	o.Bad = func(f dataset.Failure) { told = append(told, f.Item.Name) }
	summary, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(told)
	if v := summary.Validation; !slices.Equal(told, []string{"dx", "lx"}) || len(summary.Unreadable) != 2 || v.N != 5 || v.Unreadable != 1 || v.Top1 > 80 {
		t.Errorf("told of %v; %+v", told, v)
	}
}

// One batch is learned by heart, unless its labels contradict one another: the clips of a shade are all the same.
func TestOverfitting(t *testing.T) {
	o := minute(t)
	result, err := OverfitBatch(context.Background(), o, 200)
	if err != nil || result.Accuracy != 100 || result.Clips != 4 {
		t.Errorf("%+v, %v", result, err)
	}
	for i := range o.Data.Items {
		o.Data.Items[i].Label = o.Classes[i/2%2]
	}
	if result, err = OverfitBatch(context.Background(), o, 30); err != nil || result.Accuracy == 100 || result.Steps != 30 {
		t.Errorf("contradicting labels: %+v, %v", result, err)
	}
}
