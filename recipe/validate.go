// The range of every setting.

package recipe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"videomae/video"
)

// problems collects what is wrong with a recipe, so that a user sees all of it at once.
type problems []error

func (ps *problems) add(key, format string, args ...any) {
	*ps = append(*ps, fmt.Errorf("recipe: %s: %s", key, fmt.Sprintf(format, args...)))
}

// within demands low <= v <= high; NaN is never within.
func within[N cmp.Ordered](ps *problems, key string, v, low, high N) {
	if !(v >= low && v <= high) {
		ps.add(key, "%v is not between %v and %v", v, low, high)
	}
}

// share demands 0 <= v < 1.
func (ps *problems) share(key string, v float64) {
	if !(v >= 0 && v < 1) {
		ps.add(key, "%v must be at least 0 and less than 1", v)
	}
}

func (ps *problems) oneOf(key, v string, choices ...string) {
	if !slices.Contains(choices, v) {
		ps.add(key, "%q is not one of %s", v, strings.Join(choices, ", "))
	}
}

func (ps *problems) multiple(key string, v int, of string, n int) {
	if n > 0 && v%n != 0 {
		ps.add(key, "%d is not a multiple of %s, which is %d", v, of, n)
	}
}

// either checks the one of two alternatives that is set, and that the other is not.
func either[A, B any](ps *problems, keyA string, a *A, checkA func(string, A), keyB string, b *B, checkB func(string, B)) {
	switch {
	case a != nil && b != nil:
		ps.add(keyA, "%s is set too; keep one of them", keyB)
	case a != nil:
		checkA(keyA, *a)
	case b != nil:
		checkB(keyB, *b)
	}
}

// Upper limits: far above any use, low enough that no product of them overflows.
const (
	maxSide  = 1 << 14 // frames, pixels, widths
	maxCount = 1 << 30 // steps, clips
)

// sides demands that every number is a length or count from 1 up.
func (ps *problems) sides(section string, list ...sized) {
	for _, v := range list {
		within(ps, section+"."+v.key, v.value, 1, maxSide)
	}
}

type sized struct {
	key   string
	value int
}

func (t Tools) check(ps *problems) {
	if t.Decoder == "" {
		ps.add("decoder", "names no decoder")
	}
}

func (m Model) check(ps *problems) {
	ps.sides("model", sized{"frames", m.Frames}, sized{"height", m.Height}, sized{"width", m.Width}, sized{"channels", m.Channels},
		sized{"tubelet", m.Tubelet}, sized{"patch", m.Patch},
		sized{"encoder_width", m.EncoderWidth}, sized{"encoder_depth", m.EncoderDepth}, sized{"encoder_heads", m.EncoderHeads})
	ps.multiple("model.frames", m.Frames, "model.tubelet", m.Tubelet)
	ps.multiple("model.height", m.Height, "model.patch", m.Patch)
	ps.multiple("model.width", m.Width, "model.patch", m.Patch)
	ps.multiple("model.encoder_width", m.EncoderWidth, "model.encoder_heads", m.EncoderHeads)
	ps.share("model.drop_path", m.DropPath)
}

func (d Data) check(ps *problems) {
	ps.share("data.val_share", d.ValShare)
	within(ps, "data.stride", d.Stride, 1, maxSide)
	ps.oneOf("data.sampling", string(d.Sampling), string(video.Official), string(video.Exact))
	if !(d.FrameRate > 0 && d.FrameRate <= maxSide) {
		ps.add("data.frame_rate", "%v must be more than 0 and at most %d", d.FrameRate, maxSide)
	}
	within(ps, "data.workers", d.Workers, 0, maxSide)
	within(ps, "data.max_bad_share", d.MaxBadShare, 0, 1)
	within(ps, "data.decode_seconds", d.DecodeSeconds, 0.1, maxCount)
}

func (o Optim) check(ps *problems) {
	positive := func(key string, v float64) {
		if !(v > 0 && v <= math.MaxFloat32) {
			ps.add(key, "%v must be more than 0 and finite", v)
		}
	}
	notNegative := func(key string, v float64) { within(ps, key, v, 0, math.MaxFloat32) }
	either(ps, "optim.lr", o.LR, positive, "optim.base_lr", o.BaseLR, positive)
	either(ps, "optim.min_lr", o.MinLR, notNegative, "optim.base_min_lr", o.BaseMinLR, notNegative)
	warmupEpochs := func(key string, v int) { within(ps, key, v, 0, maxCount) }
	either(ps, "optim.warmup_epochs", o.WarmupEpochs, warmupEpochs, "optim.warmup_share", o.WarmupShare, ps.share)
	ps.share("optim.beta1", o.Beta1)
	ps.share("optim.beta2", o.Beta2)
	if !(o.Eps > 0 && o.Eps < 1) {
		ps.add("optim.eps", "%v must be more than 0 and less than 1", o.Eps)
	}
	notNegative("optim.weight_decay", o.WeightDecay)
	notNegative("optim.clip_grad", o.ClipGrad)
}

func (t Train) check(ps *problems) {
	for _, v := range []struct {
		key        string
		value, low int
	}{
		{"epochs", t.Epochs, 1}, {"steps", t.Steps, 0}, {"batch", t.Batch, 1}, {"accumulate", t.Accumulate, 1},
		{"checkpoint_steps", t.CheckpointSteps, 0}, {"keep", t.Keep, 1}, {"log_steps", t.LogSteps, 1},
	} {
		within(ps, "train."+v.key, v.value, v.low, maxCount)
	}
	ps.oneOf("train.precision", t.Precision, "f32", "bf16")
	within(ps, "train.checkpoint_minutes", t.CheckpointMinutes, 0, maxCount)
}
