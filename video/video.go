// Package video holds decoded clips, what is known of a file before it is decoded, and which frames to take from it.
package video

import (
	"context"
	"fmt"
)

// Clip is decoded video: T frames of H x W pixels with C channels of 8 bits (3: red, green, blue; 1: grey),
// stored frame by frame, row by row, channels together.
type Clip struct {
	T, H, W, C int
	Pix        []uint8 // T*H*W*C values; pixel (t,y,x), channel c is at ((t*H+y)*W+x)*C+c
}

// NewClip returns a black clip of t frames, h x w pixels and c channels.
func NewClip(t, h, w, c int) Clip {
	return Clip{T: t, H: h, W: w, C: c, Pix: make([]uint8, t*h*w*c)}
}

// Frame returns frame t, h*w*c values that alias the clip.
func (c Clip) Frame(t int) []uint8 {
	size := c.H * c.W * c.C
	return c.Pix[t*size : (t+1)*size]
}

// String gives the clip's shape.
func (c Clip) String() string { return fmt.Sprintf("%dx%dx%dx%d", c.T, c.H, c.W, c.C) }

// Info is what a file says of its first video stream, found without decoding it.
type Info struct {
	Path          string
	Container     string  // "mov,mp4,m4a,3gp,3g2,mj2", "avi", "matroska,webm", FolderContainer for a folder of pictures
	Codec         string  // "h264", "hevc", "mpeg4", "vp9"...
	Frames        int     // number of frames
	KeyFrames     int     // of them, those that decoding can begin at
	Width, Height int     // pixels as shown, that is after Rotation
	FPS           float64 // average frames per second; 0 where the file does not tell
	Seconds       float64 // length by the time stamps, the last frame's time included; 0 where there are none
	Variable      bool    // frames are not spaced evenly in time, so that frame numbers do not measure it
	Rotation      int     // clockwise degrees the decoder turns frames by: 0, 90, 180, 270
}

// Decoder reads video files. Implementations are safe for concurrent use and give identical frames for identical calls.
type Decoder interface {
	// Name is what --decoder calls it.
	Name() string
	// Probe reads a file's description. Errors name the file and the reason.
	Probe(ctx context.Context, path string) (Info, error)
	// Frames decodes the frames at indices (each in [0, info.Frames), never decreasing, repeats allowed), one clip frame for each
	// index, in the form that out describes.
	Frames(ctx context.Context, info Info, indices []int, out Output) (Clip, error)
}
