// The decoding of one clip, and the two ways of it.
#ifndef VIDEOMAE_JOB_H
#define VIDEOMAE_JOB_H

#include <libavcodec/avcodec.h>

#include "order.h"
#include "picture.h"
#include "source.h"

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

// job_start opens the file.
int job_start(job *j, const clip_request *request, uint8_t *out, stop_flag stop, char *why);

int job_open_codec(job *j, char *why);

// job_receive takes all frames that are ready and writes those that are wanted: by their time, or by their number where by_count.
int job_receive(job *j, int by_count);

void job_finish(job *j);

// tells_time tells whether frames of a file may be found by their time stamps: not in AVI, which has none, nor with codecs of hidden frames.
int tells_time(const source *s);

// decode_by_time decodes only what the wanted frames need. It gives up, MISLED, where anything is out of the ordinary.
int decode_by_time(job *j);

#endif
