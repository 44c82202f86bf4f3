package cli

import (
	"context"
	"fmt"

	"videomae/frames"
	"videomae/video"
	"videomae/video/ffmpeg"
	"videomae/video/imagedir"
)

// openDecoder starts the video decoder of the given name. Folders of pictures have frameRate.
func openDecoder(name string, frameRate float64) (video.Decoder, error) {
	if name != "ffmpeg" {
		return nil, fmt.Errorf("unknown decoder %q (have ffmpeg)", name)
	}
	files, err := ffmpeg.New(0)
	if err != nil {
		return nil, err
	}
	return video.Mux{Files: files, Folders: imagedir.Decoder{FPS: frameRate}}, nil
}

// shape is what a model takes: T frames, stride apart, of H x W pixels and C channels.
type shape struct{ frames, stride, height, width, channels int }

// middleClip cuts the clip in the middle of a video, the whole shorter side of its frames, without any random choice.
func middleClip(ctx context.Context, d video.Decoder, path string, s shape) (video.Clip, video.Info, error) {
	info, err := d.Probe(ctx, path)
	if err != nil {
		return video.Clip{}, info, err
	}
	start := (video.PretrainStarts(info.Frames, s.frames, s.stride) - 1) / 2
	clip, err := clipAt(ctx, d, info, start, s)
	return clip, info, err
}

// clipAt cuts the clip that begins at a frame of a video.
func clipAt(ctx context.Context, d video.Decoder, info video.Info, start int, s shape) (video.Clip, error) {
	whole, err := d.Frames(ctx, info, video.PretrainIndices(start, info.Frames, s.frames, s.stride), s.channels)
	if err != nil {
		return video.Clip{}, err
	}
	clip := video.NewClip(s.frames, s.height, s.width, s.channels)
	return clip, frames.CropResize(clip, whole, frames.CentreBox(whole.W, whole.H, s.width, s.height))
}
