"""ONNX files in onnxruntime, on one thread, in turns: a request of JSON enters (files, size, rounds), and the times of each leave."""

import json
import sys
import time

import numpy as np
import onnxruntime


def session_of(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def asked(session, images):
    cpu, wall = time.process_time(), time.perf_counter()
    (classes,) = session.run(["classes"], {"images": images})
    return time.process_time() - cpu, time.perf_counter() - wall, classes


def main():
    request = json.load(sys.stdin)
    images = np.random.default_rng(0).integers(0, 256, (1, *request["size"], 3), np.uint8)
    sessions, load, times = [], [], []
    for file in request["files"]:
        start = time.process_time()
        sessions.append(session_of(file))
        load.append(time.process_time() - start)
    # The first round is for the caches.
    for turn in range(1 + request["rounds"]):
        order = list(range(len(sessions)))
        # Whoever follows a slow one pays for its heat: each follows every other.
        for i in order[turn % len(order) :] + order[: turn % len(order)]:
            cpu, wall, _ = asked(sessions[i], images)
            if turn > 0:
                times.append([i, cpu, wall])
    print(json.dumps({"version": onnxruntime.__version__, "load": load, "times": times}))


if __name__ == "__main__":
    main()
