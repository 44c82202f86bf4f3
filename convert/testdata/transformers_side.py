"""The transformers side of the comparison.

make FOLDER      write small models with random weights into FOLDER/pretrain, /classifier (its tensors in several files) and /encoder
run JOBS.json    for each [model folder, clip, answer] load the model, and write its outputs on the clip and what was wrong with its tensors
"""
import json, sys

import torch
import transformers
from transformers import VideoMAEConfig, VideoMAEForPreTraining, VideoMAEForVideoClassification, VideoMAEImageProcessor, VideoMAEModel

transformers.logging.set_verbosity_error()
CLASSES = {"pretrain": VideoMAEForPreTraining, "classifier": VideoMAEForVideoClassification, "encoder": VideoMAEModel}


def make(kind, out, split):
    torch.manual_seed(0)
    config = VideoMAEConfig(
        image_size=32, num_frames=8, hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=192, decoder_hidden_size=24,
        decoder_num_hidden_layers=2, decoder_num_attention_heads=3, decoder_intermediate_size=96, use_mean_pooling=kind == "classifier",
        id2label={0: "run", 1: "jump", 2: "fall"}, label2id={"run": 0, "jump": 1, "fall": 2}, initializer_range=0.2)
    model = CLASSES[kind](config)
    for name, p in model.named_parameters():  # biases and norms too
        p.data.add_(0.1 * torch.randn_like(p))
    model.save_pretrained(out, max_shard_size="100KB" if split else "5GB")
    VideoMAEImageProcessor(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225], size={"shortest_edge": 32}, crop_size=32).save_pretrained(out)


def run(folder, out, clip):
    architecture = json.load(open(folder + "/config.json"))["architectures"][0]
    model, info = getattr(transformers, architecture).from_pretrained(folder, output_loading_info=True, dtype=torch.float32)
    wrong = {k: sorted(map(str, v)) for k, v in info.items() if v}
    clip = json.load(open(clip))
    pixels = torch.tensor(clip["values"]).reshape(clip["shape"]).permute(0, 1, 4, 2, 3)  # B, T, C, H, W
    processor = VideoMAEImageProcessor.from_pretrained(folder)
    result = {"wrong": wrong, "mean": list(processor.image_mean), "std": list(processor.image_std), "labels": model.config.id2label}
    with torch.no_grad():
        if architecture == "VideoMAEForPreTraining":
            y = model.eval()(pixels, bool_masked_pos=torch.tensor([clip["mask"]])).logits
        elif architecture == "VideoMAEForVideoClassification":
            y = model.eval()(pixels).logits
        else:
            y = model.eval()(pixels).last_hidden_state.mean(1)
    result["outputs"] = y.flatten().tolist()
    json.dump(result, open(out, "w"))


if sys.argv[1] == "make":
    for kind in CLASSES:
        make(kind, f"{sys.argv[2]}/{kind}", split=kind == "classifier")
else:
    for folder, clip, out in json.load(open(sys.argv[2])):
        run(folder, out, clip)
