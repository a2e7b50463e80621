"""PSPNet in PyTorch under the names that semseg, torchvision, mmsegmentation and timm give its layers.

usage: semseg.py make FOLDER                      the small files of test/weights/files, from seed 0
       semseg.py pspnet50 FILE.pth CLASSES        a network of real size
       semseg.py answer WEIGHTS IMAGE.bin H W CLASSES WIDTH OUT
                                                  loads WEIGHTS strictly, writes the logits of an image as f32

The network is written from its description, for these tests; nothing of pspc is used.
"""

import collections
import json
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def conv(cin, cout, size, stride=1, dilation=1):
    return nn.Conv2d(cin, cout, size, stride, dilation * (size // 2), dilation, bias=False)


class Bottleneck(nn.Module):
    def __init__(self, cin, planes, stride, dilation):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, planes, 1), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = conv(planes, planes, 3, stride, dilation), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = conv(planes, 4 * planes, 1), nn.BatchNorm2d(4 * planes)
        self.downsample = None
        if stride != 1 or cin != 4 * planes:
            self.downsample = nn.Sequential(conv(cin, 4 * planes, 1, stride), nn.BatchNorm2d(4 * planes))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Pyramid(nn.Module):
    def __init__(self, channels, bins):
        super().__init__()
        width = channels // len(bins)
        self.features = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(b), nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
            for b in bins
        )

    def forward(self, x):
        up = lambda y: F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=True)
        return torch.cat([x] + [up(f(x)) for f in self.features], 1)


def classifier(cin, channels, classes):
    return nn.Sequential(conv(cin, channels, 3), nn.BatchNorm2d(channels), nn.ReLU(), nn.Dropout2d(0.1), nn.Conv2d(channels, classes, 1))


class PSPNet(nn.Module):
    def __init__(self, blocks, width, classes, bins=(1, 2, 3, 6)):
        super().__init__()
        w = width
        stem, cin = [], 3
        for cout, stride in ((w, 2), (w, 1), (2 * w, 1)):
            stem += [conv(cin, cout, 3, stride), nn.BatchNorm2d(cout), nn.ReLU()]
            cin = cout
        self.layer0 = nn.Sequential(*stem, nn.MaxPool2d(3, 2, 1))
        for stage, (count, stride, dilation) in enumerate(zip(blocks, (1, 2, 1, 1), (1, 1, 2, 4))):
            layers = []
            for i in range(count):
                layers.append(Bottleneck(cin, w << stage, stride if i == 0 else 1, dilation))
                cin = 4 * (w << stage)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.ppm = Pyramid(cin, bins)
        self.cls = classifier(2 * cin, 8 * w, classes)
        self.aux = classifier(cin // 2, 4 * w, classes)

    def forward(self, x):
        y = self.layer2(self.layer1(self.layer0(x)))
        y = self.cls(self.ppm(self.layer4(self.layer3(y))))
        return F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=True)


def random_network(*args):
    """Statistics off 0 and 1, so that no layer could hide."""
    torch.manual_seed(0)
    network = PSPNet(*args)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            for tensor in (module.bias, module.running_mean):
                nn.init.uniform_(tensor, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.6, 1.6)
    return network.eval()


def renamed(state, rules):
    names = {}
    for name, value in state.items():
        for old, new in rules:
            if name.startswith(old):
                name = new + name[len(old) :]
                break
        names[name] = value
    return names


