"""onnxruntime as a peer: a line of JSON enters (an experiment, the ONNX file of its inference), then a line for every step; a line leaves for each."""

import json
import sys

import numpy as np
import onnxruntime


def session_of(file):
    options = onnxruntime.SessionOptions()
    # Threads may spin while they compute, and not while others do.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(file, options, providers=onnxruntime.get_available_providers())


def main():
    request = json.loads(sys.stdin.readline())
    shape = (request["batch"], *request["experiment"]["train"]["crop"], 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    session = session_of(request["file"])
    provider = session.get_providers()[0]
    gpu = provider.startswith(("CUDA", "Tensorrt"))
    about = {"version": onnxruntime.__version__, "device": provider if gpu else "cpu"}
    print(json.dumps(about), flush=True)
    for _ in sys.stdin:
        (classes,) = session.run(["classes"], {"images": images})
        print(json.dumps({"value": int(classes[0, 0, 0])}), flush=True)


if __name__ == "__main__":
    main()
