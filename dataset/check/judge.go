package check

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"videomae/video"
)

// judge adds to a verdict what its facts and its label mean for training.
func (o Options) judge(v *Verdict) {
	if f, bad := o.label(v.Label); bad {
		v.add(f)
	}
	if v.Failure != "" {
		v.add(failed(v.Facts))
	}
	if v.Video == nil {
		return
	}
	for _, look := range []func(Verdict) (Finding, bool){o.short, variable, rotated, odd, o.tiny, narrow, still, misnamed} {
		if f, found := look(*v); found {
			f.Level = Warning
			v.add(f)
		}
	}
}

// failed says what becomes of a file that cannot be read.
func failed(f Facts) Finding {
	remedy := map[Code]string{
		Missing:    "correct the path, or take the row off the list",
		NotAFile:   "put a video file in its place",
		Empty:      "copy or download it again",
		Unreadable: "copy, download or encode it again, or take the row off the list",
		NoFrames:   "encode it again, or take the row off the list",
		Damaged:    "copy, download or encode it again, or take the row off the list",
		WrongSpan:  "correct first_picture and pictures, or extract the frames again",
	}[f.Failure]
	return Finding{Code: f.Failure, Level: Error, What: f.Reason, Effect: "the next video of the epoch takes its place; too many such stop the run", Remedy: remedy}
}

// label checks a class number.
func (o Options) label(label string) (Finding, bool) {
	n, err := strconv.Atoi(label)
	if err != nil || n >= 0 && (o.Classes == 0 || n < o.Classes) {
		return Finding{}, false
	}
	f := Finding{Code: BadLabel, Level: Error, What: fmt.Sprintf("class number %d is below 0", n), Effect: "fine-tuning cannot use it",
		Remedy: "number classes from 0"}
	if n >= 0 {
		f.What = fmt.Sprintf("class number %d, but %d classes have numbers up to %d", n, o.Classes, o.Classes-1)
		f.Remedy = "number classes from 0, or say how many there are"
	}
	return f, true
}

// short finds videos that a clip does not fit in.
func (o Options) short(v Verdict) (Finding, bool) {
	n, need := v.Video.Frames, o.Frames*o.Stride
	if n >= need {
		return Finding{}, false
	}
	f := Finding{Code: TooShort, What: fmt.Sprintf("%d of %d frames", n, need), Effect: "every clip begins at its first frame"}
	repeats := 0
	indices := video.PretrainIndices(0, n, o.Frames, o.Stride)
	for i := 1; i < len(indices); i++ {
		if indices[i] == indices[i-1] {
			repeats++
		}
	}
	switch {
	case repeats == o.Frames-1:
		f.Effect = fmt.Sprintf("one frame is shown %d times, a picture without motion", o.Frames)
	case repeats > 0:
		f.Effect = "the last frame is repeated " + times(repeats)
	}
	f.Remedy = "use fewer frames or leave it out"
	if fits := n / o.Frames; fits >= 1 {
		f.Remedy = fmt.Sprintf("use stride %d, at which it fits, or leave it out", fits)
	}
	return f, true
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func variable(v Verdict) (Finding, bool) {
	return Finding{Code: VariableRate, What: fmt.Sprintf("frames are not evenly spaced in time (%.4g a second in the mean)", v.Video.FPS),
		Effect: "frames are counted, so that motion in a clip speeds up and slows down",
		Remedy: "encode it at a constant rate: ffmpeg -i IN -fps_mode cfr OUT"}, v.Video.Variable
}

func rotated(v Verdict) (Finding, bool) {
	return Finding{Code: Rotated, What: fmt.Sprintf("stored turned by %d degrees", v.Video.Rotation),
		Effect: "frames are turned upright; other programs may not do so",
		Remedy: "encode it again, which turns the pictures themselves: ffmpeg -i IN OUT"}, v.Video.Rotation != 0
}

func odd(v Verdict) (Finding, bool) {
	return Finding{Code: OddSize, What: fmt.Sprintf("%dx%d", v.Video.Width, v.Video.Height),
		Effect: "it is used as it is; colours at the edge are guessed, and most encoders refuse such sizes",
		Remedy: "cut off a row or column: ffmpeg -i IN -vf crop=trunc(iw/2)*2:trunc(ih/2)*2 OUT"}, v.Video.Width%2+v.Video.Height%2 > 0
}

func (o Options) tiny(v Verdict) (Finding, bool) {
	short := min(v.Video.Width, v.Video.Height)
	return Finding{Code: Tiny, What: fmt.Sprintf("%dx%d", v.Video.Width, v.Video.Height),
		Effect: fmt.Sprintf("frames are enlarged %.1f times to %d pixels, which adds no detail", float64(o.Size)/float64(short), o.Size),
		Remedy: "find a larger copy, or train at a smaller --size"}, 2*short < o.Size
}

func narrow(v Verdict) (Finding, bool) {
	const limit = 3
	short, long := min(v.Video.Width, v.Video.Height), max(v.Video.Width, v.Video.Height)
	return Finding{Code: Narrow, What: fmt.Sprintf("%dx%d", v.Video.Width, v.Video.Height),
		Effect: fmt.Sprintf("a square crop shows at most %.0f %% of it", 100*float64(short)/float64(long)),
		Remedy: "cut the part that matters, or leave it out"}, long > limit*short
}

func still(v Verdict) (Finding, bool) {
	return Finding{Code: Still, What: "nothing moves in the frames looked at",
		Effect: "a model learns nothing about motion from it, and near-duplicates of it are not looked for",
		Remedy: "leave it out, unless stillness is what its label says"}, v.Motion != nil && !*v.Motion
}

// containers are what FFmpeg calls the containers that extensions stand for.
var containers = map[string][]string{
	".mp4": {"mov"}, ".m4v": {"mov"}, ".mov": {"mov"}, ".3gp": {"mov"}, ".mkv": {"matroska"}, ".webm": {"matroska"}, ".avi": {"avi"},
	".mpg": {"mpeg", "mpegvideo", "mpegts"}, ".mpeg": {"mpeg", "mpegvideo", "mpegts"}, ".ts": {"mpegts"}, ".m2ts": {"mpegts"},
	".flv": {"flv"}, ".wmv": {"asf"}, ".asf": {"asf"}, ".ogv": {"ogg"}, ".ogg": {"ogg"}, ".ivf": {"ivf"},
}

func misnamed(v Verdict) (Finding, bool) {
	is, ext := strings.Split(v.Video.Container, ","), strings.ToLower(filepath.Ext(v.Path))
	f := Finding{Code: WrongName, What: fmt.Sprintf("is called %q, but is %s inside", ext, is[0]),
		Effect: "it is read by its content; other programs, and folders searched for videos, go by the name",
		Remedy: "give it the extension of its container"}
	if v.Video.Container == video.FolderContainer || v.Video.Container == video.PackContainer {
		return f, false
	}
	for _, container := range containers[ext] {
		if slices.Contains(is, container) {
			return f, false
		}
	}
	return f, true
}

func baseName(path string) string { return filepath.Base(path) }
