package finetune

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"videomae/classify"
	"videomae/dataset"
	"videomae/masking"
	"videomae/recipe"
	"videomae/train"
	"videomae/weights"
)

// pretrained writes a checkpoint of an autoencoder as small as they get, and gives the run's folder with its weights by name.
func pretrained(t *testing.T) (run string, values map[string][]float32) {
	t.Helper()
	p := recipe.Default()
	for _, s := range []string{"model.frames=2", "model.height=32", "model.width=32", "model.encoder_width=24", "model.encoder_depth=2",
		"model.decoder_width=12", "model.decoder_depth=1", "mask.ratio=0.75", "data.stride=3"} {
		if err := recipe.Set(&p, s); err != nil {
			t.Fatal(err)
		}
	}
	p, err := p.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	model, err := train.ModelConfig(p.Model)
	if err != nil {
		t.Fatal(err)
	}
	run, values = t.TempDir(), map[string][]float32{}
	state := train.NewState(train.InitialWeights(model.Specs(), 7))
	for i, s := range model.Specs() {
		values[s.Name] = state.Weights[i]
	}
	c := train.Checkpoint[recipe.Pretrain]{Config: p, State: state, About: map[string]string{weights.FamilyKey: weights.PretrainFamily}}
	if _, err := c.Save(train.CheckpointFolder(run), model.Specs()); err != nil {
		t.Fatal(err)
	}
	return run, values
}

// classifier is a resolved recipe that has adopted a run's model, and its classifier.
func classifier(t *testing.T, run string, overrides ...string) (recipe.Finetune, classify.Config) {
	t.Helper()
	origin, err := BaseOf(run)
	if err != nil {
		t.Fatal(err)
	}
	f := recipe.DefaultFinetune()
	origin.Adopt(&f)
	f.Train.Init = run
	for _, s := range overrides {
		if err := recipe.Set(&f, s); err != nil {
			t.Fatal(err)
		}
	}
	if f, err = f.Resolve(); err != nil {
		t.Fatal(err)
	}
	model, err := ModelConfig(f.Model, 3, origin.Source(f))
	if err != nil {
		t.Fatal(err)
	}
	return f, model
}

func TestAStartTakesTheEncoder(t *testing.T) {
	run, values := pretrained(t)
	for pooling, norm := range map[string]bool{"mean": false, "norm-mean": true, "attention": true} {
		f, model := classifier(t, run, "model.pooling="+pooling)
		if f.Data.Stride != 3 || f.Model.Frames != 2 || f.Model.EncoderWidth != 24 {
			t.Errorf("settings of the run were not taken: %+v", f.Model)
		}
		got, taken, err := Init(run, model, []string{"a", "b", "c"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range model.Specs() {
			want, there := values["encoder."+s.Name]
			if s.Name == "norm.weight" || s.Name == "norm.bias" {
				there = norm
			}
			if there && !slices.Equal(got[i], want) || isEncoder(s.Name) && !there {
				t.Errorf("%s pooling: %s is not the encoder's", pooling, s.Name)
			}
		}
		for _, want := range []string{"decoder", "of pre-training only", "head", "new"} {
			if !strings.Contains(taken.String(), want) {
				t.Errorf("%s pooling: the account does not mention %q:\n%s", pooling, want, taken)
			}
		}
	}
}

// A start from a classifier takes the head for the same classes only.
func TestAHeadIsOfItsClasses(t *testing.T) {
	run, _ := pretrained(t)
	f, model := classifier(t, run)
	values, _, err := Init(run, model, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	classes := []string{"a", "b", "c"}
	says, err := about(model, classes)
	if err != nil {
		t.Fatal(err)
	}
	head := len(values) - 2
	values[head][5] = 42
	tuned := t.TempDir()
	c := train.Checkpoint[recipe.Finetune]{Config: f, State: Update(f, model).NewState(values), About: says}
	if _, err := c.Save(train.CheckpointFolder(tuned), model.Specs()); err != nil {
		t.Fatal(err)
	}
	for names, same := range map[string]bool{"a b c": true, "a b d": false} {
		got, taken, err := Init(tuned, model, strings.Fields(names), 1)
		if err != nil {
			t.Fatal(err)
		}
		if (got[head][5] == 42) != same {
			t.Errorf("classes %s: head %v\n%s", names, got[head][5], taken)
		}
	}
}

func TestAStartThatDoesNotFitIsRefused(t *testing.T) {
	run, _ := pretrained(t)
	_, deeper := classifier(t, run, "model.encoder_depth=3")
	_, wider := classifier(t, run, "model.encoder_width=48")
	_, shallower := classifier(t, run, "model.encoder_depth=1")
	for want, model := range map[string]classify.Config{"blocks.2.norm1.weight": deeper, "patch_embed.proj.weight": wider, "encoder.blocks.1": shallower} {
		if _, _, err := Init(run, model, nil, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
	}
	_, fits := classifier(t, run)
	foreign := filepath.Join(t.TempDir(), "foreign.safetensors")
	tensor, err := weights.FromFloat32s("layer1.0.conv1.weight", []int{1}, []float32{1})
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.Save(foreign, nil, []weights.Tensor{tensor}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{foreign, filepath.Join(t.TempDir(), "nothing")} {
		if _, _, err := Init(path, fits, nil, 1); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an error that names %s", err, path)
		}
	}
	if _, err := Load(run); err == nil || !strings.Contains(err.Error(), "holds no classifier") {
		t.Errorf("an autoencoder as a classifier: %v", err)
	}
}

func TestPositionsOfOtherClips(t *testing.T) {
	run, _ := pretrained(t)
	for _, c := range []struct {
		overrides []string
		want      masking.Grid
	}{
		{[]string{"model.frames=4"}, masking.Grid{}},
		{[]string{"model.frames=4", "model.positions=interpolate"}, masking.Grid{Slots: 1, Rows: 2, Cols: 2}},
		{[]string{"model.positions=interpolate"}, masking.Grid{}},
	} {
		if _, model := classifier(t, run, c.overrides...); model.Source != c.want {
			t.Errorf("%v: positions from %v, want %v", c.overrides, model.Source, c.want)
		}
	}
}

func TestDataThatCannotBeLearnedFromIsRefused(t *testing.T) {
	val := func(names ...string) dataset.Manifest { return list("val", names...) }
	unlabelled := list("train", "d1", "l1")
	unlabelled.Items[1].Label = ""
	other := val("d1")
	other.Items[0].Label = "blue"
	for _, c := range []struct {
		want      string
		data, val dataset.Manifest
	}{
		{"one class", list("train", "d1", "d2"), val("d3")},
		{"l1", unlabelled, val("d3")},
		{"blue", list("train", "d1", "l1"), other},
	} {
		if _, err := Inspect(c.data, c.val, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want an error with %q", err, c.want)
		}
	}
	s, err := Inspect(list("train", "d1", "d2", "l1"), val("d3", "l3", "l4", "l5"), nil)
	if err != nil || s.Majority != 25 || !slices.Equal(s.Train, []int{2, 1}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// What is known of where weights come from goes into every checkpoint that is made of them.
func TestTheOriginTravelsAlong(t *testing.T) {
	o := minute(t, "train.epochs=1")
	o.Origin = `{"licence": "CC-BY-NC-4.0"}`
	summary, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{summary.Best, summary.Checkpoint, o.Out} {
		if got, err := train.OriginOf(path); err != nil || got != o.Origin {
			t.Errorf("%s: origin %q, %v", path, got, err)
		}
	}
}
