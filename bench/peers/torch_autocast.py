"""How far PyTorch's bf16 autocast takes the weights of a reference training run away from those of float32.

    python torch_autocast.py GOLDEN/model/pretrain_tiny.json
    python torch_autocast.py GOLDEN/model/finetune_tiny.json

Runs the case's trajectory twice, in float32 and under autocast, and prints one JSON line: for both, the distance of all weights
from the stored ones after the last step, relative to how far training moved them, and that of the worst tensor. The first is a
check of this script; the second is what the bf16 tests of the ladder are held to. Needs torch, numpy and safetensors.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

PATCH, SLOT = 16, 2
MASK64 = (1 << 64) - 1


def uniform(name, count):
    """The first values in [0, 1) of the reference's formula for a name."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK64
    with np.errstate(over="ignore"):
        z = np.uint64(h) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) / 2**24).astype(np.float32)


def sides(case):
    """Height and width of a picture, which the file states as a pair or as one number."""
    image = case["image"]
    return image if isinstance(image, list) else [image, image]


def soft_labels(case, tag):
    u = torch.from_numpy(uniform(case["salt"] + "soft" + tag, case["batch"] * case["classes"]).reshape(case["batch"], -1))
    return u / u.sum(1, keepdim=True)


def video(case, tag):
    shape = (case["batch"], 3, case["frames"], *sides(case))
    u = uniform(case["salt"] + "video" + tag, int(np.prod(shape)))
    return torch.from_numpy(((2 * u - 1) * np.float32(2)).reshape(shape))


