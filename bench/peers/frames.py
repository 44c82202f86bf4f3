"""Times what Pillow, OpenCV and PyTorch take for the work of the benchmarks in frames/, one thread each, and prints both.

    go test ./frames/... -run '^$' -bench . -benchtime 5x -count 5 | python3 bench/peers/frames.py

Each number is the fastest of several repetitions, in ms for a clip of 16 frames of 340 x 256 pixels.
"""
import re
import sys
import time

import cv2
import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps

cv2.setNumThreads(1)
torch.set_num_threads(1)

rng = np.random.default_rng(1)
clip = rng.integers(0, 256, (16, 256, 340, 3), dtype=np.uint8)
small = np.ascontiguousarray(clip[:, :224, :224])
pictures = [Image.fromarray(f) for f in clip]
tensor, small_tensor = torch.from_numpy(clip), torch.from_numpy(small)
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])


def normalise(x):
    return x.float().div_(255).sub_(mean).div_(std)


def random_crop():
    x = normalise(tensor).permute(3, 0, 1, 2)[:, :, 30:210, 60:260]
    return torch.nn.functional.interpolate(x, size=(224, 224), mode="bilinear", align_corners=False).flip(-1)


def hsv():
    for f in small:
        x = cv2.cvtColor(f, cv2.COLOR_RGB2HSV).astype(np.int16)
        x[..., 0] = (x[..., 0] + 7) % 180
        x[..., 1:] = np.clip(x[..., 1:] + (-20, 13), 0, 255)
        cv2.cvtColor(x.astype(np.uint8), cv2.COLOR_HSV2RGB)


def view(x):
    return cv2.resize(x, (297, 224), interpolation=cv2.INTER_LINEAR)[:, 36:260]


def each(f):
    return lambda: [f(p) for p in pictures]


def table(f):
    values = [f(v) for v in range(256)] * 3
    return each(lambda p: p.point(values))


def move(*m):
    return each(lambda p: p.transform(p.size, Image.Transform.AFFINE, m, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)))


def enhance(kind):
    return each(lambda p: kind(p).enhance(1.63))


box = (42, 0, 298, 256)
peers = {
    "Resize/pillow-bilinear": ("Pillow", each(lambda p: p.crop(box).resize((224, 224), Image.Resampling.BILINEAR))),
    "Resize/pillow-bicubic": ("Pillow", each(lambda p: p.crop(box).resize((224, 224), Image.Resampling.BICUBIC))),
    "Resize/opencv-bilinear": ("OpenCV", lambda: [view(f) for f in clip]),
    "ResizeFloats": ("PyTorch", random_crop),
    "Normalise": ("PyTorch", lambda: normalise(small_tensor)),
    "HSVShift": ("OpenCV", hsv),
    "Operation/AutoContrast": ("Pillow", each(ImageOps.autocontrast)),
    "Operation/Equalize": ("Pillow", each(ImageOps.equalize)),
    "Operation/Invert": ("Pillow", each(ImageOps.invert)),
    "Operation/Rotate": ("Pillow", each(lambda p: p.rotate(21, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128)))),
    "Operation/PosterizeIncreasing": ("Pillow", each(lambda p: ImageOps.posterize(p, 2))),
    "Operation/SolarizeIncreasing": ("Pillow", each(lambda p: ImageOps.solarize(p, 77))),
    "Operation/SolarizeAdd": ("Pillow", table(lambda v: min(255, v + 77) if v < 128 else v)),
    "Operation/ColorIncreasing": ("Pillow", enhance(ImageEnhance.Color)),
    "Operation/ContrastIncreasing": ("Pillow", enhance(ImageEnhance.Contrast)),
    "Operation/BrightnessIncreasing": ("Pillow", enhance(ImageEnhance.Brightness)),
    "Operation/SharpnessIncreasing": ("Pillow", enhance(ImageEnhance.Sharpness)),
    "Operation/ShearX": ("Pillow", move(1, 0.21, 0, 0, 1, 0)),
    "Operation/ShearY": ("Pillow", move(1, 0, 0, 0.21, 1, 0)),
    "Operation/TranslateXRel": ("Pillow", move(1, 0, 0.315 * 340, 0, 1, 0)),
    "Operation/TranslateYRel": ("Pillow", move(1, 0, 0, 0, 1, 0.315 * 256)),
}


def fastest(f, repetitions=7):
    best = float("inf")
    for _ in range(repetitions):
        start = time.perf_counter()
        f()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


ours = {}
for line in sys.stdin:
    m = re.match(r"Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op", line)
    if m:
        ours[m[1]] = min(ours.get(m[1], float("inf")), float(m[2]) / 1e6)
print(f"{'':34}{'here':>9}  {'peer':>9}  times")
for name, (peer, f) in peers.items():
    took = fastest(f)
    if name in ours:
        print(f"{name:34}{ours[name]:7.2f}ms {took:8.2f}ms {took / ours[name]:6.2f}  {peer}")
