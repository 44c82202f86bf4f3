package recipe

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) Pretrain {
	t.Helper()
	p, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is written is read back as the same settings, before and after completion.
func TestEveryRecipeSurvivesWriting(t *testing.T) {
	if len(Names(KindPretrain)) < 13 {
		t.Errorf("only %d recipes are built in", len(Names(KindPretrain)))
	}
	for _, name := range Names(KindPretrain) {
		p := read(t, name)
		if p.Name != name || p.About == "" {
			t.Errorf("%s: is called %q and tells %q", name, p.Name, p.About)
		}
		resolved, err := p.Resolve()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := resolved.Resolve()
		if err != nil || !cmp.Equal(again, resolved) {
			t.Errorf("%s: completing twice changes it (%v):\n%s", name, err, cmp.Diff(resolved, again))
		}
		for _, want := range []Pretrain{p, resolved} {
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, want.YAML(), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := read(t, path); !cmp.Equal(got, want) {
				t.Errorf("%s: written and read:\n%s", name, cmp.Diff(want, got))
			}
		}
	}
}

// The table of the paper's runs: spec 6.2, with the clips of each list from spec 5.1.
func TestRatesOfThePaper(t *testing.T) {
	const k400, ssv2 = 240436, 168913
	for _, c := range []struct {
		name                    string
		clips, stride, decoder  int
		ratio                   float64
		batch, epochs           int
		peak, least             float64
		perEpoch, width, places int
	}{
		{"k400-vit-b-800", k400, 4, 4, .9, 2048, 801, 1.2e-3, 8e-5, 117, 768, 176},
		{"k400-vit-b-1600", k400, 4, 4, .9, 2048, 1601, 1.2e-3, 8e-5, 117, 768, 176},
		{"k400-vit-s-1600", k400, 4, 4, .9, 1024, 1601, 6e-4, 4e-5, 234, 384, 176},
		{"k400-vit-l-1600", k400, 4, 12, .9, 512, 1601, 3e-4, 2e-5, 469, 1024, 176},
		{"k400-vit-h-1600", k400, 4, 12, .9, 1024, 1601, 6e-4, 4e-5, 234, 1280, 176},
		{"ssv2-vit-b-800", ssv2, 2, 4, .9, 2048, 801, 1.2e-3, 8e-5, 82, 768, 176},
		{"ssv2-vit-b-2400", ssv2, 2, 4, .9, 2048, 2401, 1.2e-3, 8e-5, 82, 768, 176},
		{"ssv2-vit-s-2400", ssv2, 2, 4, .9, 1024, 2401, 6e-4, 4e-5, 164, 384, 176},
		{"ucf101-vit-b-3200", 9500, 4, 4, .75, 192, 3201, 2.25e-4, 7.5e-6, 49, 768, 147},
		{"hmdb51-vit-b-4800", 3500, 2, 4, .75, 192, 4800, 2.25e-4, 7.5e-6, 18, 768, 147},
	} {
		p, err := read(t, c.name).Resolve()
		if err != nil {
			t.Fatal(err)
		}
		steps := c.clips / p.Train.ClipsPerStep()
		s, err := p.Derive(steps)
		if err != nil {
			t.Fatal(err)
		}
		if steps != c.perEpoch || s.TotalSteps != c.epochs*c.perEpoch || s.WarmupSteps != 40*c.perEpoch {
			t.Errorf("%s: %d steps an epoch, %d in all, %d of warm-up", c.name, steps, s.TotalSteps, s.WarmupSteps)
		}
		if math.Abs(s.Peak/c.peak-1) > 1e-12 || math.Abs(s.Min/c.least-1) > 1e-12 {
			t.Errorf("%s: rates %v to %v, want %v to %v", c.name, s.Peak, s.Min, c.peak, c.least)
		}
		if p.Train.ClipsPerStep() != c.batch || p.Data.Stride != c.stride || p.Model.DecoderDepth != c.decoder ||
			p.Mask.Ratio != c.ratio || p.Model.EncoderWidth != c.width || int(p.Mask.Ratio*14*14) != c.places {
			t.Errorf("%s: settings differ from the table: %+v", c.name, p)
		}
		o := p.Optim
		if o.Beta1 != .9 || o.Beta2 != .95 || o.WeightDecay != .05 || o.Eps != 1e-8 || o.ClipGrad != 0 || p.Model.DropPath != 0 {
			t.Errorf("%s: optimiser differs from the table: %+v", c.name, o)
		}
	}
}

func TestDerivationIsToldInWords(t *testing.T) {
	s, err := read(t, "k400-vit-b-1600").Derive(117)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"187317 steps = 1601 epochs x 117 steps of 2048 clips",
		"warm-up 4680 steps = 40 epochs x 117 steps",
		"peak rate 0.0012 = base 0.00015 x batch 2048 / 256 (batch 32 x accumulate 64)",
		"least rate 8e-05 = base 1e-05 x batch 2048 / 256 (batch 32 x accumulate 64)",
	} {
		if !slices.Contains(s.Derivation, line) {
			t.Errorf("derivation lacks %q: %q", line, s.Derivation)
		}
	}
}

// Without a recipe the rate depends on the size alone, and the warm-up is a share of the steps, also of a limited run.
func TestDefaultSchedule(t *testing.T) {
	for _, batch := range []string{"1", "64"} {
		for size, peak := range map[string]float64{"tiny": 5e-4, "base": 6e-4} {
			p := Default()
			set(t, &p, "train.batch="+batch, "model.size="+size, "train.steps=50")
			s, err := p.Derive(7)
			if err != nil {
				t.Fatal(err)
			}
			if s.Peak != peak || s.Min != peak/100 || s.TotalSteps != 50 || s.WarmupSteps != 5 {
				t.Errorf("%s, batch %s: %+v", size, batch, s)
			}
		}
	}
}

