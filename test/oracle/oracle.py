"""PSPNet in PyTorch, written to be held against: a request and weights enter, logits, scores or a trained state leave.

usage: oracle.py REQUEST.json WEIGHTS.safetensors RESULT.safetensors

Knows nothing of pspc but its names of weights: semseg's network (deep or 7x7 stem, basic or bottleneck blocks,
dilations, pyramid of average or max pooling), cross-entropy that ignores 255, SGD with momentum, weight decay and
two groups of rates.
"""

import json
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

IGNORE = 255


def read_tensors(path):
    """safetensors: the header's length, a header of JSON, bytes."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    kinds = {"F32": np.float32, "I32": np.int32, "U8": np.uint8}
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def write_tensors(path, tensors):
    header, chunks, at = {}, [], 0
    for name, value in tensors.items():
        chunk = np.ascontiguousarray(value, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(np.shape(value)), "data_offsets": [at, at + len(chunk)]}
        chunks.append(chunk)
        at += len(chunk)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


class ConvNorm(nn.Module):
    def __init__(self, cin, cout, size, norm, stride=1, dilation=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, size, stride, dilation * (size // 2), dilation, bias=False)
        self.norm = nn.BatchNorm2d(cout, eps=norm["epsilon"], momentum=1 - norm["momentum"])

    def forward(self, x):
        return self.norm(self.conv(x))


class Block(nn.Module):
    def __init__(self, cin, planes, kind, norm, stride, dilation, site):
        super().__init__()
        if kind == "basic":
            out = planes
            layers = [
                ConvNorm(cin, planes, 3, norm, stride, dilation),
                ConvNorm(planes, planes, 3, norm, 1, dilation),
            ]
        else:
            out = 4 * planes
            first, second = (stride, 1) if site == "1x1" else (1, stride)
            layers = [
                ConvNorm(cin, planes, 1, norm, first),
                ConvNorm(planes, planes, 3, norm, second, dilation),
                ConvNorm(planes, out, 1, norm),
            ]
        self.layers = nn.ModuleList(layers)
        self.shortcut = ConvNorm(cin, out, 1, norm, stride) if stride != 1 or cin != out else None
        self.channels = out

    def forward(self, x):
        y = x
        for i, layer in enumerate(self.layers):
            y = layer(y)
            if i + 1 < len(self.layers):
                y = torch.relu(y)
        return torch.relu(y + (x if self.shortcut is None else self.shortcut(x)))


class Backbone(nn.Module):
    def __init__(self, of, norm):
        super().__init__()
        stem = of["stem"]
        if stem["kind"] == "deep":
            a, b, c = stem["channels"]
            self.stem = nn.ModuleList(
                [ConvNorm(3, a, 3, norm, 2), ConvNorm(a, b, 3, norm), ConvNorm(b, c, 3, norm)]
            )
            channels = c
        else:
            channels = stem["channels"]
            self.stem = nn.ModuleList([ConvNorm(3, channels, 7, norm, 2)])
        stages = []
        for index, count in enumerate(of["blocks"]):
            dilation = of["dilations"][index]
            stride = 1 if index == 0 or dilation > 1 else 2
            blocks = []
            for i in range(count):
                first = max(1, dilation // 2) if of["first_dilation"] == "contracted" else dilation
                block = Block(
                    channels,
                    of["width"] << index,
                    of["block"],
                    norm,
                    stride if i == 0 else 1,
                    first if i == 0 else dilation,
                    of["stride_site"],
                )
                blocks.append(block)
                channels = block.channels
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, x):
        for layer in self.stem:
            x = torch.relu(layer(x))
        x = F.max_pool2d(x, 3, 2, 1)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class Pyramid(nn.Module):
    def __init__(self, of, channels, norm, align):
        super().__init__()
        self.of, self.align = of, align
        self.branches = nn.ModuleDict(
            {} if of["channels"] is None else {f"bin{b}": ConvNorm(channels, of["channels"], 1, norm) for b in of["bins"]}
        )
        self.channels = channels + len(of["bins"]) * (of["channels"] or channels)

    def forward(self, x):
        pool = F.adaptive_avg_pool2d if self.of["pool"] == "average" else F.adaptive_max_pool2d
        maps = []
        for b in self.of["bins"]:
            y = pool(x, b)
            if f"bin{b}" in self.branches:
                y = torch.relu(self.branches[f"bin{b}"](y))
            maps.append(F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=self.align))
        return torch.cat([x] + (maps if self.of["order"] == "ascending" else maps[::-1]), 1)


class Classifier(nn.Module):
    def __init__(self, cin, channels, classes, norm):
        super().__init__()
        self.fuse = ConvNorm(cin, channels, 3, norm)
        self.classifier = nn.Conv2d(channels, classes, 1)

    def forward(self, x):
        return self.classifier(torch.relu(self.fuse(x)))


class Network(nn.Module):
    def __init__(self, model, classes):
        super().__init__()
        norm, self.align = model["norm"], model["align_corners"]
        self.backbone = Backbone(model["backbone"], norm)
        ends = [stage[-1].channels for stage in self.backbone.stages]
        channels = ends[-1]
        self.pyramid = None
        if model["pyramid"] is not None:
            self.pyramid = Pyramid(model["pyramid"], channels, norm, self.align)
            channels = self.pyramid.channels
        self.head = Classifier(channels, model["head"]["channels"], classes, norm)
        self.auxiliary, of = None, model["auxiliary"]
        if of is not None:
            self.after = of["after"] - 1
            self.auxiliary = Classifier(ends[self.after], of["channels"], classes, norm)

    def up(self, x, size):
        return F.interpolate(x, size, mode="bilinear", align_corners=self.align)

    def forward(self, x):
        maps = self.backbone(x)
        scene = maps[-1] if self.pyramid is None else self.pyramid(maps[-1])
        main = self.up(self.head(scene), x.shape[2:])
        if not self.training or self.auxiliary is None:
            return main, None
        return main, self.up(self.auxiliary(maps[self.after]), x.shape[2:])


def name_of(key):
    """Our name of a PyTorch parameter or buffer."""
    words = key.split(".")
    if words[0] == "backbone" and words[1] == "stem":
        words[1:3] = [f"stem{int(words[2]) + 1}"]
    elif words[0] == "backbone":
        words[1:4] = [f"stage{int(words[2]) + 1}", f"block{int(words[3]) + 1}"]
        if words[3] == "layers":
            words[3:5] = [str(int(words[4]) + 1)]
    elif words[0] == "pyramid":
        del words[1]
    last = {"running_mean": "mean", "running_var": "variance"}
    normal = {"weight": "scale", "bias": "shift"}
    plain = {"weight": "kernel", "bias": "bias"}
    words[-1] = last.get(words[-1]) or (normal if words[-2] == "norm" else plain)[words[-1]]
    return ".".join(words)


def named(network):
    return [(name_of(key), value) for key, value in network.state_dict(keep_vars=True).items() if "num_batches" not in key]


def to_torch(value):
    return torch.tensor(value.transpose(3, 2, 0, 1) if value.ndim == 4 else value)


def from_torch(value):
    value = value.detach().numpy()
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value


def load(network, weights):
    for name, value in named(network):
        value.data.copy_(to_torch(weights[name]))


def pixel_loss(logits, labels, of):
    weight = None if of["class_weights"] is None else torch.tensor(of["class_weights"], dtype=torch.get_default_dtype())
    if of["mean_over"] == "valid":
        return F.cross_entropy(logits, labels, weight, ignore_index=IGNORE)
    return F.cross_entropy(logits, labels, weight, ignore_index=IGNORE, reduction="sum") / labels.numel()


def normalised(images, data):
    mean, std = (torch.tensor(data[key], dtype=torch.get_default_dtype()) for key in ("mean", "std"))
    return ((torch.tensor(images, dtype=torch.get_default_dtype()) - mean) / std).permute(0, 3, 1, 2).contiguous()


def forward(network, request, tensors):
    network.eval()
    with torch.no_grad():
        main, _ = network(normalised(tensors["images"], request["data"]))
    return {"logits": main.permute(0, 2, 3, 1).numpy()}


def scale_sizes(height, width, of):
    """The size at each scale; halves are rounded up."""
    for scale in of["scales"]:
        factor = scale
        if of["long_side"] is not None:
            factor = np.floor(scale * of["long_side"] + 0.5) / max(height, width)
        yield tuple(max(1, int(np.floor(n * factor + 0.5))) for n in (height, width))


def bilinear(x, size):
    return x if tuple(x.shape[2:]) == size else F.interpolate(x, size, mode="bilinear", align_corners=False)


def window_scores(network, x, of):
    """Of one window: softmax (or logits), averaged with the mirror image's."""
    views = torch.cat([x, x.flip(3)]) if of["mirror"] else x
    y, _ = network(views)
    if of["average"] == "probabilities":
        y = y.softmax(1)
    return (y[:1] + y[1:].flip(3)) / 2 if of["mirror"] else y


