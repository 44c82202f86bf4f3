package cli

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"videomae/video"
)

// caption is a line on the video and the scheme.
func (r sampling) caption() string {
	text := fmt.Sprintf("%s: %d frames of %dx%d", filepath.Base(r.File), r.Frames, r.Width, r.Height)
	if r.FPS > 0 {
		text += fmt.Sprintf(", %.4g a second, %.2f s", r.FPS, float64(r.Frames)/r.FPS)
	}
	text += fmt.Sprintf(". Scheme %s (%s), %d frames", r.Scheme, r.Mode, r.ClipSize)
	if r.Stride > 0 {
		text += fmt.Sprintf(", stride %d", r.Stride)
	}
	return text
}

// title is a line on a clip.
func (r sampling) title(i int) string {
	c := r.Clips[i]
	first, last := c.Indices[0], c.Indices[len(c.Indices)-1]
	text := fmt.Sprintf("clip %d: frames %d to %d", i+1, first, last)
	if len(c.Seconds) > 0 {
		text += fmt.Sprintf(", %.2f to %.2f s", c.Seconds[0], c.Seconds[len(c.Seconds)-1])
	}
	if len(c.Strides) > 0 {
		text += ", " + countStrides(c)
	}
	if c.Repeated > 0 {
		text += fmt.Sprintf(", %d repeated", c.Repeated)
	}
	return text
}

// countStrides writes how often each stride occurs: "stride 4", or "strides 4 (11 times), 5 (4 times), mean 4.267".
func countStrides(c sampledClip) string {
	counts := map[int]int{}
	for _, stride := range c.Strides {
		counts[stride]++
	}
	if len(counts) == 1 {
		return fmt.Sprintf("stride %d", c.Strides[0])
	}
	var parts []string
	for _, stride := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d (%dx)", stride, counts[stride]))
	}
	return fmt.Sprintf("strides %s, mean %.4g", strings.Join(parts, ", "), c.MeanStride)
}

// print tells everything in text.
func (r sampling) print(w io.Writer) {
	fmt.Fprintln(w, r.caption())
	for i, c := range r.Clips {
		fmt.Fprintf(w, "%s\n  frames %s\n", r.title(i), strings.Trim(fmt.Sprint(c.Indices), "[]"))
		if len(c.Seconds) > 0 {
			fmt.Fprint(w, "  seconds")
			for _, t := range c.Seconds {
				fmt.Fprintf(w, " %.2f", t)
			}
			fmt.Fprintln(w)
		}
	}
	for _, note := range r.notes() {
		fmt.Fprintln(w, note)
	}
	if r.Sheet != "" {
		fmt.Fprintln(w, r.Sheet)
	}
}

// notes are what may surprise.
func (r sampling) notes() (notes []string) {
	if r.Crops > 1 {
		notes = append(notes, fmt.Sprintf("note: each clip is taken in %d crops of the same frames, %d clips in all; the test goes through all videos for the first crop of clip 1, then the next crop, then clip 2",
			r.Crops, r.Crops*len(r.Clips)))
	}
	repeated := 0
	for _, c := range r.Clips {
		repeated = max(repeated, c.Repeated)
	}
	switch {
	case r.Short && r.Stride > 0:
		notes = append(notes, fmt.Sprintf("warning: the video is too short: %d frames at stride %d take %d, and it has %d; %d of a clip's frames repeat the one before", r.ClipSize, r.Stride, r.Span, r.Frames, repeated))
	case r.Short:
		notes = append(notes, fmt.Sprintf("warning: the video is too short: it has %d frames for the %d of a clip; %d of them repeat the one before", r.Frames, r.ClipSize, repeated))
	case repeated > 0:
		notes = append(notes, fmt.Sprintf("warning: %d of a clip's frames repeat the one before, as the official code never steps to a video's last frame; --sampling exact does", repeated))
	case r.Mode == video.Official && r.Scheme == video.SampleDense && r.ClipSize > 1:
		notes = append(notes, fmt.Sprintf("note: the official code spreads %d frames over %d, both ends included, so that they lie %.4g apart, not %d; --sampling exact keeps %d",
			r.ClipSize, r.ClipSize*r.Stride, float64(r.ClipSize*r.Stride)/float64(r.ClipSize-1), r.Stride, r.Stride))
	}
	if r.Variable {
		notes = append(notes, "warning: the video's frames are not evenly spaced in time; the seconds are those of an even rate")
	}
	return notes
}
