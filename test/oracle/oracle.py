"""PSPNet in PyTorch, written to be held against: a request and weights enter, logits, scores or a trained state leave.

usage: oracle.py REQUEST.json WEIGHTS.safetensors RESULT.safetensors

Knows nothing of pspc but its names of weights: semseg's network (deep or 7x7 stem, basic or bottleneck blocks,
dilations, pyramid of average or max pooling), cross-entropy that ignores 255, SGD with momentum, weight decay and
two groups of rates; and the options of a training: parts of a batch, clipping, averaged weights, frozen stages and
norms, hard pixels, the Dice loss; mmsegmentation's basic blocks; averaging shortcuts, projections and biases before
norms. Dropout multiplies by masks that are given.
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
    def __init__(self, cin, cout, size, norm, stride=1, dilation=1, bias=False):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, size, stride, dilation * (size // 2), dilation, bias=bias)
        self.norm = nn.BatchNorm2d(cout, eps=norm["epsilon"], momentum=1 - norm["momentum"])

    def forward(self, x):
        return self.norm(self.conv(x))


class Block(nn.Module):
    def __init__(self, cin, planes, kind, norm, stride, dilation, of, first):
        super().__init__()
        if kind == "basic":
            out = planes
            layers = [
                ConvNorm(cin, planes, 3, norm, stride, dilation),
                ConvNorm(planes, planes, 3, norm, 1, dilation if of["dilated"] == "both" else 1),
            ]
        else:
            out = 4 * planes
            first, second = (stride, 1) if of["stride_site"] == "1x1" else (1, stride)
            layers = [
                ConvNorm(cin, planes, 1, norm, first),
                ConvNorm(planes, planes, 3, norm, second, dilation),
                ConvNorm(planes, out, 1, norm),
            ]
        self.layers = nn.ModuleList(layers)
        # PyTorch's own pooling, where ours adds up pixels: an odd map's last mean is of one row or column.
        averaged = of["shortcut"] == "averaged" and stride == 2
        self.pool = nn.AvgPool2d(2, 2, ceil_mode=True) if averaged else nn.Identity()
        projects = stride != 1 or cin != out or (first and of["projection"] == "first")
        self.shortcut = ConvNorm(cin, out, 1, norm, 1 if averaged else stride) if projects else None
        self.channels = out

    def forward(self, x):
        y = x
        for i, layer in enumerate(self.layers):
            y = layer(y)
            if i + 1 < len(self.layers):
                y = torch.relu(y)
        return torch.relu(y + (x if self.shortcut is None else self.shortcut(self.pool(x))))


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
            stride = of["strides"][index]
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
                    of,
                    i == 0,
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
            {} if of["channels"] is None else {f"bin{b}": ConvNorm(channels, of["channels"], 1, norm, bias=norm["bias"] == "new") for b in of["bins"]}
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
        self.fuse = ConvNorm(cin, channels, 3, norm, bias=norm["bias"] == "new")
        self.classifier = nn.Conv2d(channels, classes, 1)

    def forward(self, x, mask=None):
        x = torch.relu(self.fuse(x))
        return self.classifier(x if mask is None else x * mask)


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

    def forward(self, x, masks=(None, None)):
        maps = self.backbone(x)
        scene = maps[-1] if self.pyramid is None else self.pyramid(maps[-1])
        main = self.up(self.head(scene, masks[0]), x.shape[2:])
        if not self.training or self.auxiliary is None:
            return main, None
        return main, self.up(self.auxiliary(maps[self.after], masks[1]), x.shape[2:])


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


def default(values):
    return torch.tensor(values, dtype=torch.get_default_dtype())


def cross_entropy(logits, labels, whole, of):
    """Of a part of a batch, in shares of the whole batch's mean."""
    weight = None if of["class_weights"] is None else default(of["class_weights"])
    if labels is whole and of["mean_over"] == "valid":
        return F.cross_entropy(logits, labels, weight, ignore_index=IGNORE, label_smoothing=of["smoothing"])
    total = F.cross_entropy(
        logits, labels, weight, ignore_index=IGNORE, reduction="sum", label_smoothing=of["smoothing"]
    )
    counted = whole[whole != IGNORE]
    valid = counted.numel() if weight is None else weight[counted].sum()
    return total / (whole.numel() if of["mean_over"] == "all" else valid)


