"""Every published PSPNet in PyTorch, each from its reference's description and under its reference's names.

usage: zoo.py describe REQUESTS.json RESULT.json
       zoo.py step REQUEST.json WEIGHTS.safetensors RESULT.safetensors

A request is {reference, backbone, blocks, width, stem, strides, classes, head, auxiliary, align_corners}; of ResNeSts
and ResNeXts also {radix, reduction, groups, base_width}. What `describe` says of each is {parameters, names}: `NAME SHAPE` of every parameter and statistic, sorted. `step` loads the
weights strictly, and gives `logits` [1, H, W, classes] of the first image with running statistics; then `loss` and the
gradient of every parameter, by its name, of one training step over all images with softplus for ReLU, so that no two
sides of a kink are compared.

Nothing of pspc is used but its reader of files; each class names the source that it is written after.
"""

import functools
import json
import sys

import torch
import torch.nn.functional as F
from torch import nn


from oracle import read_tensors, write_tensors
from presets import MmBasic, MmBottleneck, MmFcnHead, MmPspHead, PaddleSeg, conv, named


class SplitAttention(nn.Module):
    """mmseg/models/backbones/resnest.py, SplitAttentionConv2d with its RSoftmax."""

    def __init__(self, channels, dilation, groups, radix, reduction):
        super().__init__()
        self.groups, self.radix, hidden = groups, radix, max(channels * radix // reduction, 32)
        self.conv = nn.Conv2d(channels, channels * radix, 3, 1, dilation, dilation, groups * radix, bias=False)
        self.bn0 = nn.BatchNorm2d(channels * radix)
        self.fc1, self.bn1 = nn.Conv2d(channels, hidden, 1, groups=groups), nn.BatchNorm2d(hidden)
        self.fc2 = nn.Conv2d(hidden, channels * radix, 1, groups=groups)

    def forward(self, x):
        x = F.relu(self.bn0(self.conv(x)))
        n, _, h, w = x.shape
        splits = x.view(n, self.radix, -1, h, w)
        mean = F.adaptive_avg_pool2d(splits.sum(dim=1), 1)
        scores = self.fc2(F.relu(self.bn1(self.fc1(mean))))
        shares = F.softmax(scores.view(n, self.groups, self.radix, -1).transpose(1, 2), dim=1)
        return (shares.reshape(n, self.radix, -1, 1, 1) * splits).sum(dim=1)


class Bottleneck(nn.Module):
    """The same file's Bottleneck with avg_down_stride, and resnext.py's without a radix."""

    expansion = 4

    def __init__(self, cin, planes, stride, dilation, downsample, groups=1, base_width=64, base_channels=64, radix=0, reduction=4):
        super().__init__()
        width = planes if groups == 1 else int(planes * (base_width / base_channels)) * groups
        self.conv1, self.bn1 = conv(cin, width, 1), nn.BatchNorm2d(width)
        self.pool = nn.AvgPool2d(3, stride, padding=1) if radix and stride > 1 else nn.Identity()
        if radix:
            self.conv2 = SplitAttention(width, dilation, groups, radix, reduction)
        else:
            self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, groups, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, 4 * planes, 1), nn.BatchNorm2d(4 * planes)
        self.downsample = downsample

    def forward(self, x):
        y = self.conv2(F.relu(self.bn1(self.conv1(x))))
        y = y if isinstance(self.conv2, SplitAttention) else F.relu(self.bn2(y))
        y = self.bn3(self.conv3(self.pool(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class MmResNet(nn.Module):
    """mmseg/models/backbones/resnet.py: ResNet with torchvision's stem, ResNetV1c with three 3x3; utils/res_layer.py.
    With a stem twice as wide and avg_down (ResNetV1d): what ResNeSt derives from."""

    def __init__(self, kind, blocks, width, stem, strides, dilations=(1, 1, 2, 4), averaged=False):
        super().__init__()
        cin = 2 * width if averaged else width
        if stem == "deep":
            half, layers = cin // 2, []
            for c, cout, stride in ((3, half, 2), (half, half, 1), (half, cin, 1)):
                layers += [conv(c, cout, 3, stride), nn.BatchNorm2d(cout), nn.ReLU()]
            self.stem = nn.Sequential(*layers)
        else:
            self.stem, self.conv1, self.bn1 = None, nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        for stage, (count, stride, dilation) in enumerate(zip(blocks, strides, dilations)):
            planes, layers = width << stage, []
            cout = planes * kind.expansion
            for i in range(count):
                # contract_dilation: the first block has half the dilation, and the stage's stride.
                first = dilation // 2 if dilation > 1 else dilation
                down = None
                if i == 0 and (stride != 1 or cin != cout):
                    pool = [nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)] if averaged else []
                    down = nn.Sequential(*pool, conv(cin, cout, 1, 1 if averaged else stride), nn.BatchNorm2d(cout))
                layers.append(kind(cin, planes, stride if i == 0 else 1, first if i == 0 else dilation, down))
                cin = cout
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))

    def forward(self, x):
        x = self.stem(x) if self.stem is not None else F.relu(self.bn1(self.conv1(x)))
        maps = [F.max_pool2d(x, 3, 2, 1)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps.append(layer(maps[-1]))
        return maps[1:]


def divisible(value):
    """mmseg/models/utils/make_divisible.py with divisor 8."""
    new = max(8, int(value + 4) // 8 * 8)
    return new + 8 if new < 0.9 * value else new


def bounded(cin, cout, size, stride=1, dilation=1, groups=1, act=True):
    """mmcv's ConvModule with ReLU6, or linear."""
    layer = nn.Conv2d(cin, cout, size, stride, dilation * (size // 2), dilation, groups, bias=False)
    return named(conv=layer, bn=nn.BatchNorm2d(cout), **({"activate": nn.ReLU6()} if act else {}))


class InvertedResidual(nn.Module):
    """mmseg/models/utils/inverted_residual.py."""

    def __init__(self, cin, cout, stride, ratio, dilation):
        super().__init__()
        hidden, layers = round(cin * ratio), []
        if ratio != 1:
            layers.append(bounded(cin, hidden, 1))
        layers += [bounded(hidden, hidden, 3, stride, dilation, hidden), bounded(hidden, cout, 1, act=False)]
        self.conv, self.adds = nn.Sequential(*layers), stride == 1 and cin == cout

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MmMobileNet(nn.Module):
    """mmseg/models/backbones/mobilenet_v2.py as configs/mobilenet_v2 has it: a dilation is of a layer's first block."""

    settings = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))

    def __init__(self, factor, strides=(1, 2, 2, 1, 1, 1, 1), dilations=(1, 1, 1, 2, 2, 4, 4)):
        super().__init__()
        cin = divisible(32 * factor)
        self.conv1 = bounded(3, cin, 3, 2)
        for i, (ratio, channels, count) in enumerate(self.settings):
            cout, layers = divisible(channels * factor), []
            for b in range(count):
                layers.append(InvertedResidual(cin, cout, strides[i] if b == 0 else 1, ratio, dilations[i] if b == 0 else 1))
                cin = cout
            setattr(self, f"layer{i + 1}", nn.Sequential(*layers))
        self.channels = [divisible(c * factor) for c in (24, 32, 96, 320)]

    def forward(self, x):
        x, maps = self.conv1(x), []
        for i in range(7):
            x = getattr(self, f"layer{i + 1}")(x)
            if i in (1, 2, 4, 6):
                maps.append(x)
        return maps


class PspHead(MmPspHead):
    """The same, which a 769x769 configuration resamples by corners."""

    def forward(self, x):
        up = lambda y: F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=self.align_corners)
        return self.conv_seg(self.bottleneck(torch.cat([x] + [up(f(x)) for f in self.psp_modules], 1)))


class Mmseg(nn.Module):
    """configs/_base_/models/pspnet_*.py: the auxiliary head reads the third of four maps."""

    def __init__(self, of):
        super().__init__()
        if of["backbone"] == "inverted":
            self.backbone = MmMobileNet(of["width"] / 64)
            channels = self.backbone.channels
        else:
            kind = {"basic": MmBasic, "bottleneck": MmBottleneck}[of["backbone"]]
            inside = {key: of[key] for key in ("groups", "base_width", "radix", "reduction") if key in of}
            make = functools.partial(Bottleneck, base_channels=of["width"], **inside) if inside else kind
            make.expansion = kind.expansion
            self.backbone = MmResNet(make, of["blocks"], of["width"], of["stem"], of["strides"], averaged="radix" in of)
            channels = [of["width"] * 2**stage * kind.expansion for stage in range(4)]
        self.decode_head = PspHead(channels[3], of["head"], of["classes"])
        self.decode_head.align_corners = of["align_corners"]
        self.auxiliary_head = MmFcnHead(channels[2], of["auxiliary"], of["classes"])

    def heads(self, x):
        maps = self.backbone(x)
        auxiliary = self.auxiliary_head
        return self.decode_head(maps[3]), auxiliary.conv_seg(auxiliary.convs(maps[2]))


class Paddle(PaddleSeg):
    """paddleseg/models/pspnet.py: the auxiliary layer reads the third stage."""

    def __init__(self, of):
        super().__init__(of["backbone"], of["blocks"], of["width"], of["classes"])

    def heads(self, x):
        body = self.backbone
        for layer in (body.conv1_1, body.conv1_2, body.conv1_3):
            x = F.relu(layer(x))
        x = F.max_pool2d(x, 3, 2, 1)
        for stage, count in enumerate(body.counts):
            for i in range(count):
                x = getattr(body, f"bb_{stage}_{i}")(x)
            third = x if stage == 2 else (third if stage > 2 else None)
        aux = self.head.auxlayer
        return self.head.conv(self.head.psp_module(x)), aux.conv(aux.conv_bn_relu(third))


class PPM(nn.Module):
    """semseg model/pspnet.py."""

    def __init__(self, cin, inner, bins):
        super().__init__()
        self.features = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(b), conv(cin, inner, 1), nn.BatchNorm2d(inner), nn.ReLU()) for b in bins
        )

    def forward(self, x):
        up = lambda y: F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=True)
        return torch.cat([x] + [up(f(x)) for f in self.features], 1)


