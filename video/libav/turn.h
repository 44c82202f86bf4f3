// Turning and mirroring of frames, plane by plane.
#ifndef VIDEOMAE_TURN_H
#define VIDEOMAE_TURN_H

#include <libavutil/frame.h>

// turn_can tells whether frames of a format can be turned as they are.
int turn_can(int format);

// turn_frame turns f by the TURN_ bits into *to, which it makes or uses again.
int turn_frame(AVFrame **to, const AVFrame *f, int turn);

// turn_room makes *to a frame of the given kind, unless it is one.
int turn_room(AVFrame **to, int w, int h, int format);

#endif
