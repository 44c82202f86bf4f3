// Packets in the order of decoding, and the number of the frame that each holds in the order of showing.
#ifndef VIDEOMAE_ORDER_H
#define VIDEOMAE_ORDER_H

#include <libavcodec/avcodec.h>

// MISLED is returned where time stamps do not tell the order of frames.
#define MISLED FFERRTAG('m', 's', 'l', 'd')

enum { UNKNOWN = -1, HIDDEN = -2 };

typedef struct {
	AVPacket *packet; // NULL once it is used
	int64_t time;     // when it is shown
	int frame; // its number, UNKNOWN until enough packets are known, or HIDDEN by an edit list
	char key;  // decoding can begin here, for what is shown later than it
	char pure; // and nothing after it refers to what is before it
	char first; // the file begins here
	char wanted;
} entry;

typedef struct {
	entry *entries;
	int count, capacity;
	int64_t bytes;
	int *pending; // places of the entries whose frame is not yet known, by time
	int pending_count;
	int ranked;        // number of the next frame by time
	int64_t last;      // time of the frame before it
	int64_t begin;     // time of the packet that the file begins with; unbounded where reading began later
	int at_start;      // the next packet is that one
	int trust_decoding_times;
	const int32_t *wanted; // numbers of frames, never decreasing
	int wanted_count;
	int64_t *times; // when each of them is shown, for the first `known` of them
	int known;
	int marked; // packets of wanted frames among those known
} order;

// order_open makes an order that looks for wanted frames.
int order_open(order *o, const int32_t *wanted, int count, int trust_decoding_times);

// order_start empties the order. The next packet is the file's first, or a key packet that `before` frames were before.
void order_start(order *o, int at_start, int before);

// order_push takes a packet over, and gives numbers to frames that no later packet can come before.
int order_push(order *o, AVPacket *packet, int pure);

// order_end gives numbers to the rest: there are no more packets.
void order_end(order *o);

// order_begin is the latest place where decoding can begin that yields all wanted frames, or -1.
int order_begin(const order *o);

// order_use frees the packet at a place.
void order_use(order *o, int place);

// order_drop frees the entries before a place.
void order_drop(order *o, int place);

void order_free(order *o);

#endif
