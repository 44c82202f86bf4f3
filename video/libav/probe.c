//go:build libav

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

// add_stamp keeps a decoding time, making room in powers of two.
static int add_stamp(file_info *info, int64_t stamp) {
	int n = info->stamp_count;
	if ((n & (n - 1)) == 0) {
		int64_t *grown = realloc(info->stamps, 2 * (n ? n : 32) * sizeof *grown);
		if (!grown)
			return AVERROR(ENOMEM);
		info->stamps = grown;
	}
	info->stamps[info->stamp_count++] = stamp;
	return 0;
}

static int add(file_info *info, int key, int64_t stamp) {
	info->frames++;
	info->key_frames += key;
	return stamp == AV_NOPTS_VALUE ? 0 : add_stamp(info, stamp);
}

// count_listed counts what the header lists. Packets past the end of the file say that it is cut short.
static int count_listed(const source *s, file_info *info, char *why) {
	int64_t size = avio_size(s->format->pb);
	int listed = avformat_index_get_entries_count(s->stream), left = 0, cut = 0;
	for (int i = 0; i < listed; i++) {
		const AVIndexEntry *e = avformat_index_get_entry(s->stream, i);
		cut |= size > 0 && e->pos + e->size > size;
		left += !cut;
		int ret = e->flags & AVINDEX_DISCARD_FRAME ? 0 : add(info, !!(e->flags & AVINDEX_KEYFRAME), e->timestamp);
		if (ret < 0)
			return explain(why, ret, "cannot hold its time stamps");
	}
	if (cut)
		return explain(why, AVERROR_UNKNOWN, "the file is cut short: %d frames of %d are left", left, listed);
	return 0;
}

// count_packets reads the whole file.
static int count_packets(source *s, file_info *info, char *why) {
	AVPacket *packet = av_packet_alloc();
	int ret = packet ? 0 : AVERROR(ENOMEM);
	while (ret >= 0 && (ret = source_read(s, packet)) >= 0) {
		if (!(packet->flags & AV_PKT_FLAG_DISCARD))
			ret = add(info, !!(packet->flags & AV_PKT_FLAG_KEY), packet->dts);
		av_packet_unref(packet);
	}
	av_packet_free(&packet);
	if (ret == AVERROR(ENOMEM) || ret == AVERROR_EXIT)
		return explain(why, ret, "cannot count its frames");
	return 0; // what is left of a damaged file counts
}

// parse takes the picture size from the stream's first packet, where its codec's parser knows how; that of the container may be wrong.
static int parse(source *s, int *w, int *h) {
	const AVCodecParameters *p = s->stream->codecpar;
	AVCodecParserContext *parser = av_parser_init(p->codec_id);
	AVCodecContext *codec = avcodec_alloc_context3(NULL);
	AVPacket *packet = av_packet_alloc();
	int ret = codec && packet ? 0 : AVERROR(ENOMEM);
	if (ret >= 0 && parser && avcodec_parameters_to_context(codec, p) >= 0 && source_read(s, packet) >= 0) {
		uint8_t *frame;
		int size;
		parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
		av_parser_parse2(parser, codec, &frame, &size, packet->data, packet->size, packet->pts, packet->dts, packet->pos);
		*w = parser->width > 0 ? parser->width : codec->width;
		*h = parser->height > 0 ? parser->height : codec->height;
	}
	av_parser_close(parser);
	avcodec_free_context(&codec);
	av_packet_free(&packet);
	return ret;
}

static int describe(source *s, file_info *info, char *why) {
	int turn, ret;
	int listed = s->indexed && s->stream->avg_frame_rate.num > 0;
	if (!listed && !s->thorough && (ret = source_examine(s, why)) < 0)
		return ret;
	ret = listed ? count_listed(s, info, why) : count_packets(s, info, why);
	if (ret < 0)
		return ret;
	const AVCodecParameters *p = s->stream->codecpar;
	info->container = s->format->iformat->name;
	info->codec = avcodec_get_name(p->codec_id);
	info->width = p->width;
	info->height = p->height;
	if (listed && (ret = parse(s, &info->width, &info->height)) < 0)
		return explain(why, ret, "cannot be described");
	info->fps = s->stream->avg_frame_rate.den > 0 ? av_q2d(s->stream->avg_frame_rate) : 0;
	info->tick = av_q2d(s->stream->time_base);
	if ((ret = source_turn(s, &turn, &info->rotation)) < 0)
		return explain(why, AVERROR_UNKNOWN, "its frames are to be turned by an angle that is not a multiple of 90 degrees");
	if (info->rotation % 180 == 90)
		FFSWAP(int, info->width, info->height);
	return 0;
}

int libav_probe(const char *url, stop_flag stop, file_info *info, char *why) {
	source s;
	*info = (file_info){0};
	int ret = source_open(&s, url, stop, why);
	if (ret < 0)
		return ret;
	ret = describe(&s, info, why);
	source_close(&s);
	if (ret < 0) {
		free(info->stamps);
		info->stamps = NULL;
	}
	return ret;
}
