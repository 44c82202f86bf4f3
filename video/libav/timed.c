//go:build libav

#include <string.h>

#include "job.h"
#include "pure.h"

// Packets are held until it is known where decoding must begin; past these bytes it begins with what there is.
enum { MAX_HELD = 64 << 20 };

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

int tells_time(const source *s) {
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
	int target = choose(j, *limit), before = 0;
	int64_t time = avformat_index_get_entry(stream, target)->timestamp + shift;
	AVPacket *packet = av_packet_alloc();
	int ret = packet ? av_seek_frame(j->file.format, stream->index, time, AVSEEK_FLAG_BACKWARD) : AVERROR(ENOMEM);
	if (ret >= 0)
		ret = source_read(&j->file, packet);
	int at = ret < 0 ? -1 : locate(j, packet, &before);
	*limit = at < 0 || at > target ? target : at;
	if (at != *limit) {
		av_packet_free(&packet);
		return ret < 0 && ret != AVERROR_EOF ? ret : MISLED;
	}
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
		ret = job_receive(j, 0);
	}
	if (ret >= 0 && avcodec_send_packet(j->codec, NULL) >= 0)
		ret = job_receive(j, 0);
	return ret < 0 ? ret : j->done < j->request->count ? MISLED : 0;
}

int decode_by_time(job *j) {
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
