//go:build libav

#include "source.h"

#include <fcntl.h>
#include <libavutil/display.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int explain(char *why, int code, const char *format, ...) {
	va_list args;
	va_start(args, format);
	int used = vsnprintf(why, WHY_BYTES, format, args);
	va_end(args);
	if (code != AVERROR_UNKNOWN && used >= 0 && used < WHY_BYTES - 3) {
		char text[AV_ERROR_MAX_STRING_SIZE] = "";
		av_strerror(code, text, sizeof text);
		snprintf(why + used, WHY_BYTES - used, ": %s", text);
	}
	return code;
}

static int interrupted(void *stop) { return __atomic_load_n((stop_flag)stop, __ATOMIC_RELAXED); }

int source_stopped(const source *s) { return interrupted((void *)s->stop); }

static int is_container(const source *s, const char *name) {
	return strncmp(s->format->iformat->name, name, strlen(name)) == 0;
}

// choose finds the first video stream that is not a still picture beside sound, and has the others skipped.
static int choose(source *s, char *why) {
	s->stream = NULL;
	for (unsigned i = 0; i < s->format->nb_streams; i++) {
		AVStream *stream = s->format->streams[i];
		int still = stream->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS);
		if (!s->stream && !still && stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) {
			s->stream = stream;
			stream->discard = AVDISCARD_DEFAULT;
		} else {
			stream->discard = AVDISCARD_ALL;
		}
	}
	if (!s->stream)
		return explain(why, AVERROR_UNKNOWN, "holds no video stream (its container is %s)", s->format->iformat->name);
	return 0;
}

// header_suffices tells whether the container's header says what a decoder must know.
static int header_suffices(const source *s) {
	if (!is_container(s, "mov") && !is_container(s, "matroska"))
		return 0;
	for (unsigned i = 0; i < s->format->nb_streams; i++) {
		const AVCodecParameters *p = s->format->streams[i]->codecpar;
		if (p->codec_type != AVMEDIA_TYPE_VIDEO)
			continue;
		int apart = p->codec_id == AV_CODEC_ID_H264 || p->codec_id == AV_CODEC_ID_HEVC || p->codec_id == AV_CODEC_ID_MPEG4;
		if (p->codec_id == AV_CODEC_ID_NONE || p->width < 1 || p->height < 1 || (apart && p->extradata_size < 8))
			return 0;
	}
	return s->format->nb_streams > 0;
}

// has_fragments looks at the boxes of an MP4 file: packets of a movie in fragments are not all listed in its header.
static int has_fragments(const char *url) {
	int fd = open(strchr(url, ':') + 1, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	int found = 0;
	uint8_t b[16];
	uint64_t at = 0;
	while (!found && pread(fd, b, sizeof b, at) >= 8) {
		uint64_t size = (uint64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
		found = memcmp(b + 4, "moof", 4) == 0;
		if (size == 1)
			for (int i = 8; i < 16; i++)
				size = size << 8 | b[i]; // the shift takes the 1 out
		if (size < 8 || at + size < at || at + size > INT64_MAX)
			break; // the rest of the file is this box
		at += size;
	}
	close(fd);
	return found;
}

int source_examine(source *s, char *why) {
	for (unsigned i = 0; i < s->format->nb_streams; i++)
		s->format->streams[i]->discard = AVDISCARD_DEFAULT;
	int ret = avformat_find_stream_info(s->format, NULL);
	if (ret < 0)
		return explain(why, ret, "not a video that libav can read");
	s->thorough = 1;
	return choose(s, why);
}

int source_open(source *s, const char *url, stop_flag stop, char *why) {
	*s = (source){.stop = stop, .format = avformat_alloc_context()};
	if (!s->format)
		return explain(why, AVERROR(ENOMEM), "cannot open");
	s->format->interrupt_callback = (AVIOInterruptCB){interrupted, (void *)stop};
	AVDictionary *options = NULL;
	av_dict_set(&options, "format_whitelist", DEMUXERS, 0);
	av_dict_set(&options, "protocol_whitelist", "file", 0);
	int ret = avformat_open_input(&s->format, url, NULL, &options); // frees the context where it fails
	av_dict_free(&options);
	if (ret < 0)
		return explain(why, ret, "not a video that libav can read");
	ret = header_suffices(s) ? choose(s, why) : source_examine(s, why);
	if (ret < 0) {
		source_close(s);
		return ret;
	}
	s->indexed = is_container(s, "mov") && avformat_index_get_entries_count(s->stream) > 0 && !has_fragments(url);
	return 0;
}

int source_read(source *s, AVPacket *packet) {
	for (;;) {
		if (source_stopped(s))
			return AVERROR_EXIT;
		int ret = av_read_frame(s->format, packet);
		if (ret < 0 || packet->stream_index == s->stream->index)
			return ret;
		av_packet_unref(packet);
	}
}

int source_turn(const source *s, int *turn, int *degrees) {
	*turn = *degrees = 0;
	size_t size = 0;
	const int32_t *m = (const int32_t *)av_stream_get_side_data(s->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
	if (!m || size < 9 * sizeof *m)
		return 0;
	double counter = av_display_rotation_get(m);
	if (isnan(counter))
		return 0;
	double angle = counter > 0 ? 360 - counter : -counter; // clockwise, from 0 to 360
	int quarter = (int)lround(angle / 90);
	if (fabs(angle - 90 * quarter) >= 1)
		return AVERROR(ENOSYS);
	switch (*degrees = quarter % 4 * 90) {
	case 0:
		*turn = m[4] < 0 ? FLIP_Y : 0;
		break;
	case 90:
		*turn = m[3] > 0 ? TURN_OVER : TURN_OVER | FLIP_X;
		break;
	case 180:
		*turn = (m[0] < 0 ? FLIP_X : 0) | (m[4] < 0 ? FLIP_Y : 0);
		break;
	default:
		*turn = m[3] < 0 ? TURN_OVER | FLIP_X | FLIP_Y : TURN_OVER | FLIP_Y;
	}
	return 0;
}

void source_close(source *s) { avformat_close_input(&s->format); }
