package ffmpeg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"videomae/video"
)

// Probe reads a file's description and counts its frames exactly, without decoding: by the packets of the video stream, less those
// that an edit list hides. The number in a container's header is not trusted; AVI headers and cut MP4 files misstate it.
func (d *Decoder) Probe(ctx context.Context, path string) (video.Info, error) {
	info, err := d.probe(ctx, path)
	if err != nil {
		return video.Info{}, fmt.Errorf("video %s: %w", path, err)
	}
	return info, nil
}

func (d *Decoder) probe(ctx context.Context, path string) (video.Info, error) {
	if err := video.CheckFile(path); err != nil {
		return video.Info{}, err
	}
	var answer description
	args := append([]string{"-hide_banner", "-loglevel", "error", "-of", "json", "-select_streams", "V:0", "-show_entries",
		"packet=flags,dts:stream=codec_name,width,height,avg_frame_rate,time_base,nb_frames:stream_side_data=rotation:format=format_name"}, input(path)...)
	complaint, err := d.run(ctx, d.ffprobe, args, func(out io.Reader) error { return json.NewDecoder(out).Decode(&answer) })
	if err != nil {
		return video.Info{}, fmt.Errorf("not a video that ffmpeg can read: %w", err)
	}
	info, err := answer.info(path)
	const cutShort = "partial file" // ffprobe's only sign: it succeeds with the packets that are left
	if err == nil && strings.Contains(complaint, cutShort) {
		err = fmt.Errorf("the file is cut short: %d frames of %s are left", info.Frames, answer.Streams[0].Frames)
	}
	return info, err
}

// description is ffprobe's answer.
type description struct {
	Packets []struct {
		Flags string
		DTS   *int64 // in decoding order, which spaces the frames as their order in time does; absent where unknown
	}
	Streams []struct {
		Codec    string `json:"codec_name"`
		Width    int
		Height   int
		FPS      string                       `json:"avg_frame_rate"` // a fraction
		TimeBase string                       `json:"time_base"`      // seconds of a tick, a fraction
		Frames   string                       `json:"nb_frames"`      // what the header says, where it says anything
		SideData []struct{ Rotation float64 } `json:"side_data_list"`
	}
	Format struct {
		Name string `json:"format_name"`
	}
}

func (d description) info(path string) (video.Info, error) {
	if len(d.Streams) == 0 {
		return video.Info{}, fmt.Errorf("holds no video stream (its container is %s)", d.Format.Name)
	}
	s := d.Streams[0]
	info := video.Info{Path: path, Container: d.Format.Name, Codec: s.Codec, Width: s.Width, Height: s.Height, FPS: fraction(s.FPS)}
	var stamps []int64
	for _, p := range d.Packets {
		if strings.Contains(p.Flags, "D") { // discarded after decoding
			continue
		}
		info.Frames++
		if strings.Contains(p.Flags, "K") {
			info.KeyFrames++
		}
		if p.DTS != nil {
			stamps = append(stamps, *p.DTS)
		}
	}
	ticks, variable := video.Timing(stamps)
	info.Seconds, info.Variable = float64(ticks)*fraction(s.TimeBase), variable
	for _, side := range s.SideData {
		info.Rotation = clockwise(side.Rotation)
	}
	if info.Rotation%90 != 0 {
		return video.Info{}, errors.New("its frames are to be turned by an angle that is not a multiple of 90 degrees")
	}
	if info.Rotation%180 != 0 {
		info.Width, info.Height = info.Height, info.Width
	}
	return info, video.CheckInfo(info)
}

// clockwise turns ffprobe's counter-clockwise angle, within -180 to 180 degrees, into clockwise degrees from 0 to 359.
func clockwise(angle float64) int { return (360 - int(angle)) % 360 }

// fraction reads "30000/1001", and gives 0 where the rate is unknown ("0/0").
func fraction(s string) float64 {
	over, under, _ := strings.Cut(s, "/")
	a, errA := strconv.ParseFloat(over, 64)
	b, errB := strconv.ParseFloat(under, 64)
	if errA != nil || errB != nil || b == 0 {
		return 0
	}
	return a / b
}