STEM = [(f"layer0.{i}.", name) for i, name in ((0, "conv1."), (1, "bn1."), (3, "conv2."), (4, "bn2."), (6, "conv3."), (7, "bn3."))]
TIMM = [("layer0.7.", "bn1.")] + [(f"layer0.{i}.", f"conv1.{i}.") for i in (0, 1, 3, 4, 6)]
MMSEG = (
    [("layer0.", "backbone.stem.")]
    + [(f"layer{i}.", f"backbone.layer{i}.") for i in (1, 2, 3, 4)]
    + [(f"ppm.features.{i}.{old}.", f"decode_head.psp_modules.{i}.1.{new}.") for i in range(4) for old, new in ((1, "conv"), (2, "bn"))]
    + [("cls.0.", "decode_head.bottleneck.conv."), ("cls.1.", "decode_head.bottleneck.bn."), ("cls.4.", "decode_head.conv_seg.")]
    + [("aux.0.", "auxiliary_head.convs.0.conv."), ("aux.1.", "auxiliary_head.convs.0.bn."), ("aux.4.", "auxiliary_head.conv_seg.")]
)


def backbone(state):
    return {name: value for name, value in state.items() if name.startswith("layer")}


def make(folder):
    state = random_network((1, 1, 1, 1), 1, 3).state_dict()
    save = lambda name, value, **options: torch.save(value, f"{folder}/{name}", **options)
    wrapped = {"epoch": 7, "state_dict": collections.OrderedDict((f"module.{k}", v) for k, v in state.items()), "optimizer": {"state": {}, "param_groups": [{"lr": 0.01}]}}
    save("semseg.pth", wrapped)
    save("torchvision.pth", {**renamed(backbone(state), STEM), "fc.weight": torch.zeros(5, 32), "fc.bias": torch.zeros(5)})
    save("timm.pth", renamed(backbone(state), TIMM))
    save("mmseg.pth", {"meta": {"epoch": 1}, "state_dict": renamed(state, MMSEG)})
    few = {name: value for name, value in state.items() if name.startswith(("layer0.0", "layer1.0.bn3"))}
    like = lambda change: {name: change(value) if value.is_floating_point() else value for name, value in few.items()}
    save("f32.pth", few)
    save("f16.pth", like(lambda value: value.half()))
    save("bf16.pth", like(lambda value: value.bfloat16()))
    save("f64.pth", like(lambda value: value.double()))
    save("f64-fine.pth", like(lambda value: value.double() + 1e-12))
    save("channels-last.pth", {name: value.repeat(2, 1, 1, 1).contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value for name, value in few.items()})
    save("legacy.pth", few, _use_new_zipfile_serialization=False)
    save("module.pth", nn.Sequential(nn.Conv2d(1, 1, 1)))
    arrays = {name: value.numpy() for name, value in few.items()}
    np.savez(f"{folder}/stored.npz", **arrays)
    np.savez_compressed(f"{folder}/packed.npz", **arrays)


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    return {
        name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"]).copy())
        for name, entry in header.items()
        if name != "__metadata__"
    }


def answer(weights, image, height, width, classes, planes, out):
    torch.set_num_threads(1)
    blocks = (3, 4, 6, 3) if int(planes) == 64 else (1, 1, 1, 1)
    network = PSPNet(blocks, int(planes), int(classes)).eval()
    state = read_safetensors(weights) if weights.endswith(".safetensors") else torch.load(weights, weights_only=True)
    state = state.get("state_dict", state)
    network.load_state_dict({name.removeprefix("module."): value for name, value in state.items()}, strict=True)
    pixels = np.fromfile(image, np.uint8).reshape(1, int(height), int(width), 3).astype(np.float32)
    x = (torch.from_numpy(pixels) - torch.tensor([123.675, 116.28, 103.53])) / torch.tensor([58.395, 57.12, 57.375])
    with torch.no_grad():
        logits = network(x.permute(0, 3, 1, 2).contiguous())
    logits[0].permute(1, 2, 0).contiguous().numpy().tofile(out)


if __name__ == "__main__":
    task, *rest = sys.argv[1:]
    if task == "make":
        make(*rest)
    elif task == "pspnet50":
        state = random_network((3, 4, 6, 3), 64, int(rest[1])).state_dict()
        torch.save({"epoch": 100, "state_dict": {f"module.{k}": v for k, v in state.items()}}, rest[0])
    else:
        answer(*rest)
