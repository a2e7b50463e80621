"""The networks of mmsegmentation and PaddleSeg in PyTorch, each from its own description and under its own names.

usage: presets.py REQUEST.json WEIGHTS.safetensors RESULT.safetensors

The request is {reference, block, blocks, width, classes, averaged}; WEIGHTS holds every parameter and statistic by the
reference's names, and one tensor `images`, normalised [1, H, W, 3]. They are loaded strictly. RESULT holds `logits`
[1, H, W, classes] and `parameters`, their count, the auxiliary head's among them.

Nothing of pspc is used but its reader of files; each class names the source that it is written after.
"""

import json
import sys
from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from oracle import read_tensors, write_tensors


def conv(cin, cout, size, stride=1, dilation=1, bias=False):
    return nn.Conv2d(cin, cout, size, stride, dilation if size == 3 else size // 2, dilation, bias=bias)


def named(**layers):
    return nn.Sequential(OrderedDict(layers))


class MmBasic(nn.Module):
    """mmseg/models/backbones/resnet.py, BasicBlock: conv2 has padding 1 and no dilation."""

    expansion = 1

    def __init__(self, cin, planes, stride, dilation, downsample):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, planes, 3, stride, dilation), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = conv(planes, planes, 3), nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class MmBottleneck(nn.Module):
    """The same file, Bottleneck with style='pytorch'."""

    expansion = 4

    def __init__(self, cin, planes, stride, dilation, downsample):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, planes, 1), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = conv(planes, planes, 3, stride, dilation), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = conv(planes, 4 * planes, 1), nn.BatchNorm2d(4 * planes)
        self.downsample = downsample

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class MmResNet(nn.Module):
    """ResNetV1c of that file, or V1d where averaged; utils/res_layer.py with contract_dilation."""

    def __init__(self, block, blocks, width, averaged):
        super().__init__()
        half = width // 2
        stem = []
        for cin, cout, stride in ((3, half, 2), (half, half, 1), (half, width, 1)):
            stem += [conv(cin, cout, 3, stride), nn.BatchNorm2d(cout), nn.ReLU()]
        self.stem = nn.Sequential(*stem)
        cin = width
        for stage, (count, stride, dilation) in enumerate(zip(blocks, (1, 2, 1, 1), (1, 1, 2, 4))):
            planes = width << stage
            cout = planes * block.expansion
            layers = []
            for i in range(count):
                downsample = None
                if i == 0 and (stride != 1 or cin != cout):
                    pool = [nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)] if averaged else []
                    downsample = nn.Sequential(*pool, conv(cin, cout, 1, 1 if averaged else stride), nn.BatchNorm2d(cout))
                first = dilation // 2 if dilation > 1 else dilation
                layers.append(block(cin, planes, stride if i == 0 else 1, first if i == 0 else dilation, downsample))
                cin = cout
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))

    def forward(self, x):
        x = F.max_pool2d(self.stem(x), 3, 2, 1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
        return x


def conv_module(cin, cout, size):
    """mmcv's ConvModule: no bias before a norm."""
    return named(conv=conv(cin, cout, size), bn=nn.BatchNorm2d(cout), activate=nn.ReLU())


class MmPspHead(nn.Module):
    """decode_heads/psp_head.py: the branches have the head's channels."""

    def __init__(self, cin, channels, classes, bins=(1, 2, 3, 6)):
        super().__init__()
        self.conv_seg = nn.Conv2d(channels, classes, 1)
        self.psp_modules = nn.ModuleList(nn.Sequential(nn.AdaptiveAvgPool2d(b), conv_module(cin, channels, 1)) for b in bins)
        self.bottleneck = conv_module(cin + len(bins) * channels, channels, 3)

    def forward(self, x):
        up = lambda y: F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=False)
        return self.conv_seg(self.bottleneck(torch.cat([x] + [up(f(x)) for f in self.psp_modules], 1)))


class MmFcnHead(nn.Module):
    """decode_heads/fcn_head.py with num_convs=1 and concat_input=False."""

    def __init__(self, cin, channels, classes):
        super().__init__()
        self.conv_seg = nn.Conv2d(channels, classes, 1)
        self.convs = nn.Sequential(conv_module(cin, channels, 3))