def scale_scores(network, x, of):
    """Of an image at one scale: padded with the mean colour, window by window, divided by how many meet."""
    height, width = x.shape[2:]
    whole = of["mode"] == "whole"
    window = [(n + 6) // 8 * 8 + 1 for n in (height, width)] if whole else of["window"]
    more = [max(0, w - n) for w, n in zip(window, (height, width))]
    top, left = (n // 2 if of["padding"] == "centre" else 0 for n in more)
    x = F.pad(x, (left, more[1] - left, top, more[0] - top))
    padded = x.shape[2:]
    stride = [int(np.ceil(round(n * (1 - of["overlap"]), 6))) for n in window]
    count = torch.zeros(1, 1, *padded)
    steps = [range(-(-(n - w) // s) + 1) for n, w, s in zip(padded, window, stride)]
    total = None
    for row in steps[0]:
        for column in steps[1]:
            y, x0 = (min(i * s + w, n) - w for i, s, w, n in zip((row, column), stride, window, padded))
            part = window_scores(network, x[:, :, y : y + window[0], x0 : x0 + window[1]], of)
            if total is None:
                total = torch.zeros(1, part.shape[1], *padded)
            total[:, :, y : y + window[0], x0 : x0 + window[1]] += part
            count[:, :, y : y + window[0], x0 : x0 + window[1]] += 1
    return (total / count)[:, :, top : top + height, left : left + width]


def evaluate(network, request, tensors):
    network.eval()
    of = request["evaluate"]
    with torch.no_grad():
        x = normalised(tensors["images"], request["data"])
        size = tuple(x.shape[2:])
        maps = [bilinear(scale_scores(network, bilinear(x, at), of), size) for at in scale_sizes(*size, of)]
    mean = sum(maps) / len(maps)
    if of["average"] == "logits":
        mean = mean.softmax(1)
    return {"probabilities": mean.permute(0, 2, 3, 1).numpy()}


def train(network, request, tensors):
    of, auxiliary = request["train"], request["model"]["auxiliary"]
    groups = {"backbone": [], "new": []}
    for name, value in named(network):
        if isinstance(value, nn.Parameter):
            groups["backbone" if name.startswith("backbone.") else "new"].append((name, value))
    sgd = of["optimizer"]
    decays = lambda name: sgd["decay"] == "all" or name.endswith(".kernel")
    optimizer = torch.optim.SGD(
        [
            {
                "params": [value for name, value in group if decays(name) == decayed],
                "weight_decay": sgd["weight_decay"] if decayed else 0.0,
                "new": key == "new",
            }
            for key, group in groups.items()
            for decayed in (True, False)
            if any(decays(name) == decayed for name, _ in group)
        ],
        lr=0.0,
        momentum=sgd["momentum"],
    )
    network.train()
    images = normalised(tensors["images"], request["data"])
    labels = torch.tensor(tensors["labels"], dtype=torch.long)
    losses = []
    for rate in request["rates"]:
        for group in optimizer.param_groups:
            group["lr"] = rate * (of["multipliers"]["new"] if group["new"] else 1)
        main, aux = network(images)
        terms = [pixel_loss(main, labels, of["loss"])]
        if aux is not None:
            terms.append(pixel_loss(aux, labels, of["loss"]))
        loss = terms[0] if aux is None else terms[0] + auxiliary["weight"] * terms[1]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append([loss.item()] + [term.item() for term in terms])
    result = {f"loss{step}": np.array(terms) for step, terms in enumerate(losses)}
    for name, value in named(network):
        result[name] = from_torch(value)
        if isinstance(value, nn.Parameter):
            result[f"{name}/momentum"] = from_torch(optimizer.state[value]["momentum_buffer"])
    return result


def half(network, request, tensors):
    """One step twice, in f32 and with autocast to bf16: both losses, and how far the gradients are apart."""

    def step():
        load(network, tensors)
        result = train(network, request, tensors)
        momenta = [value.ravel() for name, value in sorted(result.items()) if name.endswith("/momentum")]
        return result["loss0"][0], np.concatenate(momenta)

    loss, gradient = step()
    plain = network.forward

    def autocast(images):
        with torch.autocast("cpu", torch.bfloat16):
            return [logits.float() for logits in plain(images)]

    network.forward = autocast
    rounded_loss, rounded = step()
    apart = np.linalg.norm(rounded - gradient) / np.linalg.norm(gradient)
    return {"losses": np.array([loss, rounded_loss]), "apart": np.array([apart])}


def main(request_path, weights_path, result_path):
    torch.set_num_threads(1)
    with open(request_path) as file:
        request = json.load(file)
    if request["bits"] == 64:
        torch.set_default_dtype(torch.float64)
    tensors = read_tensors(weights_path)
    network = Network(request["model"], len(request["data"]["classes"]))
    load(network, tensors)
    task = {"forward": forward, "evaluate": evaluate, "train": train, "half": half}[request["task"]]
    write_tensors(result_path, task(network, request, tensors))


if __name__ == "__main__":
    main(*sys.argv[1:])
