//go:build libav

#include "job.h"

// by_count decodes everything from the beginning of the file, and counts the frames that come out.
static int by_count(job *j) {
	AVPacket *packet = av_packet_alloc();
	int ret = packet ? 0 : AVERROR(ENOMEM);
	while (ret >= 0 && j->done < j->request->count) {
		ret = source_read(&j->file, packet);
		int end = ret < 0 && ret != AVERROR_EXIT;
		if (ret < 0 && !end)
			break;
		avcodec_send_packet(j->codec, end ? NULL : packet); // what is damaged yields no frame, and the next packet may
		av_packet_unref(packet);
		ret = job_receive(j, 1);
		if (end)
			break;
	}
	av_packet_free(&packet);
	return ret;
}

// attempt decodes in one of the two ways. MISLED comes without a reason.
static int attempt(const clip_request *r, uint8_t *out, stop_flag stop, int count, int *found, char *why) {
	job j;
	int ret = job_start(&j, r, out, stop, why);
	if (ret >= 0 && count && !j.file.thorough)
		ret = source_examine(&j.file, why);
	if (ret >= 0)
		ret = !count && !tells_time(&j.file) ? MISLED : job_open_codec(&j, why);
	if (ret >= 0) {
		ret = count ? by_count(&j) : decode_by_time(&j);
		if (ret < 0 && ret != MISLED)
			explain(why, ret, "cannot be decoded");
	}
	*found = j.done;
	job_finish(&j);
	return ret;
}

int libav_decode(const clip_request *r, uint8_t *out, stop_flag stop, int *found, char *why) {
	int ret = attempt(r, out, stop, 0, found, why);
	return ret == MISLED ? attempt(r, out, stop, 1, found, why) : ret;
}