def focused(losses, of):
    """Lin et al. 2017, equation 4: p is the exponential of what the cross-entropy takes the logarithm of."""
    return (1 - torch.exp(-losses)) ** of["focal"] * losses if of["focal"] > 0 else losses


def focal(logits, labels, whole, of):
    """Of a part of a batch, in shares of the whole batch's mean."""
    weight = torch.ones(logits.shape[1]) if of["class_weights"] is None else default(of["class_weights"])
    losses = focused(F.cross_entropy(logits, labels, reduction="none", ignore_index=IGNORE), of)
    total = (losses * weight.to(logits)[labels.clamp(max=logits.shape[1] - 1)])[labels != IGNORE].sum()
    return total / (whole.numel() if of["mean_over"] == "all" else weight[whole[whole != IGNORE]].sum())


def mined(logits, labels, whole, of):
    """As mmsegmentation's OHEMPixelSampler chooses; `keep` pixels an image, the smallest of the part together."""
    valid = labels != IGNORE
    target = labels.clamp(max=logits.shape[1] - 1)
    with torch.no_grad():
        own = F.softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1)
        order = own[valid].sort()[0]
        kept = of["mining"]["keep"] * labels.shape[0]
        limit = order[kept].item() if kept < order.numel() else 2.0
        hard = valid & (own < max(limit, of["mining"]["threshold"]))
    weights = torch.ones(logits.shape[1]) if of["class_weights"] is None else default(of["class_weights"])
    weights = weights.to(logits)[target] * hard
    losses = focused(F.cross_entropy(logits, target, reduction="none", label_smoothing=of["smoothing"]), of)
    below = whole.numel() if of["mean_over"] == "all" else weights.sum() * whole.shape[0] / labels.shape[0]
    return (losses * weights).sum() / below


def dice(logits, labels, whole):
    """Dice with smooth 1 and exponent 2 over the pixels that are not ignored, for each class that an image has."""
    pairs = sum(len(set(image.unique().tolist()) - {IGNORE}) for image in whole)
    total = 0.0
    for scores, image in zip(F.softmax(logits, 1), labels):
        valid = image != IGNORE
        for index in image[valid].unique():
            p, y = scores[index][valid], (image[valid] == index).to(scores)
            total = total + 1 - (2 * (p * y).sum() + 1) / ((p**2).sum() + (y**2).sum() + 1)
    return total / max(pairs, 1)


