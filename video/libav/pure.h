// Key packets after which nothing refers to what is before them.
#ifndef VIDEOMAE_PURE_H
#define VIDEOMAE_PURE_H

#include <libavcodec/avcodec.h>

int pure(const AVCodecParameters *codec, const AVPacket *packet);

#endif
