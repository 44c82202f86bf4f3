// Package ffmpeg decodes video files through the programs ffmpeg and ffprobe, one process a call, without cgo.
//
// Frames are counted from the start of the file and never sought by time stamp: the stamps of AVI files with few key frames lead
// readers a frame or two astray. Only wanted frames are converted and written, and decoding ends with the last of them.
package ffmpeg

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"time"

	"videomae/video"
)

// DefaultDeadline bounds one call; a 10 s clip takes well below a second of it.
const DefaultDeadline = time.Minute

// demuxers are the containers that may be opened. Without the list ffmpeg shows text as pictures of text, and follows play lists
// to other files and hosts.
const demuxers = "mov,avi,matroska,mpegts,mpeg,mpegvideo,flv,asf,ogg,ivf"

// Decoder runs ffmpeg and ffprobe. It is safe for concurrent use: each process has one thread, since loaders run several.
type Decoder struct {
	ffmpeg, ffprobe string // full paths of the programs
	version         string
	keepTiming      []string // options that write every selected frame once, whatever its time stamp
	deadline        time.Duration
}

// New finds the programs in PATH. No call takes longer than deadline (0: DefaultDeadline).
func New(deadline time.Duration) (*Decoder, error) {
	if deadline == 0 {
		deadline = DefaultDeadline
	}
	d := &Decoder{deadline: deadline}
	for program, path := range map[string]*string{"ffmpeg": &d.ffmpeg, "ffprobe": &d.ffprobe} {
		found, err := exec.LookPath(program)
		if err != nil {
			return nil, fmt.Errorf("%s was not found in PATH: install FFmpeg, for example with `apt-get install ffmpeg` (Debian, Ubuntu), "+
				"`dnf install ffmpeg` (Fedora) or `brew install ffmpeg` (macOS): %w", program, err)
		}
		*path = found
	}
	banner, err := exec.Command(d.ffmpeg, "-version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s -version: %w", d.ffmpeg, err)
	}
	d.version, d.keepTiming = parseVersion(string(banner))
	return d, nil
}

var versionLine = regexp.MustCompile(`^ffmpeg version (n?(\d+)\.(\d+)\S*|\S+)`)

// parseVersion returns the version in the first line of `ffmpeg -version`, and that version's spelling of "keep the timing of frames":
// -fps_mode since 5.1 (and in builds named by a commit), -vsync before.
func parseVersion(banner string) (version string, keepTiming []string) {
	keepTiming = []string{"-fps_mode", "passthrough"}
	match := versionLine.FindStringSubmatch(banner)
	if match == nil {
		return "unknown", keepTiming
	}
	if match[2] != "" {
		major, _ := strconv.Atoi(match[2]) // digits by the pattern
		minor, _ := strconv.Atoi(match[3])
		if major < 5 || major == 5 && minor < 1 {
			keepTiming = []string{"-vsync", "passthrough"}
		}
	}
	return match[1], keepTiming
}

// Name is "ffmpeg".
func (d *Decoder) Name() string { return "ffmpeg" }

// Version is what ffmpeg says of itself, such as "5.1.9-0+deb12u1".
func (d *Decoder) Version() string { return d.version }

// Frames decodes from the start of the file to the last wanted frame. When the file yields fewer frames than Probe counted,
// the error says how many.
func (d *Decoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	sel := choose(indices)
	clip := video.NewClip(len(indices), layout.H, layout.W, out.Channels)
	arrived := 0
	complaint, err := d.run(ctx, d.ffmpeg, d.decodeArgs(info, sel, layout, out.Channels), func(frames io.Reader) (err error) {
		arrived, err = sel.fill(clip, indices, frames)
		return err
	})
	if err == nil && arrived < sel.count {
		err = withLog(fmt.Errorf("%d of the %d frames read up to frame %d are missing, though the file announces %d frames: it may be damaged",
			sel.count-arrived, sel.count, indices[len(indices)-1], info.Frames), complaint)
	}
	if err != nil {
		return video.Clip{}, fmt.Errorf("video %s: %w", info.Path, err)
	}
	return clip, nil
}

// chromaLeft are the codecs whose subsampled colours lie at the left of their pixels unless a stream says otherwise, and not between them.
var chromaLeft = []string{"h264", "hevc", "mpeg4", "mpeg2video"}

// decodeArgs is ffmpeg's command line. The filters are not rebuilt when the size of pictures changes within a file, as that would
// restart the count of frames; scale brings such pictures to the announced size. Its filter is the bilinear one, with the rounding
// that FFmpeg-based readers of other languages have, and pixels are cut after the conversion, since those of subsampled colours
// cannot be cut anywhere.
func (d *Decoder) decodeArgs(info video.Info, sel selection, to video.Layout, channels int) []string {
	format := map[int]string{1: "gray", 3: "rgb24"}[channels]
	scale := fmt.Sprintf("scale=%d:%d:flags=bilinear", to.ScaledW, to.ScaledH)
	if slices.Contains(chromaLeft, info.Codec) {
		scale += ":in_h_chr_pos=0"
	}
	filters := fmt.Sprintf("select='%s',%s,format=%s", sel.expression(), scale, format)
	if to.Cropped() {
		filters += fmt.Sprintf(",crop=%d:%d:%d:%d", to.W, to.H, to.X, to.Y)
	}
	args := append([]string{"-nostdin", "-hide_banner", "-loglevel", "error", "-threads", "1", "-filter_threads", "1", "-reinit_filter", "0"}, input(info.Path)...)
	args = append(args, "-map", "0:V:0", "-vf", filters)
	args = append(args, d.keepTiming...)
	return append(args, "-frames:v", strconv.Itoa(sel.count), "-pix_fmt", format, "-f", "rawvideo", "pipe:1")
}

// input names a local file, whatever its name looks like, to both programs.
func input(path string) []string {
	return []string{"-format_whitelist", demuxers, "-i", "file:" + path}
}
