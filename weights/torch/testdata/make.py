"""Writes checkpoints in every format of PyTorch, and beside each what is in it. Usage: make.py FOLDER"""
import argparse, collections, io, pathlib, pickle, struct, sys, tarfile

import numpy as np
import torch

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)


def number(v):
    return np.format_float_positional(np.float32(v), trim="-") if abs(v) < 1e20 else str(v)


def describe(path, tensors):
    names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64"}
    with open(path, "w") as f:
        for name, t in tensors.items():
            values = " ".join(number(v) for v in t.detach().float().flatten().tolist())
            shape = " ".join(str(d) for d in t.shape)
            print(f"{name} {names[t.dtype]} [{shape}] [{values}] <nil> <nil>", file=f)


grid = torch.arange(24.0).reshape(6, 4)
tensors = collections.OrderedDict(
    grid=grid, transposed=grid.t(), part=grid[1:3, 1:3], scalar=torch.tensor(3.5), empty=torch.zeros(0, 3), repeated=torch.ones(1).expand(4),
    half=torch.tensor([1.5, -2]).half(), brain=torch.tensor([1.5, -3]).bfloat16(), double=torch.tensor([0.25, 7]).double(),
    parameter=torch.nn.Parameter(torch.ones(2)))
args = argparse.Namespace(frames=16, betas=[0.9, 0.95], path=pathlib.PurePosixPath("/x"), step=np.int64(3), rate=np.float64(2.5))
everything = dict(model=tensors, args=args, epoch=3, best=np.float32(1), optimizer={"state": {0: {"step": torch.tensor(1.0)}}}, seen={1, 2})
for protocol in (2, 3, 4, 5):
    for zipped in (True, False):
        name = folder / f"{'zip' if zipped else 'row'}{protocol}"
        torch.save(everything, f"{name}.pth", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
        describe(f"{name}.txt", tensors)

# The first format, which PyTorch reads but no longer writes.
values = np.arange(12, dtype="<f4")
storages, views, text = io.BytesIO(), io.BytesIO(), io.BytesIO()
pickle.dump(1, storages, 2)
pickle.dump((7, "cpu", torch.FloatStorage), storages, 2)
storages.write(struct.pack("<q", values.size) + values.tobytes())
pickle.dump([(8, 7, 4, 6)], storages, 2)
pickle.dump(2, views, 2)
pickle.dump((1, 7, torch.FloatTensor), views, 2)
views.write(struct.pack("<ii", 2, 0) + struct.pack("<qqqqq", 3, 4, 4, 1, 0))
pickle.dump((2, 8, torch.FloatTensor), views, 2)
views.write(struct.pack("<ii", 1, 0) + struct.pack("<qqq", 5, 1, 1))


class Pickler(pickle.Pickler):
    def persistent_id(self, o):
        return o.number if isinstance(o, Reference) else None


class Reference:
    def __init__(self, number):
        self.number = number


Pickler(text, 2).dump({"model": collections.OrderedDict(x=Reference(1), y=Reference(2))})
system = pickle.dumps(dict(protocol_version=1000, little_endian=True, type_sizes={}), 2)
with tarfile.open(folder / "tar.pth", "w:") as archive:
    for name, content in (("sys_info", system), ("pickle", text.getvalue()), ("storages", storages.getvalue()), ("tensors", views.getvalue())):
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
describe(folder / "tar.txt", torch.load(folder / "tar.pth", weights_only=False)["model"])
