"""Checkpoints as training scripts save them, tiny: what lies beside the weights must not matter, nor how deep they lie.

usage: checkpoints.py FOLDER     the files of test/weights/files that begin with `checkpoint-`

Every file holds the same two tensors, `a.weight` (2×3) and `a.bias` (2), counted from 0 and from 6.
"""

import argparse
import collections
import pathlib
import pickle
import sys

import numpy as np
import torch
from torch import nn

state = collections.OrderedDict(
    [("a.weight", torch.arange(6, dtype=torch.float32).reshape(2, 3)), ("a.bias", torch.arange(6, 8, dtype=torch.float32))]
)


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 2)
        self.register_buffer("count", torch.zeros(1), persistent=True)


def trained():
    network = Linear()
    network.load_state_dict(state, strict=False)
    optimizer = torch.optim.Adam(network.parameters())
    network.a(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


def everything():
    return {
        "epoch": 3,
        "loss": torch.tensor(0.5),
        "best": np.float64(0.75),
        "args": argparse.Namespace(lr=0.1, out=pathlib.PurePosixPath("/tmp/x")),
        "seen": {1, 2, 3},
        "frozen": frozenset({"a"}),
        "optimizer": trained(),
        "deep": {"er": {"weights": state}},
    }


def named_optimizer():
    names = [f"{name}.{part}" for name in state for part in ("exp_avg", "exp_avg_sq")]
    return {"optimizer": {name: torch.zeros(1) for name in names}, "model": state}


class View:
    """A part of a storage, as PyTorch 0.3 and before referred to it."""

    def __init__(self, offset, size):
        self.id = ("storage", torch.FloatStorage, "7", "cpu", 11, (f"7.{offset}", offset, size))


class OldTensor:
    def __init__(self, view, shape, strides):
        self.args = (view, 0, shape, strides)

    def __reduce__(self):
        return torch._utils._rebuild_tensor, self.args


class OldPickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, View) else None


def old(path):
    tensors = {"a.weight": OldTensor(View(2, 6), (2, 3), (3, 1)), "a.bias": OldTensor(View(8, 2), (2,), (1,))}
    with open(path, "wb") as file:
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, tensors, ["7"]):
            OldPickler(file, 2).dump(value)
        file.write(np.int64(11).tobytes() + np.arange(-2, 9, dtype=np.float32).tobytes())


def main(folder):
    save = lambda name, value, **options: torch.save(value, f"{folder}/checkpoint-{name}", **options)
    save("everything.pth", everything())
    save("everything-legacy.pth", everything(), _use_new_zipfile_serialization=False)
    save("everything-protocol4.pth", everything(), pickle_protocol=4)
    save("optimizer.pth", named_optimizer())
    network = Linear()
    network.load_state_dict(state, strict=False)
    save("module.pth", {"network": network, "epoch": 1})
    save("parameters.pth", {"a": {name: nn.Parameter(value) for name, value in state.items()}})
    shared = torch.arange(-2, 9, dtype=torch.float32)
    save("shared-legacy.pth", {"a.weight": shared[2:8].reshape(2, 3), "a.bias": shared[8:10]}, _use_new_zipfile_serialization=False)
    old(f"{folder}/checkpoint-views-legacy.pth")
    # What PaddleSeg saves: arrays by name, and the names of parameters by their structure.
    arrays = {name: value.numpy() for name, value in state.items()}
    for protocol in (2, 4, 5):
        with open(f"{folder}/checkpoint-protocol{protocol}.pdparams", "wb") as file:
            pickle.dump({**arrays, "StructuredToParameterName@@": {"a.weight": "linear_0.w_0"}}, file, protocol)


main(*sys.argv[1:])
