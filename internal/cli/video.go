package cli

import (
	"context"

	"videomae/frames"
	"videomae/video"
)

// shape is what a model takes: T frames, stride apart, of H x W pixels and C channels.
type shape struct{ frames, stride, height, width, channels int }

// source is where a clip comes from: which frames of its video, and that video's frames a second.
type source struct {
	frames []int
	fps    float64
}

// middleClip cuts the clip in the middle of a video, the whole shorter side of its frames, without any random choice.
func middleClip(ctx context.Context, d video.Decoder, path string, s shape) (video.Clip, source, error) {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return video.Clip{}, source{}, err
	}
	start := (video.PretrainStarts(info.Frames, s.frames, s.stride) - 1) / 2
	from := source{video.PretrainIndices(start, info.Frames, s.frames, s.stride), info.FPS}
	whole, err := d.Frames(ctx, info, from.frames, video.Output{Channels: s.channels})
	if err != nil {
		return video.Clip{}, source{}, err
	}
	clip := video.NewClip(s.frames, s.height, s.width, s.channels)
	return clip, from, frames.CropResize(clip, whole, frames.CentreBox(whole.W, whole.H, s.width, s.height))
}
