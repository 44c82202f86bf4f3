//go:build libav

#include "order.h"

#include <string.h>

// No codec shows a frame after more than 16 that were decoded before it, each of two fields at most.
enum { MAX_REORDER = 34 };

int order_open(order *o, const int32_t *wanted, int count, int trust_decoding_times) {
	*o = (order){.wanted = wanted, .wanted_count = count, .trust_decoding_times = trust_decoding_times};
	o->times = av_malloc_array(count, sizeof *o->times);
	return o->times ? 0 : AVERROR(ENOMEM);
}

void order_free(order *o) {
	order_drop(o, o->count);
	av_freep(&o->times);
	av_freep(&o->entries);
	av_freep(&o->pending);
	o->capacity = 0;
}

void order_start(order *o, int at_start, int before) {
	order_drop(o, o->count);
	o->pending_count = o->known = o->marked = 0;
	o->ranked = before;
	o->last = INT64_MIN;
	o->begin = INT64_MIN;
	o->at_start = at_start;
}

static int grow(order *o) {
	if (o->count < o->capacity)
		return 0;
	int capacity = o->capacity ? 2 * o->capacity : 128;
	entry *entries = av_realloc_array(o->entries, capacity, sizeof *entries);
	if (!entries)
		return AVERROR(ENOMEM);
	o->entries = entries;
	int *pending = av_realloc_array(o->pending, capacity, sizeof *pending);
	if (!pending)
		return AVERROR(ENOMEM);
	o->pending = pending;
	o->capacity = capacity;
	return 0;
}

static int64_t time_of(const order *o, int place) { return o->entries[o->pending[place]].time; }

static void rank_first(order *o) {
	entry *e = &o->entries[o->pending[0]];
	o->last = e->time;
	e->frame = o->ranked++;
	for (; o->known < o->wanted_count && o->wanted[o->known] == e->frame; o->known++) {
		o->times[o->known] = e->time;
		o->marked += !e->wanted;
		e->wanted = 1;
	}
	memmove(o->pending, o->pending + 1, --o->pending_count * sizeof *o->pending);
}

int order_push(order *o, AVPacket *packet, int pure) {
	int ret = grow(o);
	if (ret < 0) {
		av_packet_free(&packet);
		return ret;
	}
	entry *e = &o->entries[o->count];
	*e = (entry){.packet = packet, .time = packet->pts, .frame = UNKNOWN, .key = !!(packet->flags & AV_PKT_FLAG_KEY), .pure = pure};
	o->bytes += packet->size;
	int place = o->count++;
	if (packet->pts == AV_NOPTS_VALUE)
		return MISLED;
	if (o->at_start) { // a beginning that decoders cannot begin at yields fewer frames than packets
		if (!e->key || !pure)
			return MISLED;
		e->first = 1;
		o->begin = packet->pts;
		o->at_start = 0;
	}
	if (packet->flags & AV_PKT_FLAG_DISCARD) {
		e->frame = HIDDEN;
	} else {
		if (packet->pts <= o->last || packet->pts < o->begin)
			return MISLED;
		int at = o->pending_count++;
		for (; at > 0 && time_of(o, at - 1) > packet->pts; at--)
			o->pending[at] = o->pending[at - 1];
		if (at > 0 && time_of(o, at - 1) == packet->pts)
			return MISLED;
		o->pending[at] = place;
	}
	int known = o->trust_decoding_times && packet->dts != AV_NOPTS_VALUE; // later packets are shown later than this is decoded
	while (o->pending_count > 0 && ((known && time_of(o, 0) <= packet->dts) || o->pending_count > MAX_REORDER))
		rank_first(o);
	return 0;
}

void order_end(order *o) {
	while (o->pending_count > 0)
		rank_first(o);
}

int order_begin(const order *o) {
	int frame = o->wanted[0], last = o->count - 1;
	while (last >= 0 && o->entries[last].frame != frame)
		last--;
	int seen = last >= 0;
	int later_key = 0; // a key packet whose frame is not later than the wanted one lies after this place
	for (int i = seen ? last : o->count - 1; i >= 0; i--) {
		const entry *e = &o->entries[i];
		if (e->first || (e->key && later_key))
			return i;
		if (!e->key || e->frame == UNKNOWN || e->frame > frame || (e->frame == HIDDEN && !seen))
			continue;
		if (e->pure)
			return i;
		later_key = 1; // what follows this key packet may refer to the frames just before it
	}
	return -1;
}

void order_use(order *o, int place) {
	AVPacket **packet = &o->entries[place].packet;
	o->bytes -= *packet ? (*packet)->size : 0;
	av_packet_free(packet);
}

void order_drop(order *o, int place) {
	for (int i = 0; i < place; i++) {
		order_use(o, i);
	}
	if (place == 0)
		return;
	o->count -= place;
	memmove(o->entries, o->entries + place, o->count * sizeof *o->entries);
	int kept = 0;
	for (int i = 0; i < o->pending_count; i++)
		if (o->pending[i] >= place)
			o->pending[kept++] = o->pending[i] - place;
	o->pending_count = kept;
}