func TestImpossibleSchedules(t *testing.T) {
	for _, c := range []struct {
		perEpoch  int
		overrides []string
		want      string
	}{
		{0, nil, "train.batch"},
		{10, []string{"train.steps=100", "optim.warmup_epochs=40"}, "optim.warmup_epochs"},
		{10, []string{"optim.lr=1e-5", "optim.min_lr=1e-4"}, "optim.min_lr"},
		{math.MaxInt, nil, "train.epochs"},
	} {
		p := Default()
		set(t, &p, c.overrides...)
		if _, err := p.Derive(c.perEpoch); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %s", c.overrides, err, c.want)
		}
	}
}

// The numbers of each size make the parameter counts of the paper's models. Source: spec 1.1 and the shapes of 2.1.
func TestSizesHaveTheParametersOfThePaper(t *testing.T) {
	block := func(d int) int { return 12*d*d + 12*d } // qkv, projection, MLP; their biases but the key's; two norms
	for name, want := range map[string]int{"small": 24_029_376, "base": 94_210_944, "large": 342_996_992, "huge": 692_487_296} {
		s, err := Size(name)
		if err != nil {
			t.Fatal(err)
		}
		d, dd := s.Width, s.DecoderWidth
		got := 1537*d + s.Depth*block(d) + 2*d + // encoder
			dd + d*dd + s.DecoderDepth*block(dd) + 2*dd + 1536*(dd+1) // mask token, projection, decoder, head
		if got != want {
			t.Errorf("%s: %d parameters, want %d", name, got, want)
		}
		if heads := map[string][2]int{"small": {6, 3}, "base": {12, 6}, "large": {16, 8}, "huge": {16, 8}}[name]; heads != [2]int{s.Heads, s.DecoderHeads} {
			t.Errorf("%s: heads %d and %d, want %v", name, s.Heads, s.DecoderHeads, heads)
		}
	}
}

func TestEveryRangeIsChecked(t *testing.T) {
	for _, c := range []struct{ override, key string }{
		{"mask.ratio=0", "mask.ratio"}, {"mask.ratio=1", "mask.ratio"}, {"mask.ratio=-1", "mask.ratio"}, {"mask.ratio=0.001", "mask.ratio"},
		{"mask.kind=tubes", "mask.kind"}, {"model.size=giant", "model.size"},
		{"model.height=225", "model.height"}, {"model.width=100", "model.width"}, {"model.frames=15", "model.frames"}, {"model.frames=0", "model.frames"},
		{"model.tubelet=0", "model.tubelet"}, {"model.patch=0", "model.patch"}, {"model.patch=-16", "model.patch"}, {"model.channels=0", "model.channels"},
		{"model.encoder_heads=5", "model.encoder_width"}, {"model.decoder_heads=7", "model.decoder_width"}, {"model.encoder_depth=-1", "model.encoder_depth"},
		{"model.height=1073741824", "model.height"}, {"model.drop_path=1", "model.drop_path"}, {"model.target=pixels", "model.target"}, {"model.loss=huber", "model.loss"},
		{"data.val_share=1", "data.val_share"}, {"data.stride=0", "data.stride"}, {"data.frame_rate=0", "data.frame_rate"}, {"data.workers=-1", "data.workers"},
		{"data.max_bad_share=1.1", "data.max_bad_share"}, {"data.sampling=random", "data.sampling"}, {"data.decode_seconds=0", "data.decode_seconds"},
		{"optim.lr=0", "optim.lr"}, {"optim.base_lr=-1", "optim.base_lr"}, {"optim.min_lr=-1", "optim.min_lr"}, {"optim.base_min_lr=1e300", "optim.base_min_lr"},
		{"optim.beta1=1", "optim.beta1"}, {"optim.beta2=-0.1", "optim.beta2"}, {"optim.eps=0", "optim.eps"}, {"optim.weight_decay=-1", "optim.weight_decay"},
		{"optim.warmup_share=1", "optim.warmup_share"}, {"optim.warmup_epochs=-1", "optim.warmup_epochs"}, {"optim.clip_grad=-1", "optim.clip_grad"},
		{"train.epochs=0", "train.epochs"}, {"train.steps=-1", "train.steps"}, {"train.batch=0", "train.batch"}, {"train.accumulate=0", "train.accumulate"},
		{"train.precision=fp16", "train.precision"}, {"train.checkpoint_steps=-1", "train.checkpoint_steps"}, {"train.checkpoint_minutes=-1", "train.checkpoint_minutes"},
		{"train.keep=0", "train.keep"}, {"train.reconstruct_steps=-1", "train.reconstruct_steps"}, {"train.log_steps=0", "train.log_steps"}, {"decoder=", "decoder"},
	} {
		p := Default()
		set(t, &p, c.override)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.key+":") {
			t.Errorf("%s: error %v does not name %s", c.override, err, c.key)
		}
	}
	p := Default()
	if p.Optim.Beta1 = math.NaN(); p.Validate() == nil {
		t.Error("a NaN was taken")
	}
	p = Default()
	p.Optim.LR, p.Optim.BaseLR = new(1e-3), new(1e-3)
	if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "optim.base_lr is set too") {
		t.Errorf("two rates: %v", err)
	}
}
