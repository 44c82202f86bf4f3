// What the Go side calls: a description of a file, and the frames of a clip, each in one call. Texts come back in `why`.
#ifndef VIDEOMAE_CLIP_H
#define VIDEOMAE_CLIP_H

#include <stdint.h>

#define WHY_BYTES 256

// The containers that may be opened: without a list the library follows play lists to other files and hosts.
#define DEMUXERS "mov,avi,matroska,mpegts,mpeg,mpegvideo,flv,asf,ogg,ivf"

// More pixels in a frame than this are a damaged header, not a video (8K has 33 million).
#define MAX_PIXELS (1 << 26)

// stop is a flag that another thread sets to end a call early.
typedef const int32_t *stop_flag;

typedef struct {
	const char *container, *codec; // the library's own texts
	int frames, key_frames;
	int width, height;             // as shown, after turning
	int rotation;                  // clockwise degrees
	double fps, tick;              // frames a second; seconds that a tick of the time stamps takes
	int64_t *stamps;               // decoding time of each frame that has one; the caller frees it
	int stamp_count;
} file_info;

typedef struct {
	const char *url;       // "file:" and a path
	const int32_t *wanted; // numbers of frames, never decreasing
	int count;
	int scaled_w, scaled_h; // size of whole frames after scaling
	int x, y, w, h;         // what is cut from them
	int channels;           // 3: RGB, 1: grey
} clip_request;

// Both return 0, or a negative number and the reason in why.
int libav_probe(const char *url, stop_flag stop, file_info *info, char *why);

// libav_decode writes the wanted frames to out, each of h*w*channels bytes. *found is their number, below request's count where the
// file ends early.
int libav_decode(const clip_request *request, uint8_t *out, stop_flag stop, int *found, char *why);

#endif
