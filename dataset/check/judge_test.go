package check

import (
	"slices"
	"strings"
	"testing"

	"videomae/video"
)

// plain is a video with which nothing is wrong.
func plain() Verdict {
	moves := true
	return Verdict{Path: "a.mp4", Level: OK, Facts: Facts{Motion: &moves,
		Video: &Video{Container: "mov,mp4,m4a,3gp,3g2,mj2", Codec: "h264", Frames: 64, Width: 320, Height: 240, FPS: 25}}}
}

func TestEachFindingSaysWhatTrainingDoes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Verdict)
		want   []Code
		effect string
	}{
		"nothing":      {func(*Verdict) {}, nil, ""},
		"short":        {func(v *Verdict) { v.Video.Frames = 40 }, []Code{TooShort}, "the last frame is repeated 6 times"},
		"one repeated": {func(v *Verdict) { v.Video.Frames = 61 }, []Code{TooShort}, "the last frame is repeated once"},
		"just short":   {func(v *Verdict) { v.Video.Frames = 63 }, []Code{TooShort}, "every clip begins at its first frame"},
		"one frame":    {func(v *Verdict) { v.Video.Frames = 1 }, []Code{TooShort}, "one frame is shown 16 times"},
		"variable":     {func(v *Verdict) { v.Video.Variable = true }, []Code{VariableRate}, "speeds up and slows down"},
		"rotated":      {func(v *Verdict) { v.Video.Rotation = 270 }, []Code{Rotated}, "turned upright"},
		"odd width":    {func(v *Verdict) { v.Video.Width = 321 }, []Code{OddSize}, "as it is"},
		"odd height":   {func(v *Verdict) { v.Video.Height = 239 }, []Code{OddSize}, "as it is"},
		"tiny":         {func(v *Verdict) { v.Video.Width, v.Video.Height = 112, 64 }, []Code{Tiny}, "enlarged 3.5 times to 224"},
		"narrow":       {func(v *Verdict) { v.Video.Width, v.Video.Height = 800, 200 }, []Code{Narrow}, "at most 25 %"},
		"tall":         {func(v *Verdict) { v.Video.Width, v.Video.Height = 200, 800 }, []Code{Narrow}, "at most 25 %"},
		"still":        {func(v *Verdict) { *v.Motion = false }, []Code{Still}, "nothing about motion"},
		"renamed":      {func(v *Verdict) { v.Video.Container = "avi" }, []Code{WrongName}, "by its content"},
		"no video's":   {func(v *Verdict) { v.Path = "a.txt" }, []Code{WrongName}, "by its content"},
		"upper case":   {func(v *Verdict) { v.Path = "A.MP4" }, nil, ""},
		"frames":       {func(v *Verdict) { v.Path, v.Video.Container = "a", video.FolderContainer }, nil, ""},
		"packed":       {func(v *Verdict) { v.Path, v.Video.Container = "a.vmpack#3", video.PackContainer }, nil, ""},
		"label high":   {func(v *Verdict) { v.Label = "400" }, []Code{BadLabel}, "fine-tuning cannot use it"},
		"label low":    {func(v *Verdict) { v.Label = "-1" }, []Code{BadLabel}, "fine-tuning cannot use it"},
		"last label":   {func(v *Verdict) { v.Label = "399" }, nil, ""},
		"text label":   {func(v *Verdict) { v.Label = "ride a bike" }, nil, ""},
		"two":          {func(v *Verdict) { v.Video.Frames, v.Video.Width = 60, 111 }, []Code{TooShort, OddSize, Tiny}, "repeated once"},
		"unreadable":   {func(v *Verdict) { v.Failure, v.Reason, v.Video = Unreadable, "no stream", nil }, []Code{Unreadable}, "takes its place"},
	} {
		v := plain()
		c.change(&v)
		o := usual()
		o.Classes = 400
		o.judge(&v)
		if !slices.Equal(codes(v), c.want) {
			t.Errorf("%s: %v, want %v", name, codes(v), c.want)
			continue
		}
		if len(c.want) == 0 {
			continue
		}
		f := v.Findings[0]
		level := Warning
		if f.Code == BadLabel || f.Code == Unreadable {
			level = Error
		}
		if !strings.Contains(f.Effect, c.effect) || f.What == "" || f.Remedy == "" || f.Level != level || v.Level != level {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// The number of repeats is that of the frames the sampling really takes.
func TestShortVideosSayHowManyFramesRepeat(t *testing.T) {
	for n := 1; n < 64; n++ {
		v := plain()
		v.Video.Frames = n
		o := usual()
		f, found := o.short(v)
		distinct := len(slices.Compact(video.PretrainIndices(0, n, 16, 4)))
		said := map[bool]string{true: "one frame is shown 16 times", false: "the last frame is repeated " + times(16-distinct)}[distinct == 1]
		if distinct == 16 {
			said = "every clip begins"
		}
		if !found || !strings.Contains(f.Effect, said) {
			t.Errorf("%d frames: %q, want %q", n, f.Effect, said)
		}
	}
}

func TestEveryCodeIsDescribed(t *testing.T) {
	seen := map[Code]bool{}
	for _, k := range Kinds() {
		if seen[k.Code] || k.About == "" || k.Level == "" {
			t.Errorf("%+v", k)
		}
		seen[k.Code] = true
	}
	if len(seen) != 32 {
		t.Errorf("%d codes are described", len(seen))
	}
}
