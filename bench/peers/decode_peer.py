"""Times the decoding of clips by decord or PyAV: the same clips that `videomae bench decode --json` timed, in the same form.

    videomae bench decode --json FILES... > ours.json
    python3 decode_peer.py --peer decord --like ours.json

Prints JSON of the same layout. Each clip opens its file anew, and everything runs on one thread.
"""

import argparse
import json
import math
import time

import numpy


def scaled(width, height, short):
    """Width and height of a frame whose shorter side becomes short."""
    if width < height:
        return short, short * height // width
    return short * width // height, short


def centre(frames, size):
    """The square of size pixels in the middle of frames, (T, H, W, C)."""
    y, x = (round((side - size) / 2) for side in frames.shape[1:3])
    return numpy.ascontiguousarray(frames[:, y : y + size, x : x + size])


def by_decord(path, width, height, indices):
    import decord

    reader = decord.VideoReader(path, ctx=decord.cpu(0), width=width, height=height, num_threads=1)
    return reader.get_batch(indices).asnumpy()


def by_pyav(path, width, height, indices):
    """Seeks to the key frame before the first wanted frame, and converts the wanted frames only."""
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.thread_count = 1
        step = 1 / (stream.average_rate * stream.time_base)  # ticks from frame to frame, where the rate is constant
        first = stream.start_time or 0
        wanted = set(indices)
        container.seek(first + round(indices[0] * step), stream=stream)
        found = {}
        for frame in container.decode(stream):
            number = round((frame.pts - first) / step)
            if number in wanted:
                found[number] = frame.reformat(width=width, height=height, format="rgb24", threads=1).to_ndarray()
            if number >= indices[-1]:
                break
    return numpy.stack([found[i] for i in indices])


PEERS = {"decord": by_decord, "pyav": by_pyav}


def version(peer):
    if peer == "decord":
        import decord

        return decord.__version__
    import av

    return av.__version__


def measure(decode, task, file):
    """Seconds for all clips of a file, the best of the repeats."""
    width, height = scaled(file["width"], file["height"], task["short_side"])
    best = math.inf
    for _ in range(task["repeat"]):
        began = time.perf_counter()
        for start in file["starts"]:
            indices = [min(start + i * task["stride"], file["frame_count"] - 1) for i in range(task["frames"])]
            clip = centre(decode(file["path"], width, height, indices), task["size"])
            assert clip.shape == (task["frames"], task["size"], task["size"], 3), clip.shape
        best = min(best, time.perf_counter() - began)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--like", required=True, help="JSON of videomae bench decode")
    options = parser.parse_args()
    with open(options.like) as f:
        task = json.load(f)
    result = {key: task[key] for key in ("frames", "stride", "size", "short_side", "clips", "repeat")}
    result |= {"decoder": f"{options.peer} {version(options.peer)}", "threads": 1, "files": []}
    for file in task["files"]:
        seconds = measure(PEERS[options.peer], task, file)
        result["files"].append(file | {"seconds": seconds, "clips_per_s": len(file["starts"]) / seconds})
    logs = [math.log(f["clips_per_s"]) for f in result["files"]]
    result["clips_per_s"] = math.exp(sum(logs) / len(logs))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
