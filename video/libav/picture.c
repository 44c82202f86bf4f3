//go:build libav

#include "picture.h"

#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include "source.h"
#include "turn.h"

void picture_open(picture *p, const clip_request *request, int turn, enum AVCodecID codec) {
	*p = (picture){.request = request, .turn = turn};
	p->chroma_left = codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_MPEG4 || codec == AV_CODEC_ID_MPEG2VIDEO;
}

static enum AVPixelFormat wanted_format(const picture *p) { return p->request->channels == 3 ? AV_PIX_FMT_RGB24 : AV_PIX_FMT_GRAY8; }

// prepare makes a conversion of frames like f to w x h pixels ready. It is the bilinear one, with the roundings and the places of
// subsampled colours that PyAV has.
static int prepare(picture *p, converter *c, const AVFrame *f, int from_w, int from_h, int w, int h) {
	if (c->context && c->from_w == from_w && c->from_h == from_h && c->from_format == f->format && c->to_w == w && c->to_h == h &&
	    c->space == (int)f->colorspace && c->range == (int)f->color_range)
		return 0;
	sws_freeContext(c->context);
	*c = (converter){sws_alloc_context(), from_w, from_h, f->format, w, h, f->colorspace, f->color_range};
	if (!c->context)
		return AVERROR(ENOMEM);
	const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(f->format);
	int left = p->chroma_left && desc && desc->log2_chroma_w > 0;
	struct {
		const char *name;
		int64_t value;
	} options[] = {{"srcw", from_w}, {"srch", from_h}, {"src_format", f->format}, {"dstw", w}, {"dsth", h},
		{"dst_format", wanted_format(p)}, {"sws_flags", SWS_BILINEAR}, {"src_h_chr_pos", left ? 0 : -513}};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		int ret = av_opt_set_int(c->context, options[i].name, options[i].value, 0);
		if (ret < 0)
			return ret;
	}
	int ret = sws_init_context(c->context, NULL, NULL);
	if (ret < 0)
		return ret;
	int *from_table, *to_table, from_full, to_full, brightness, contrast, saturation;
	sws_getColorspaceDetails(c->context, &from_table, &from_full, &to_table, &to_full, &brightness, &contrast, &saturation);
	if (f->color_range != AVCOL_RANGE_UNSPECIFIED)
		from_full = f->color_range == AVCOL_RANGE_JPEG;
	const int *matrix = sws_getCoefficients(f->colorspace < 1 ? SWS_CS_DEFAULT : (int)f->colorspace);
	sws_setColorspaceDetails(c->context, matrix, from_full, matrix, to_full, brightness, contrast, saturation); // refused between RGB formats, which need none
	return 0;
}

// pixelwise tells whether each pixel converts alone, so that a part of the frame converts as the whole does.
static int pixelwise(const picture *p, const AVFrame *f) {
	int format = f->format == AV_PIX_FMT_YUV420P || f->format == AV_PIX_FMT_YUVJ420P;
	return format && p->request->channels == 3 && f->width == p->request->scaled_w && f->height == p->request->scaled_h && f->height % 2 == 0;
}

// room makes rows hold w x h pixels, and some beyond each row that vector code may write over.
static int room(picture *p, int w, int h) {
	p->rows_stride = FFALIGN(w * p->request->channels + 64, 64);
	int bytes = p->rows_stride * h + 64;
	if (bytes <= p->rows_bytes)
		return 0;
	av_freep(&p->rows);
	p->rows_bytes = 0;
	p->rows = av_malloc(bytes);
	if (!p->rows)
		return AVERROR(ENOMEM);
	p->rows_bytes = bytes;
	return 0;
}

// shrink is where source planes begin for a part of the frame that begins at x, y, both even.
static void shrink(const AVFrame *f, int x, int y, const uint8_t *planes[4]) {
	for (int i = 0; i < 4; i++) {
		int halved = i == 1 || i == 2;
		planes[i] = f->data[i] ? f->data[i] + (ptrdiff_t)(y >> halved) * f->linesize[i] + (x >> halved) : NULL;
	}
}

// scale converts an upright frame to the wanted size, and writes what is to be cut from it.
static int scale(picture *p, const AVFrame *f, uint8_t *out) {
	const clip_request *r = p->request;
	int x = 0, y = 0, from_w = f->width, from_h = f->height, w = r->scaled_w, h = r->scaled_h;
	const uint8_t *planes[4] = {f->data[0], f->data[1], f->data[2], f->data[3]};
	if (pixelwise(p, f)) {
		x = r->x & ~1, y = r->y & ~1;
		from_w = w = FFMIN(FFALIGN(r->x + r->w, 2), f->width) - x;
		from_h = h = FFALIGN(r->y + r->h, 2) - y;
		shrink(f, x, y, planes);
	}
	int ret = prepare(p, &p->upright, f, from_w, from_h, w, h);
	if (ret < 0)
		return ret;
	int row = r->w * r->channels;
	int direct = w == r->w && h == r->h && row % 32 == 0; // vector code writes no byte beyond such rows
	if (!direct && (ret = room(p, w, h)) < 0)
		return ret;
	uint8_t *to[4] = {direct ? out : p->rows};
	int stride[4] = {direct ? row : p->rows_stride};
	ret = sws_scale(p->upright.context, planes, f->linesize, 0, from_h, to, stride);
	if (ret < 0 || direct)
		return ret;
	for (int i = 0; i < r->h; i++)
		memcpy(out + (ptrdiff_t)i * row, p->rows + (ptrdiff_t)(r->y - y + i) * p->rows_stride + (r->x - x) * r->channels, row);
	return 0;
}

// to_rgb converts a frame whose planes cannot be turned, at its own size.
static int to_rgb(picture *p, const AVFrame *f) {
	int ret = turn_room(&p->rgb, f->width, f->height, wanted_format(p));
	if (ret >= 0)
		ret = prepare(p, &p->whole, f, f->width, f->height, f->width, f->height);
	if (ret >= 0)
		ret = sws_scale(p->whole.context, (const uint8_t *const *)f->data, f->linesize, 0, f->height, p->rgb->data, p->rgb->linesize);
	return ret;
}

int picture_put(picture *p, const AVFrame *frame, uint8_t *out) {
	if (!p->turn)
		return scale(p, frame, out);
	const AVFrame *f = frame;
	int ret = 0;
	if (!turn_can(frame->format)) {
		ret = to_rgb(p, frame);
		f = p->rgb;
	}
	if (ret >= 0)
		ret = turn_frame(&p->turned, f, p->turn);
	return ret < 0 ? ret : scale(p, p->turned, out);
}

void picture_close(picture *p) {
	sws_freeContext(p->whole.context);
	sws_freeContext(p->upright.context);
	av_frame_free(&p->turned);
	av_frame_free(&p->rgb);
	av_freep(&p->rows);
}
