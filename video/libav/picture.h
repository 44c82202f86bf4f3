// Decoded frames brought into the form that is asked for.
#ifndef VIDEOMAE_PICTURE_H
#define VIDEOMAE_PICTURE_H

#include <libavcodec/codec_id.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "clip.h"

// converter is a conversion between two sizes and formats, kept while frames of the same kind follow.
typedef struct {
	struct SwsContext *context;
	int from_w, from_h, from_format, to_w, to_h, space, range;
} converter;

typedef struct {
	const clip_request *request;
	int turn;       // TURN_ bits
	int chroma_left; // subsampled colours lie at the left of their pixels, not between them
	converter whole, upright;
	AVFrame *turned, *rgb;
	uint8_t *rows; // memory for a scaled frame, with rows as far apart as vector code likes them
	int rows_stride, rows_bytes;
} picture;

void picture_open(picture *p, const clip_request *request, int turn, enum AVCodecID codec);

// picture_put writes a frame to out, in the request's form.
int picture_put(picture *p, const AVFrame *frame, uint8_t *out);

void picture_close(picture *p);

#endif
