"""PyTorch as a peer: a line of JSON enters (an experiment, a task, a way), then a line for every step; a line leaves for each.

The network, its loss and its groups of weights are the oracle's, which the tests hold equal to pspc's. `export` writes
the inference as an ONNX file instead of running it.
"""

import json
import os
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "oracle"))
import oracle  # noqa: E402

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Colours(nn.Module):
    """Images of bytes [N, H, W, 3] to the scale that the network sees, [N, 3, H, W]."""

    def __init__(self, data):
        super().__init__()
        for key in ("mean", "std"):
            self.register_buffer(key, torch.tensor(data[key], dtype=torch.float32))

    def forward(self, images):
        return ((images.float() - self.mean) / self.std).permute(0, 3, 1, 2)


class Predictor(nn.Module):
    """Images of bytes [N, H, W, 3] to the class of each pixel, bytes [N, H, W]. Without a layout it is left as it comes."""

    def __init__(self, network, data, layout):
        super().__init__()
        self.colours, self.network, self.layout = Colours(data), network, layout

    def forward(self, images):
        x = self.colours(images)
        main, _ = self.network(x if self.layout is None else x.contiguous(memory_format=self.layout))
        return main.argmax(1).to(torch.uint8)


def drawn(experiment, batch):
    height, width = experiment["train"]["crop"]
    images = torch.randint(0, 256, (batch, height, width, 3), dtype=torch.uint8)
    labels = torch.randint(0, len(experiment["data"]["classes"]), (batch, height, width), dtype=torch.uint8)
    return images, labels


def half(wanted):
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=wanted)


def optimizer_of(network, of):
    """The oracle's groups; `fused` updates a group in one pass."""
    plain, factors = oracle.optimizer_of(network, of)
    groups = [{**group, "fused": True, "foreach": False, "lr": 1e-3 * factor} for group, factor in zip(plain.param_groups, factors)]
    return torch.optim.SGD(groups, momentum=of["optimizer"]["momentum"], fused=True)


def dropout_mask(of, batch):
    return (torch.rand(batch, of["channels"], 1, 1, device=DEVICE) >= of["dropout"]).float() / (1 - of["dropout"])


def training(experiment, network, batch, way, layout):
    model, of = experiment["model"], experiment["train"]
    network.train()
    optimizer = optimizer_of(network, of)
    colours = Colours(experiment["data"]).to(DEVICE)
    heads = [model["head"], *([] if model["auxiliary"] is None else [model["auxiliary"]])]
    images, labels = drawn(experiment, batch)
    run = torch.compile(network) if way["compiled"] else network

    def step():
        x, y = images.to(DEVICE), labels.to(DEVICE).long()
        optimizer.zero_grad(set_to_none=True)
        masks = [dropout_mask(head, len(x)) for head in heads]
        with half(way["half"]):
            main, auxiliary = run(colours(x).contiguous(memory_format=layout), (masks + [None])[:2])
        loss = oracle.head_loss(main.float(), y, y, of["loss"])
        if auxiliary is not None:
            loss = loss + model["auxiliary"]["weight"] * oracle.head_loss(auxiliary.float(), y, y, of["loss"])
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def inference(experiment, network, batch, way, layout):
    network.eval()
    predictor = Predictor(network, experiment["data"], layout).to(DEVICE)
    run = torch.compile(predictor) if way["compiled"] else predictor
    images, _ = drawn(experiment, batch)

    def step():
        with torch.inference_mode(), half(way["half"]):
            return int(run(images.to(DEVICE)).cpu()[0, 0, 0])

    return step


def product(size):
    a, b = (torch.rand(size, size, device=DEVICE) for _ in range(2))
    return lambda: (a @ b)[0, 0].item()


def averaged(x, bins):
    """Adaptive average pooling as two products: ONNX has none for sizes that are no multiple of the bins."""

    def matrix(n):
        rows = torch.zeros(bins, n)
        for i in range(bins):
            start, end = i * n // bins, -(-(i + 1) * n // bins)
            rows[i, start:end] = 1 / (end - start)
        return rows

    return matrix(x.shape[2]) @ x @ matrix(x.shape[3]).T


def export(experiment, network, batch, file, dynamo):
    """Writes the inference by one of PyTorch's two exporters. Whether it had to be helped: the older one refuses bins that do not divide the map."""
    network.eval()
    images, _ = drawn(experiment, batch)
    predictor = Predictor(network, experiment["data"], None)

    def write():
        names = {"input_names": ["images"], "output_names": ["classes"]}
        torch.onnx.export(predictor, (images,), file, dynamo=dynamo, external_data=False, **names)

    try:
        write()
        return False
    except torch.onnx.errors.OnnxExporterError:
        if dynamo:
            raise
    plain = F.adaptive_avg_pool2d
    F.adaptive_avg_pool2d = averaged
    try:
        write()
        return True
    finally:
        F.adaptive_avg_pool2d = plain


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    request = json.loads(sys.stdin.readline())
    task, experiment = request["task"], request.get("experiment")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = request.get("way", {}).get("tf32", False)
    about = {"version": torch.__version__, "device": torch.cuda.get_device_name() if DEVICE.type == "cuda" else "cpu"}
    if task == "product":
        step = product(request["size"])
    else:
        layout = torch.channels_last if request["way"]["channels_last"] else torch.contiguous_format
        network = oracle.Network(experiment["model"], len(experiment["data"]["classes"]))
        about["parameters"] = sum(each.numel() for each in network.parameters())
        if task == "export":
            # It says on the process's stdout what it does, where answers are read.
            answers = os.fdopen(os.dup(1), "w")
            os.dup2(2, 1)
            dynamo = request.get("exporter") == "dynamo"
            helped = export(experiment, network, request["batch"], request["file"], dynamo)
            sys.stdout = answers
            return answer(**about, helped=helped)
        network = network.to(DEVICE, memory_format=layout)
        step = {"train": training, "infer": inference}[task](experiment, network, request["batch"], request["way"], layout)
    answer(**about)
    for _ in sys.stdin:
        answer(value=step())


if __name__ == "__main__":
    main()