def head_loss(logits, labels, whole, of):
    plain = focal if of["focal"] > 0 else cross_entropy
    entropy = plain if of["mining"] is None else mined
    loss = entropy(logits, labels, whole, of)
    return loss + of["dice"] * dice(logits, labels, whole) if of["dice"] > 0 else loss


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
    window = [n if of["grid"] == "none" else (n + 6) // 8 * 8 + 1 for n in (height, width)] if whole else of["window"]
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


def freeze(network, of):
    """After network.train(): frozen stages hold still, and frozen norms keep to their running statistics."""
    still = []
    if of["stages"] > 0:
        still = [network.backbone.stem, *network.backbone.stages[: of["stages"]]]
    parts = {"none": still, "backbone": [*still, network.backbone], "all": [network]}[of["norm"]]
    for part in parts:
        for module in part.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
    for part in still:
        part.requires_grad_(False)


def optimizer_of(network, of):
    """The optimizer, and for each of its groups the factor on the rate."""
    groups = {}
    for name, value in named(network):
        if isinstance(value, nn.Parameter) and value.requires_grad:
            decayed = of["optimizer"]["decay"] == "all" or name.endswith(".kernel")
            groups.setdefault((name.startswith("backbone."), decayed), []).append(value)
    params = [
        {"params": values, "weight_decay": of["optimizer"]["weight_decay"] if decayed else 0.0}
        for (_, decayed), values in groups.items()
    ]
    factors = [1 if old else of["multipliers"]["new"] for old, _ in groups]
    if "betas" in of["optimizer"]:
        betas, epsilon = of["optimizer"]["betas"], of["optimizer"]["epsilon"]
        return torch.optim.AdamW(params, lr=0.0, betas=betas, eps=epsilon), factors
    return torch.optim.SGD(params, lr=0.0, momentum=of["optimizer"]["momentum"]), factors


def kept(state):
    """What an optimizer keeps of a variable, by our names."""
    names = {"momentum_buffer": "momentum", "exp_avg": "momentum", "exp_avg_sq": "square"}
    return {ours: from_torch(state[theirs]) for theirs, ours in names.items() if theirs in state}


def masks_of(tensors, step, rows):
    masks = [tensors.get(f"{head}.mask{step}") for head in ("head", "auxiliary")]
    # [N, 1, 1, C] for whole channels, [N, H, W, C] for each value.
    return [None if mask is None else default(mask)[rows].permute(0, 3, 1, 2) for mask in masks]


def train(network, request, tensors):
    of, auxiliary = request["train"], request["model"]["auxiliary"]
    network.train()
    freeze(network, of["freeze"])
    optimizer, factors = optimizer_of(network, of)
    averaged = None
    if of["ema"] is not None:
        averaged = torch.optim.swa_utils.AveragedModel(
            network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(of["ema"])
        )
        # The first update copies: the average begins where the weights do.
        averaged.update_parameters(network)
    images = normalised(tensors["images"], request["data"])
    whole = torch.tensor(tensors["labels"], dtype=torch.long)
    # Without batch norm over the batch, and without mining, parts must not matter: PyTorch then sees the whole batch.
    alone = of["freeze"]["norm"] == "all" and of["loss"]["mining"] is None
    parts = 1 if alone else of["accumulate"]
    size = len(images) // parts
    losses = []
    for step, rate in enumerate(request["rates"]):
        for group, factor in zip(optimizer.param_groups, factors):
            group["lr"] = rate * factor
        optimizer.zero_grad()
        sums = np.zeros(3)
        for part in range(parts):
            rows = slice(part * size, (part + 1) * size)
            labels = whole if parts == 1 else whole[rows]
            main, aux = network(images[rows], masks_of(tensors, step, rows))
            terms = [head_loss(main, labels, whole, of["loss"])]
            if aux is not None:
                terms.append(head_loss(aux, labels, whole, of["loss"]))
            loss = terms[0] if aux is None else terms[0] + auxiliary["weight"] * terms[1]
            loss.backward()
            sums[: len(terms) + 1] += [loss.item()] + [term.item() for term in terms]
        if of["clip"] is not None:
            torch.nn.utils.clip_grad_norm_(network.parameters(), of["clip"])
        optimizer.step()
        if averaged is not None:
            averaged.update_parameters(network)
        losses.append(sums[: len(terms) + 1])
    result = {f"loss{step}": terms for step, terms in enumerate(losses)}
    means = {} if averaged is None else dict(named(averaged.module))
    for name, value in named(network):
        result[name] = from_torch(value)
        if isinstance(value, nn.Parameter) and value.requires_grad:
            result.update({f"{name}/{word}": of for word, of in kept(optimizer.state[value]).items()})
            if name in means:
                result[f"{name}/average"] = from_torch(means[name])
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

    def autocast(images, masks):
        with torch.autocast("cpu", torch.bfloat16):
            return [logits.float() for logits in plain(images, masks)]

    network.forward = autocast
    rounded_loss, rounded = step()
    apart = np.linalg.norm(rounded - gradient) / np.linalg.norm(gradient)
    return {"losses": np.array([loss, rounded_loss]), "apart": np.array([apart])}


def answer(request_path, weights_path, result_path):
    with open(request_path) as file:
        request = json.load(file)
    torch.set_default_dtype(torch.float64 if request["bits"] == 64 else torch.float32)
    tensors = read_tensors(weights_path)
    network = Network(request["model"], len(request["data"]["classes"]))
    load(network, tensors)
    task = {"forward": forward, "evaluate": evaluate, "train": train, "half": half}[request["task"]]
    write_tensors(result_path, task(network, request, tensors))


if __name__ == "__main__":
    torch.set_num_threads(1)
    # A request a line, until there are no more: PyTorch takes longer to start than to answer.
    for line in sys.stdin:
        answer(*json.loads(line))
        print(flush=True)