class Mmseg(nn.Module):
    """configs/_base_/models/pspnet_r50-d8.py and configs/pspnet/pspnet_r18-d8_*.py: channels 512 and 256 of 2048, 128 and 64 of 512."""

    def __init__(self, block, blocks, width, classes, averaged):
        super().__init__()
        kind = {"basic": MmBasic, "bottleneck": MmBottleneck}[block]
        features = 8 * width * kind.expansion
        self.backbone = MmResNet(kind, blocks, width, averaged)
        self.decode_head = MmPspHead(features, features // 4, classes)
        self.auxiliary_head = MmFcnHead(features // 2, features // 8, classes)

    def forward(self, x):
        y = self.decode_head(self.backbone(x))
        return F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=False)


def vd_layer(cin, cout, size, stride=1, dilation=1):
    """paddleseg/models/backbones/resnet_vd.py, ConvBNLayer, without its activation."""
    return named(_conv=conv(cin, cout, size, stride, dilation), _batch_norm=PaddleNorm(cout))


class PaddleNorm(nn.BatchNorm2d):
    """Its statistics are called _mean and _variance."""

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        for theirs, ours in (("_mean", "running_mean"), ("_variance", "running_var")):
            if prefix + theirs in state_dict:
                state_dict[prefix + ours] = state_dict.pop(prefix + theirs)
        super()._load_from_state_dict(state_dict, prefix, *rest)


class PaddleBlock(nn.Module):
    """That file, BasicBlock and BottleneckBlock: a shortcut's convolution in the first block of every stage."""

    def __init__(self, block, cin, planes, stride, dilation, first):
        super().__init__()
        if block == "basic":
            cout = planes
            self.conv0 = vd_layer(cin, planes, 3, stride, dilation)
            self.conv1 = vd_layer(planes, planes, 3, 1, dilation)
            self.conv2 = None
        else:
            cout = 4 * planes
            self.conv0 = vd_layer(cin, planes, 1)
            self.conv1 = vd_layer(planes, planes, 3, stride, dilation)
            self.conv2 = vd_layer(planes, cout, 1)
        self.short = vd_layer(cin, cout, 1) if first else None
        self.averages = stride == 2

    def forward(self, x):
        y = self.conv1(F.relu(self.conv0(x)))
        if self.conv2 is not None:
            y = self.conv2(F.relu(y))
        if self.short is not None:
            # Paddle's AvgPool2D(2, 2, 0, ceil_mode=True) is exclusive: it divides by the pixels that there are.
            x = self.short(F.avg_pool2d(x, 2, 2, 0, ceil_mode=True, count_include_pad=False) if self.averages else x)
        return F.relu(x + y)


class PaddleResNet(nn.Module):
    """ResNet_vd with output_stride=8."""

    def __init__(self, block, blocks, width):
        super().__init__()
        half = width // 2
        self.conv1_1, self.conv1_2, self.conv1_3 = vd_layer(3, half, 3, 2), vd_layer(half, half, 3), vd_layer(half, width, 3)
        self.counts, cin = blocks, width
        for stage, (count, stride, dilation) in enumerate(zip(blocks, (1, 2, 1, 1), (1, 1, 2, 4))):
            planes = width << stage
            for i in range(count):
                self.add_module(f"bb_{stage}_{i}", PaddleBlock(block, cin, planes, stride if i == 0 else 1, dilation, i == 0))
                cin = planes * (1 if block == "basic" else 4)

    def forward(self, x):
        for layer in (self.conv1_1, self.conv1_2, self.conv1_3):
            x = F.relu(layer(x))
        x = F.max_pool2d(x, 3, 2, 1)
        for stage, count in enumerate(self.counts):
            for i in range(count):
                x = getattr(self, f"bb_{stage}_{i}")(x)
        return x


def conv_bn_relu(cin, cout, size):
    """layers/layer_libs.py, ConvBNReLU: nn.Conv2D has a bias where nobody says otherwise."""
    return named(_conv=conv(cin, cout, size, bias=True), _batch_norm=PaddleNorm(cout), _relu=nn.ReLU())


class PaddlePyramid(nn.Module):
    """layers/pyramid_pool.py, PPModule: the branches are joined in reverse."""

    def __init__(self, cin, cout, bins):
        super().__init__()
        inner = cin // len(bins)
        self.stages = nn.ModuleList(nn.Sequential(nn.AdaptiveAvgPool2d(b), conv_bn_relu(cin, inner, 1)) for b in bins)
        self.conv_bn_relu2 = conv_bn_relu(cin + inner * len(bins), cout, 3)

    def forward(self, x):
        maps = [F.interpolate(f(x), x.shape[2:], mode="bilinear", align_corners=False) for f in self.stages]
        return self.conv_bn_relu2(torch.cat([x] + maps[::-1], 1))


class PaddleAux(nn.Module):
    def __init__(self, cin, inner, classes):
        super().__init__()
        self.conv_bn_relu, self.conv = conv_bn_relu(cin, inner, 3), nn.Conv2d(inner, classes, 1)


class PaddleHead(nn.Module):
    def __init__(self, features, channels, classes):
        super().__init__()
        self.psp_module = PaddlePyramid(features, channels, (1, 2, 3, 6))
        self.conv = nn.Conv2d(channels, classes, 1)
        self.auxlayer = PaddleAux(features // 2, features // 8, classes)


class PaddleSeg(nn.Module):
    """paddleseg/models/pspnet.py: pp_out_channels 1024 of 64 planes, the auxiliary layer a quarter of its input."""

    def __init__(self, block, blocks, width, classes):
        super().__init__()
        self.backbone = PaddleResNet(block, blocks, width)
        self.head = PaddleHead(8 * width * (1 if block == "basic" else 4), 16 * width, classes)

    def forward(self, x):
        y = self.head.conv(self.head.psp_module(self.backbone(x)))
        return F.interpolate(y, x.shape[2:], mode="bilinear", align_corners=False)


references = {"mmseg": Mmseg, "paddleseg": PaddleSeg}


def main(request_path, weights_path, result_path):
    torch.set_num_threads(1)
    with open(request_path) as file:
        request = json.load(file)
    tensors = {name: torch.tensor(value) for name, value in read_tensors(weights_path).items()}
    images = tensors.pop("images").permute(0, 3, 1, 2)
    network = references[request.pop("reference")](**request)
    counters = {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    network.load_state_dict({**tensors, **counters}, strict=True)
    network.eval()
    with torch.no_grad():
        logits = network(images).permute(0, 2, 3, 1).numpy()
    write_tensors(result_path, {"logits": logits, "parameters": [sum(p.numel() for p in network.parameters())]})


if __name__ == "__main__":
    main(*sys.argv[1:])