def masks(case, tag):
    """Visible and masked cubes of each clip, in raster order."""
    places = sides(case)[0] // PATCH * (sides(case)[1] // PATCH)
    visible, masked = [], []
    for k in range(case["batch"]):
        u = uniform(case["salt"] + tag + "mask" + str(k), places)
        hidden = np.zeros(places, bool)
        hidden[np.argsort(u, kind="stable")[: int(case["mask_ratio"] * places)]] = True
        hidden = np.tile(hidden, case["frames"] // SLOT)
        visible.append(np.flatnonzero(~hidden))
        masked.append(np.flatnonzero(hidden))
    return torch.from_numpy(np.stack(visible)), torch.from_numpy(np.stack(masked))


def table(n, d):
    p, j = np.arange(n)[:, None], np.arange(d)[None]
    angle = p / 10000 ** (2 * (j // 2) / d)
    return torch.from_numpy(np.where(j % 2 == 0, np.sin(angle), np.cos(angle)).astype(np.float32))


def block(w, prefix, x, heads):
    b, n, d = x.shape
    norm = lambda x, name: F.layer_norm(x, (d,), w[prefix + name + ".weight"], w[prefix + name + ".bias"], 1e-6)
    linear = lambda x, name: F.linear(x, w[prefix + name + ".weight"], w[prefix + name + ".bias"])
    q_bias, v_bias = w[prefix + "attn.q_bias"], w[prefix + "attn.v_bias"]
    qkv = F.linear(norm(x, "norm1"), w[prefix + "attn.qkv.weight"], torch.cat([q_bias, torch.zeros_like(q_bias), v_bias]))
    q, k, v = qkv.reshape(b, n, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
    x = x + linear(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d), "attn.proj")
    return x + linear(F.gelu(linear(norm(x, "norm2"), "mlp.fc1")), "mlp.fc2")


def embed(w, prefix, clip):
    x = F.conv3d(clip, w[prefix + "patch_embed.proj.weight"], w[prefix + "patch_embed.proj.bias"], stride=(SLOT, PATCH, PATCH))
    x = x.flatten(2).transpose(1, 2)
    return x + table(x.shape[1], x.shape[2])


def classifier_loss(case, w, tag):
    x = embed(w, "", video(case, tag))
    for i in range(case["depth"]):
        x = block(w, f"blocks.{i}.", x, case["heads"])
    x = F.layer_norm(x.mean(1), (case["width"],), w["fc_norm.weight"], w["fc_norm.bias"], 1e-6)
    logits = F.linear(x, w["head.weight"], w["head.bias"]).float()
    return -(soft_labels(case, tag) * F.log_softmax(logits, 1)).sum(1).mean()


def autoencoder_loss(case, w, tag):
    clip, (visible, masked) = video(case, tag), masks(case, tag)
    pick = lambda x, at: torch.gather(x, 1, at[..., None].expand(-1, -1, x.shape[-1]))
    b, d, dd = clip.shape[0], case["width"], case["decoder_width"]
    x = embed(w, "encoder.", clip)
    n = x.shape[1]
    x = pick(x, visible)
    for i in range(case["depth"]):
        x = block(w, f"encoder.blocks.{i}.", x, case["heads"])
    x = F.linear(F.layer_norm(x, (d,), w["encoder.norm.weight"], w["encoder.norm.bias"], 1e-6), w["encoder_to_decoder.weight"])
    places = table(n, dd).expand(b, -1, -1)
    x = torch.cat([x + pick(places, visible), w["mask_token"] + pick(places, masked)], 1)
    for i in range(case["decoder_depth"]):
        x = block(w, f"decoder.blocks.{i}.", x, case["decoder_heads"])
    x = F.layer_norm(x[:, -masked.shape[1]:], (dd,), w["decoder.norm.weight"], w["decoder.norm.bias"], 1e-6)
    out = F.linear(x, w["decoder.head.weight"], w["decoder.head.bias"])

    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    t, h, v = case["frames"] // SLOT, sides(case)[0] // PATCH, sides(case)[1] // PATCH
    cubes = (clip * std + mean).reshape(b, 3, t, SLOT, h, PATCH, v, PATCH).permute(0, 2, 4, 6, 3, 5, 7, 1).reshape(b, n, -1, 3)
    cubes = (cubes - cubes.mean(2, keepdim=True)) / (cubes.var(2, keepdim=True).sqrt() + 1e-6)
    return F.mse_loss(out.float(), pick(cubes.flatten(2), masked))


def layer_scale(case, name):
    """A tensor's share of the rate."""
    decay, depth, part = case["trajectory"].get("layer_decay", 1), case["depth"], name.split(".")
    layer = {"patch_embed": 0, "blocks": int(part[1]) + 1 if part[0] == "blocks" else 0}.get(part[0], depth + 1)
    return decay ** (depth + 1 - layer)


def train(case, start, autocast):
    run = case["trajectory"]
    w = {name: torch.from_numpy(value.copy()).requires_grad_() for name, value in start.items()}
    still = case.get("no_decay", [k for k, v in w.items() if v.ndim < 2 or k.endswith(".bias")])
    groups = [{"params": [v], "scale": layer_scale(case, k), "weight_decay": 0 if k in still else run["weight_decay"]} for k, v in w.items()]
    optimiser = torch.optim.AdamW(groups, betas=run["betas"], eps=run["eps"])
    loss_of = classifier_loss if "classes" in case else autoencoder_loss
    steps = len(run["losses"])
    for step in range(steps):
        rate = run["lr"][step] if "lr" in run else run["peak_lr"] * (step + 1) / steps
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = loss_of(case, w, str(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: value.detach().numpy() for name, value in w.items()}


def distance(got, want, start):
    """Of all weights together and of the worst tensor, relative to the way from the start."""
    away = {k: np.sum((got[k].astype(float) - want[k]) ** 2) for k in want}
    way = {k: np.sum((want[k].astype(float) - start[k]) ** 2) for k in want}
    return {"all": float(np.sqrt(sum(away.values()) / sum(way.values()))), "worst": float(max(np.sqrt(away[k] / way[k]) for k in want))}


case = json.load(open(sys.argv[1]))
arrays = load_file(sys.argv[1].removesuffix(".json") + ".safetensors")
start = {k.removeprefix("param."): v for k, v in arrays.items() if k.startswith("param.")}
after = f"after{len(case['trajectory']['losses'])}."
want = {k.removeprefix(after): v for k, v in arrays.items() if k.startswith(after)}
print(json.dumps({"torch": torch.__version__, "f32": distance(train(case, start, False), want, start), "autocast": distance(train(case, start, True), want, start)}))
