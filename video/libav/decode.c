//go:build libav

#include <libavcodec/avcodec.h>
#include <string.h>

#include "order.h"
#include "picture.h"
#include "pure.h"
#include "source.h"

// Packets are held until it is known where decoding must begin; past these bytes it begins with what there is.
enum { MAX_HELD = 64 << 20 };

// job is the decoding of one clip.
typedef struct {
	const clip_request *request;
	uint8_t *out;
	source file;
	AVCodecContext *codec;
	AVFrame *frame;
	picture picture;
	order order;
	int done; // indices whose frame is written
	int seen; // frames that came out, when they are counted
} job;

static int open_codec(job *j, char *why) {
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

// receive takes all frames that are ready and writes those that are wanted: by their time, or by their number where by_count.
static int receive(job *j, int by_count) {
	for (;;) {
		int ret = avcodec_receive_frame(j->codec, j->frame);
		if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
			return 0;
		if (ret < 0)
			return by_count ? 0 : MISLED;
		int at = by_count ? -1 : place_of(j, j->frame->pts);
		if (by_count && j->done < j->request->count && j->request->wanted[j->done] == j->seen++)
			at = j->done;
		ret = at < 0 ? 0 : write(j, at);
		av_frame_unref(j->frame);
		if (ret < 0)
			return ret;
	}
}

// ---- by time: only what the wanted frames need is decoded

// skips_safely tells whether the decoder knows which frames no other frame refers to.
static int skips_safely(const AVCodecParameters *p) {
	switch (p->codec_id) {
	case AV_CODEC_ID_H264:
	case AV_CODEC_ID_MPEG4:
	case AV_CODEC_ID_MPEG2VIDEO:
	case AV_CODEC_ID_MPEG1VIDEO:
		return 1;
	case AV_CODEC_ID_HEVC: // where there are temporal layers, upper ones may refer to what the decoder would skip
		return p->extradata_size > 22 && p->extradata[0] == 1 && (p->extradata[21] >> 3 & 7) == 1;
	default:
		return 0;
	}
}

// tells_time tells whether frames may be found by their time stamps: not in AVI, which has none, nor with codecs of hidden frames.
static int tells_time(const source *s) {
	if (strcmp(s->format->iformat->name, "avi") == 0)
		return 0;
	const AVCodecDescriptor *d = avcodec_descriptor_get(s->stream->codecpar->codec_id);
	int id = s->stream->codecpar->codec_id;
	return skips_safely(s->stream->codecpar) || id == AV_CODEC_ID_HEVC || id == AV_CODEC_ID_VP9 || id == AV_CODEC_ID_AV1 ||
	       (d && d->props & AV_CODEC_PROP_INTRA_ONLY);
}

// take moves a packet to the order.
static int take(job *j, AVPacket *packet) { return order_push(&j->order, packet, pure(j->file.stream->codecpar, packet)); }

// read_one moves the file's next packet to the order: 1 at the end of the file.
static int read_one(job *j) {
	AVPacket *packet = av_packet_alloc();
	if (!packet)
		return AVERROR(ENOMEM);
	int ret = source_read(&j->file, packet);
	if (ret >= 0)
		return take(j, packet);
	av_packet_free(&packet);
	if (ret != AVERROR_EOF)
		return ret;
	order_end(&j->order);
	return 1;
}

// choose finds the last key packet of the header's list, before the place limit, that has no more frames before it than are before the
// first wanted one.
static int choose(const job *j, int limit) {
	int listed = avformat_index_get_entries_count(j->file.stream), best = 0, frames = 0;
	for (int i = 0; i < listed && i < limit && frames <= j->request->wanted[0]; i++) {
		const AVIndexEntry *e = avformat_index_get_entry(j->file.stream, i);
		if (e->flags & AVINDEX_KEYFRAME)
			best = i;
		frames += !(e->flags & AVINDEX_DISCARD_FRAME);
	}
	return best;
}

// locate finds a packet in the header's list, and the number of frames before it.
static int locate(const job *j, const AVPacket *packet, int *before) {
	int listed = avformat_index_get_entries_count(j->file.stream);
	*before = 0;
	for (int i = 0; i < listed; i++) {
		const AVIndexEntry *e = avformat_index_get_entry(j->file.stream, i);
		if (e->pos == packet->pos && e->timestamp == packet->dts)
			return i;
		*before += !(e->flags & AVINDEX_DISCARD_FRAME);
	}
	return -1;
}

// seek starts the order at a key packet, one listed before *limit, and lowers the limit to it. shift is how much later the packets are
// shown than decoded, which the library wants to know for finding one.
static int seek(job *j, int64_t shift, int *limit) {
	AVStream *stream = j->file.stream;
	int target = choose(j, *limit), before;
	int64_t time = avformat_index_get_entry(stream, target)->timestamp + shift;
	AVPacket *packet = av_packet_alloc();
	int ret = packet ? av_seek_frame(j->file.format, stream->index, time, AVSEEK_FLAG_BACKWARD) : AVERROR(ENOMEM);
	if (ret >= 0)
		ret = source_read(&j->file, packet);
	int at = ret < 0 ? -1 : locate(j, packet, &before);
	if (at < 0 || at >= *limit) {
		av_packet_free(&packet);
		return ret < 0 && ret != AVERROR_EOF ? ret : MISLED;
	}
	*limit = at;
	order_start(&j->order, at == 0, before);
	return take(j, packet);
}

// hold reads until the first wanted frame is known and drops all packets before the one where decoding must begin.
static int hold(job *j) {
	order *o = &j->order;
	int ret = 0;
	while (ret == 0 && o->known == 0 && o->bytes < MAX_HELD) {
		ret = read_one(j);
		int begin = ret == 0 && o->entries[o->count - 1].key ? order_begin(o) : 0;
		if (begin > 0)
			order_drop(o, begin);
	}
	if (ret < 0)
		return ret;
	int begin = order_begin(o);
	if (begin < 0)
		return MISLED;
	order_drop(o, begin);
	return 0;
}

// feed decodes from the order's first packet to that of the last wanted frame.
static int feed(job *j) {
	order *o = &j->order;
	int skips = skips_safely(j->file.stream->codecpar), sent = 0, end = 0, ret = 0;
	for (int i = 0; ret >= 0 && (o->known < o->wanted_count || sent < o->marked); i++) {
		while (!end && ret >= 0 && (i >= o->count || o->entries[i].frame == UNKNOWN))
			end = (ret = read_one(j)) == 1;
		if (ret < 0 || i >= o->count)
			break;
		const entry *e = &o->entries[i];
		j->codec->skip_frame = skips && !e->wanted ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
		if (avcodec_send_packet(j->codec, e->packet) < 0)
			return MISLED;
		sent += e->wanted;
		order_use(o, i);
		ret = receive(j, 0);
	}
	if (ret >= 0 && avcodec_send_packet(j->codec, NULL) >= 0)
		ret = receive(j, 0);
	return ret < 0 ? ret : j->done < j->request->count ? MISLED : 0;
}

static int by_time(job *j) {
	order_start(&j->order, 1, 0);
	int ret = read_one(j); // what cannot be decoded from its first packet on has fewer frames than packets
	if (ret != 0)
		return ret < 0 ? ret : MISLED;
	int limit = j->file.indexed ? INT32_MAX : 0;
	if (limit > 0 && choose(j, limit) > 0) {
		const AVPacket *first = j->order.entries[0].packet;
		int64_t shift = first->dts == AV_NOPTS_VALUE ? 0 : first->pts - first->dts;
		do {
			ret = seek(j, shift, &limit);
			if (ret >= 0)
				ret = hold(j);
		} while (ret == MISLED && limit > 0);
	} else {
		ret = hold(j);
	}
	return ret < 0 ? ret : feed(j);
}

// ---- by count: everything is decoded, from the beginning of the file

static int by_count(job *j) {
	AVPacket *packet = av_packet_alloc();
	int ret = packet ? 0 : AVERROR(ENOMEM);
	while (ret >= 0 && j->done < j->request->count) {
		ret = source_read(&j->file, packet);
		int end = ret < 0 && ret != AVERROR_EXIT;
		if (ret < 0 && !end)
			break;
		avcodec_send_packet(j->codec, end ? NULL : packet); // what is damaged yields no frame, and the next packet may
		av_packet_unref(packet);
		ret = receive(j, 1);
		if (end)
			break;
	}
	av_packet_free(&packet);
	return ret;
}

// ---- both

static int start(job *j, const clip_request *r, uint8_t *out, stop_flag stop, char *why) {
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

static void finish(job *j) {
	order_free(&j->order);
	picture_close(&j->picture);
	av_frame_free(&j->frame);
	avcodec_free_context(&j->codec);
	source_close(&j->file);
}

// attempt decodes in one of the two ways. MISLED comes without a reason.
static int attempt(const clip_request *r, uint8_t *out, stop_flag stop, int count, int *found, char *why) {
	job j;
	int ret = start(&j, r, out, stop, why);
	if (ret >= 0 && count && !j.file.thorough)
		ret = source_examine(&j.file, why);
	if (ret >= 0)
		ret = !count && !tells_time(&j.file) ? MISLED : open_codec(&j, why);
	if (ret >= 0) {
		ret = count ? by_count(&j) : by_time(&j);
		if (ret < 0 && ret != MISLED)
			explain(why, ret, "cannot be decoded");
	}
	*found = j.done;
	finish(&j);
	return ret;
}

int libav_decode(const clip_request *r, uint8_t *out, stop_flag stop, int *found, char *why) {
	int ret = attempt(r, out, stop, 0, found, why);
	return ret == MISLED ? attempt(r, out, stop, 1, found, why) : ret;
}
