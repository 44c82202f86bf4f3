//go:build libav

#include "job.h"

#include <string.h>

int job_start(job *j, const clip_request *r, uint8_t *out, stop_flag stop, char *why) {
	*j = (job){.request = r, .out = out};
	int ret = source_open(&j->file, r->url, stop, why);
	if (ret < 0)
		return ret;
	int turn, degrees;
	if (source_turn(&j->file, &turn, &degrees) < 0)
		return explain(why, AVERROR_UNKNOWN, "its frames are to be turned by an angle that is not a multiple of 90 degrees");
	picture_open(&j->picture, r, turn, j->file.stream->codecpar->codec_id);
	int trusted = strncmp(j->file.format->iformat->name, "mov", 3) == 0;
	if (order_open(&j->order, r->wanted, r->count, trusted) < 0)
		return explain(why, AVERROR(ENOMEM), "cannot decode");
	return 0;
}

int job_open_codec(job *j, char *why) {
	const AVCodecParameters *p = j->file.stream->codecpar;
	const AVCodec *codec = avcodec_find_decoder(p->codec_id);
	if (!codec)
		return explain(why, AVERROR_UNKNOWN, "libav has no decoder for its codec %s", avcodec_get_name(p->codec_id));
	j->codec = avcodec_alloc_context3(codec);
	j->frame = av_frame_alloc();
	if (!j->codec || !j->frame)
		return explain(why, AVERROR(ENOMEM), "cannot decode");
	int ret = avcodec_parameters_to_context(j->codec, p);
	if (ret >= 0) {
		j->codec->thread_count = 1;
		j->codec->max_pixels = MAX_PIXELS;
		j->codec->pkt_timebase = j->file.stream->time_base;
		ret = avcodec_open2(j->codec, codec, NULL);
	}
	return ret < 0 ? explain(why, ret, "cannot decode its codec %s", codec->name) : 0;
}

// write puts a frame at every index from `at` on that wants it.
static int write(job *j, int at) {
	const clip_request *r = j->request;
	size_t size = (size_t)r->w * r->h * r->channels;
	int ret = picture_put(&j->picture, j->frame, j->out + at * size);
	if (ret < 0)
		return ret;
	j->done++;
	for (int i = at + 1; i < r->count && r->wanted[i] == r->wanted[at]; i++, j->done++)
		memcpy(j->out + i * size, j->out + at * size, size);
	return 0;
}

// place_of finds the first index whose frame has the time stamp, or -1.
static int place_of(const job *j, int64_t time) {
	const order *o = &j->order;
	int low = 0, high = o->known;
	while (low < high) {
		int middle = (low + high) / 2;
		if (o->times[middle] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low < o->known && o->times[low] == time ? low : -1;
}

int job_receive(job *j, int by_count) {
	for (;;) {
		int ret = avcodec_receive_frame(j->codec, j->frame);
		if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
			return 0;
		if (ret < 0 && by_count)
			continue; // a damaged frame is none
		if (ret < 0)
			return MISLED;
		int at = by_count ? -1 : place_of(j, j->frame->pts);
		if (by_count && j->done < j->request->count && j->request->wanted[j->done] == j->seen++)
			at = j->done;
		ret = at < 0 ? 0 : write(j, at);
		av_frame_unref(j->frame);
		if (ret < 0)
			return ret;
	}
}

void job_finish(job *j) {
	order_free(&j->order);
	picture_close(&j->picture);
	av_frame_free(&j->frame);
	avcodec_free_context(&j->codec);
	source_close(&j->file);
}
