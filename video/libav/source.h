// A file opened for reading the packets of its first video stream.
#ifndef VIDEOMAE_SOURCE_H
#define VIDEOMAE_SOURCE_H

#include <libavformat/avformat.h>

#include "clip.h"

typedef struct {
	AVFormatContext *format;
	AVStream *stream;
	stop_flag stop;
	int thorough; // the library has looked into the stream itself
	int indexed;  // the header lists every packet, in the order of decoding
} source;

// source_open reads the container's header, and looks into the stream only where the header lacks what decoding needs.
int source_open(source *s, const char *url, stop_flag stop, char *why);

// source_examine looks into the stream: it decodes its beginning, which takes as long as many a clip.
int source_examine(source *s, char *why);

// source_read gives the stream's next packet: 0, or an AVERROR.
int source_read(source *s, AVPacket *packet);

// source_turn tells how frames are brought upright: the TURN_ bits, of which TURN_OVER comes first. degrees is the clockwise angle.
enum { TURN_OVER = 1, FLIP_X = 2, FLIP_Y = 4 };
int source_turn(const source *s, int *turn, int *degrees);

int source_stopped(const source *s);
void source_close(source *s);

// explain writes a reason and returns code.
int explain(char *why, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
