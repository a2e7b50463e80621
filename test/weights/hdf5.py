"""HDF5 files of test/weights/files, by h5py and Keras 3 (KERAS_BACKEND=torch): packed numbers, and Keras's own names.

usage: hdf5.py FOLDER
"""

import sys

import h5py
import keras
import numpy as np

folder = sys.argv[1]
numbers = np.arange(5000, dtype=np.float32).reshape(50, 100)
with h5py.File(f"{folder}/chunked.h5", "w") as file:
    file.create_dataset("a/whole", data=numbers)
    file.create_dataset("a/chunked", data=numbers, chunks=(10, 100))
    file.create_dataset("a/packed", data=numbers, chunks=(10, 10), compression="gzip", shuffle=True, fletcher32=True)
with h5py.File(f"{folder}/lzf.h5", "w") as file:
    file.create_dataset("a", data=numbers, chunks=(10, 10), compression="lzf")
with h5py.File(f"{folder}/unwritten.h5", "w") as file:
    file.create_dataset("a", shape=(2**20, 2**14), dtype=np.float32, chunks=(2**10, 2**10), compression="gzip")

model = keras.Sequential([
    keras.Input((8, 8, 3)),
    keras.layers.Conv2D(2, 3, name="conv1_conv"),
    keras.layers.BatchNormalization(name="conv1_bn"),
    keras.layers.Dense(1),
])  # fmt: skip
for i, variable in enumerate(model.weights):
    variable.assign(np.full(variable.shape, i, np.float32))
model.save_weights(f"{folder}/keras3.weights.h5")
