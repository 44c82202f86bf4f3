"""Decodes videos from their beginning, frame after frame, and gives the frames that are asked for: what other decoders must equal.

Reads a line of JSON for each request, {"peer": "pyav" or "decord", "path": ..., "indices": [...], "width": ..., "height": ...}, and writes
a line of JSON, {"frames": all that the file has, "width": ..., "height": ...}, then the frames in RGB at their own size, then scaled to the
request's width and height (PyAV's default filter).
"""

import json
import sys

import numpy


def by_pyav(path, wanted, width, height):
    import av

    own, scaled, number = {}, {}, -1
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        for number, frame in enumerate(container.decode(stream)):
            if number in wanted:
                own[number] = frame.to_ndarray(format="rgb24")
                scaled[number] = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
    return number + 1, own, scaled


def by_decord(path, wanted, width, height):
    import decord

    def read(**size):
        reader = decord.VideoReader(path, num_threads=1, **size)
        return len(reader), {n: f for n in range(len(reader)) if (f := reader.next().asnumpy()) is not None and n in wanted}

    count, own = read()
    return count, own, read(width=width, height=height)[1]


def main():
    for line in sys.stdin:
        request = json.loads(line)
        decode = {"pyav": by_pyav, "decord": by_decord}[request["peer"]]
        indices = request["indices"]
        count, own, scaled = decode(request["path"], set(indices), request["width"], request["height"])
        shape = next(iter(own.values())).shape
        sys.stdout.buffer.write((json.dumps({"frames": count, "width": shape[1], "height": shape[0]}) + "\n").encode())
        for frames in own, scaled:
            sys.stdout.buffer.write(numpy.stack([frames[i] for i in indices]).tobytes())
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
