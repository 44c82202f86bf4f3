//go:build libav

#include "turn.h"

#include <libavutil/common.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include "source.h"

int turn_can(int format) {
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
	if (!d || d->flags & (AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL))
		return 0;
	int packed = d->nb_components > 1 && d->comp[0].plane == d->comp[1].plane;
	return d->log2_chroma_w == d->log2_chroma_h && !(packed && d->log2_chroma_w > 0);
}

int turn_room(AVFrame **to, int w, int h, int format) {
	if (*to && (*to)->width == w && (*to)->height == h && (*to)->format == format)
		return 0;
	av_frame_free(to);
	*to = av_frame_alloc();
	if (!*to)
		return AVERROR(ENOMEM);
	(*to)->width = w;
	(*to)->height = h;
	(*to)->format = format;
	return av_frame_get_buffer(*to, 0);
}

typedef struct {
	uint8_t *at;
	ptrdiff_t right, down; // bytes to the next pixel of a row, and of a column
} walk;

// move copies w x h pixels of step bytes each.
static void move(walk to, walk from, int w, int h, int step) {
	for (int y = 0; y < h; y++) {
		uint8_t *d = to.at + y * to.down;
		const uint8_t *s = from.at + y * from.down;
		if (step == 1) {
			for (int x = 0; x < w; x++, d += to.right, s += from.right)
				*d = *s;
			continue;
		}
		for (int x = 0; x < w; x++, d += to.right, s += from.right)
			memcpy(d, s, step);
	}
}

static void turn_plane(AVFrame *to, const AVFrame *f, int plane, int w, int h, int step, int turn) {
	walk d = {to->data[plane], step, to->linesize[plane]}, s = {f->data[plane], step, f->linesize[plane]};
	if (turn & TURN_OVER) {
		s.right = f->linesize[plane];
		s.down = step;
	}
	if (turn & FLIP_X) {
		d.at += (ptrdiff_t)(w - 1) * d.right;
		d.right = -d.right;
	}
	if (turn & FLIP_Y) {
		d.at += (ptrdiff_t)(h - 1) * d.down;
		d.down = -d.down;
	}
	move(d, s, w, h, step);
}

int turn_frame(AVFrame **to, const AVFrame *f, int turn) {
	int w = f->width, h = f->height;
	if (turn & TURN_OVER)
		FFSWAP(int, w, h);
	int ret = turn_room(to, w, h, f->format);
	if (ret < 0)
		return ret;
	(*to)->colorspace = f->colorspace;
	(*to)->color_range = f->color_range;
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
	int done = 0;
	for (int c = 0; c < d->nb_components; c++) {
		int plane = d->comp[c].plane;
		if (done & 1 << plane)
			continue;
		done |= 1 << plane;
		int shift = c == 1 || c == 2 ? d->log2_chroma_w : 0;
		turn_plane(*to, f, plane, AV_CEIL_RSHIFT(w, shift), AV_CEIL_RSHIFT(h, shift), d->comp[c].step, turn);
	}
	return 0;
}