class Semseg(nn.Module):
    """semseg model/pspnet.py over model/resnet.py with its deep stem; dropout takes a place in the sequences."""

    def __init__(self, of):
        super().__init__()
        width, layers, cin = of["width"], [], 3
        for cout, stride in ((width, 2), (width, 1), (2 * width, 1)):
            layers += [conv(cin, cout, 3, stride), nn.BatchNorm2d(cout), nn.ReLU()]
            cin = cout
        self.layer0 = nn.Sequential(*layers, nn.MaxPool2d(3, 2, 1))
        for stage, (count, stride, dilation) in enumerate(zip(of["blocks"], (1, 2, 1, 1), (1, 1, 2, 4))):
            planes, blocks = width << stage, []
            for i in range(count):
                down = None
                if i == 0:
                    down = nn.Sequential(conv(cin, 4 * planes, 1, stride), nn.BatchNorm2d(4 * planes))
                blocks.append(MmBottleneck(cin, planes, stride if i == 0 else 1, dilation, down))
                cin = 4 * planes
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.ppm = PPM(cin, cin // 4, (1, 2, 3, 6))
        classify = lambda cin, cout: nn.Sequential(
            conv(cin, cout, 3), nn.BatchNorm2d(cout), nn.ReLU(), nn.Identity(), nn.Conv2d(cout, of["classes"], 1)
        )
        self.cls, self.aux = classify(2 * cin, of["head"]), classify(cin // 2, of["auxiliary"])

    def heads(self, x):
        third = self.layer3(self.layer2(self.layer1(self.layer0(x))))
        return self.cls(self.ppm(self.layer4(third))), self.aux(third)


references = {"mmseg": Mmseg, "paddleseg": Paddle, "semseg": Semseg}


def up(logits, size, of):
    return F.interpolate(logits, size, mode="bilinear", align_corners=of["align_corners"])


def spelt(name):
    """PaddlePaddle's names of statistics."""
    return name.replace("running_mean", "_mean").replace("running_var", "_variance")


def describe(requests_path, result_path):
    with open(requests_path) as file:
        requests = json.load(file)
    found = []
    for of in requests:
        with torch.device("meta"):
            network = references[of["reference"]](of)
        theirs = lambda name: spelt(name) if of["reference"] == "paddleseg" else name
        names = [f"{theirs(name)} {list(value.shape)}" for name, value in network.state_dict().items() if value.dim() > 0]
        found.append({"parameters": sum(p.numel() for p in network.parameters()), "names": sorted(names)})
    with open(result_path, "w") as file:
        json.dump(found, file)


def smooth():
    """Softplus in every ReLU's place; a bounded ReLU is the difference of two."""
    F.relu = lambda x, inplace=False: F.softplus(x)
    nn.ReLU.forward = lambda self, x: F.softplus(x)
    nn.ReLU6.forward = lambda self, x: F.softplus(x) - F.softplus(x - 6)


def step(request_path, weights_path, result_path):
    torch.set_num_threads(2)
    with open(request_path) as file:
        of = json.load(file)
    tensors = {name: torch.tensor(value) for name, value in read_tensors(weights_path).items()}
    images, labels = tensors.pop("images").permute(0, 3, 1, 2), tensors.pop("labels").long()
    network = references[of["reference"]](of)
    counters = {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    # PaddlePaddle's names of statistics are read by its own module.
    network.load_state_dict({**tensors, **counters}, strict=True)
    network.eval()
    with torch.no_grad():
        logits = up(network.heads(images[:1])[0], images.shape[2:], of).permute(0, 2, 3, 1)
    smooth()
    network.train()
    terms = [F.cross_entropy(up(each, labels.shape[1:], of), labels) for each in network.heads(images)]
    loss = terms[0] + 0.4 * terms[1]
    loss.backward()
    gradients = {f"gradient {name}": value.grad.numpy() for name, value in network.named_parameters()}
    write_tensors(result_path, {"logits": logits.numpy(), "loss": [loss.item()], **gradients})


if __name__ == "__main__":
    {"describe": describe, "step": step}[sys.argv[1]](*sys.argv[2:])
