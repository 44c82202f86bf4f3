//go:build libav && cgo

package libav

// #cgo pkg-config: libavformat libavcodec libswscale libavutil
// #cgo LDFLAGS: -lm
// #cgo CFLAGS: -std=c11 -O2 -Wall -Wextra -D_GNU_SOURCE
// #include <stdlib.h>
// #include <libavutil/avutil.h>
// #include <libavutil/log.h>
// #include "clip.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"videomae/video"
)

// DefaultDeadline bounds one call; a 10 s clip takes a tenth of a second.
const DefaultDeadline = time.Minute

// Decoder reads videos in this process, each call with one thread. It is safe for concurrent use.
type Decoder struct{ deadline time.Duration }

// New makes a decoder. No call takes longer than deadline (0: DefaultDeadline), unless a codec itself never comes back.
func New(deadline time.Duration) (video.Decoder, error) {
	if deadline == 0 {
		deadline = DefaultDeadline
	}
	C.av_log_set_level(C.AV_LOG_QUIET)
	return &Decoder{deadline}, nil
}

// Version is that of the libraries as FFmpeg calls it, such as "5.1.9-0+deb12u1".
func Version() string { return C.GoString(C.av_version_info()) }

// Name is "libav".
func (d *Decoder) Name() string { return "libav" }

// Probe reads a file's description and counts its frames exactly, without decoding.
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
	url := C.CString("file:" + path)
	defer C.free(unsafe.Pointer(url))
	var found C.file_info
	err := d.call(ctx, func(stop C.stop_flag, why *C.char) C.int { return C.libav_probe(url, stop, &found, why) })
	if err != nil {
		return video.Info{}, err
	}
	defer C.free(unsafe.Pointer(found.stamps))
	info := video.Info{Path: path, Container: C.GoString(found.container), Codec: C.GoString(found.codec), Frames: int(found.frames),
		KeyFrames: int(found.key_frames), Width: int(found.width), Height: int(found.height), FPS: float64(found.fps), Rotation: int(found.rotation)}
	stamps := unsafe.Slice((*int64)(unsafe.Pointer(found.stamps)), int(found.stamp_count))
	ticks, variable := video.Timing(stamps)
	info.Seconds, info.Variable = float64(ticks)*float64(found.tick), variable
	return info, video.CheckInfo(info)
}

// Frames decodes the wanted frames. When the file yields fewer frames than Probe counted, the error says how many.
func (d *Decoder) Frames(ctx context.Context, info video.Info, indices []int, out video.Output) (video.Clip, error) {
	layout, err := video.CheckRequest(info, indices, out)
	if err != nil {
		return video.Clip{}, err
	}
	clip := video.NewClip(len(indices), layout.H, layout.W, out.Channels)
	if err := d.decode(ctx, info, indices, layout, clip); err != nil {
		return video.Clip{}, fmt.Errorf("video %s: %w", info.Path, err)
	}
	return clip, nil
}

func (d *Decoder) decode(ctx context.Context, info video.Info, indices []int, layout video.Layout, clip video.Clip) error {
	if err := video.CheckFile(info.Path); err != nil {
		return err
	}
	url := C.CString("file:" + info.Path)
	defer C.free(unsafe.Pointer(url))
	wanted := (*C.int32_t)(C.malloc(C.size_t(len(indices)) * C.sizeof_int32_t))
	defer C.free(unsafe.Pointer(wanted))
	for i, n := range indices {
		unsafe.Slice(wanted, len(indices))[i] = C.int32_t(n)
	}
	request := C.clip_request{url: url, wanted: wanted, count: C.int(len(indices)), scaled_w: C.int(layout.ScaledW), scaled_h: C.int(layout.ScaledH),
		x: C.int(layout.X), y: C.int(layout.Y), w: C.int(layout.W), h: C.int(layout.H), channels: C.int(clip.C)}
	var found C.int
	err := d.call(ctx, func(stop C.stop_flag, why *C.char) C.int {
		return C.libav_decode(&request, (*C.uint8_t)(&clip.Pix[0]), stop, &found, why)
	})
	if err == nil && int(found) < len(indices) {
		err = fmt.Errorf("%d of the %d frames wanted up to frame %d are missing, though the file announces %d frames: it may be damaged",
			len(indices)-int(found), len(indices), indices[len(indices)-1], info.Frames)
	}
	return err
}

// call runs a function of the C layer, which looks at a flag that the end of ctx or of the time limit sets.
func (d *Decoder) call(ctx context.Context, f func(stop C.stop_flag, why *C.char) C.int) error {
	limited, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	stop := new(int32)
	defer context.AfterFunc(limited, func() { atomic.StoreInt32(stop, 1) })()
	var why [C.WHY_BYTES]C.char
	failed := f((*C.int32_t)(stop), &why[0]) < 0
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !failed:
		return nil
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return fmt.Errorf("libav took longer than %v and was stopped", d.deadline)
	}
	return errors.New(C.GoString(&why[0]))
}
