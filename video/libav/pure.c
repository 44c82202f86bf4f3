//go:build libav

#include "pure.h"

// refresh tells whether a unit of a stream empties the decoder: H.264's and HEVC's instantaneous refresh. Other key frames may be
// followed by frames that refer to what is before them.
static int refresh(int hevc, const uint8_t *unit) {
	int type = hevc ? unit[0] >> 1 & 63 : unit[0] & 31;
	return hevc ? type == 19 || type == 20 : type == 5;
}

// in_sized looks at units that each begin with their size.
static int in_sized(const AVPacket *packet, int hevc, int size_bytes) {
	int64_t at = 0;
	while (at + size_bytes < packet->size) {
		int64_t size = 0;
		for (int i = 0; i < size_bytes; i++)
			size = size << 8 | packet->data[at + i];
		at += size_bytes;
		if (refresh(hevc, packet->data + at))
			return 1;
		at += size;
	}
	return 0;
}

// in_marked looks at units that each begin after the bytes 0, 0, 1.
static int in_marked(const AVPacket *packet, int hevc) {
	for (int at = 0; at + 3 < packet->size; at++) {
		const uint8_t *p = packet->data + at;
		if (p[0] == 0 && p[1] == 0 && p[2] == 1 && refresh(hevc, p + 3))
			return 1;
	}
	return 0;
}

int pure(const AVCodecParameters *codec, const AVPacket *packet) {
	int hevc = codec->codec_id == AV_CODEC_ID_HEVC;
	if (!(packet->flags & AV_PKT_FLAG_KEY))
		return 0;
	if (codec->codec_id != AV_CODEC_ID_H264 && !hevc)
		return 1;
	const uint8_t *head = codec->extradata;
	int place = hevc ? 21 : 4; // of the number of bytes of a size, in the record that MP4 and Matroska keep
	if (codec->extradata_size > place && head[0] == 1)
		return in_sized(packet, hevc, (head[place] & 3) + 1);
	return in_marked(packet, hevc);
}
