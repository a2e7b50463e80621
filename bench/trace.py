"""A SavedModel's folder and a signature enter; a table leaves: which of TensorFlow's operations take a call's time.

usage: trace.py FOLDER SIGNATURE [LIBRARY …]
"""

import collections
import ctypes
import sys
import time

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
ROUNDS = 5


def drawn(info, name, random):
    shape = [each.size for each in info.tensor_shape.dim]
    kind = tf.dtypes.as_dtype(info.dtype).as_numpy_dtype
    if not np.issubdtype(kind, np.floating):
        return np.zeros(shape, kind)
    values = random.uniform(0.5, 1.5, shape) if name.endswith("variance") else random.normal(0, 0.03, shape)
    return np.asarray(values, kind)


def caller(session, signature):
    """A function that calls it on numbers that were drawn once."""
    random = np.random.default_rng(0)
    given = {info.name: drawn(info, name, random) for name, info in signature.inputs.items()}
    wanted = [info.name for info in signature.outputs.values()]
    return lambda **how: session.run(wanted, given, **how)


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def by_operation(traced):
    """Milliseconds and calls of each."""
    spent, calls = collections.Counter(), collections.Counter()
    for device in traced.step_stats.dev_stats:
        for node in device.node_stats:
            operation = node.timeline_label.partition(" = ")[2].partition("(")[0] or "transfer"
            spent[operation] += (node.op_end_rel_micros - node.op_start_rel_micros) / 1000
            calls[operation] += 1
    return spent, calls


def main(folder, name, *libraries):
    for library in libraries:
        ctypes.CDLL(library)
    with v1.Session(graph=tf.Graph()) as session:
        signatures = v1.saved_model.loader.load(session, ["serve"], folder).signature_def
        caller(session, signatures["write"])()
        if "settle" in signatures:
            caller(session, signatures["settle"])()
        call = caller(session, signatures[name])
        for _ in range(2):
            call()
        median = sorted(seconds(call) for _ in range(ROUNDS))[ROUNDS // 2]
        traced = v1.RunMetadata()
        call(options=v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE), run_metadata=traced)
    spent, calls = by_operation(traced)
    total = sum(spent.values())
    print(f"{median:.3f} s a call; its operations, of which several run at once, take {total / 1000:.3f} s\n")
    print("| operation | calls | ms | share |\n| --- | --: | --: | --: |")
    for operation, ms in spent.most_common():
        if ms >= total / 200:
            print(f"| {operation} | {calls[operation]} | {ms:.0f} | {100 * ms / total:.1f} % |")


if __name__ == "__main__":
    main(*sys.argv[1:])
