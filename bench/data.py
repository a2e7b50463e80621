"""Semseg's training pipeline in OpenCV, for bench/data.mjs: reads 'image label crop count dtype' lines, prints CPU seconds."""

import random
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
MEAN = [123.675, 116.28, 103.53]


def sample(image_path, label_path, crop, dtype):
    image = cv2.cvtColor(cv2.imread(image_path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB).astype(dtype, copy=False)
    label = cv2.imread(label_path, cv2.IMREAD_GRAYSCALE)
    factor = random.uniform(0.5, 2)
    image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    label = cv2.resize(label, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    height, width = label.shape
    if random.random() < 0.5:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-10, 10), 1)
        edge = {"borderMode": cv2.BORDER_CONSTANT}
        image = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderValue=MEAN, **edge)
        label = cv2.warpAffine(label, turn, (width, height), flags=cv2.INTER_NEAREST, borderValue=255, **edge)
    if random.random() < 0.5:
        image = cv2.GaussianBlur(image, (5, 5), 0)
    if random.random() < 0.5:
        image, label = cv2.flip(image, 1), cv2.flip(label, 1)
    high, wide = max(crop - height, 0), max(crop - width, 0)
    if high or wide:
        frame = (high // 2, high - high // 2, wide // 2, wide - wide // 2, cv2.BORDER_CONSTANT)
        image = cv2.copyMakeBorder(image, *frame, value=MEAN)
        label = cv2.copyMakeBorder(label, *frame, value=255)
    top, left = random.randint(0, label.shape[0] - crop), random.randint(0, label.shape[1] - crop)
    window = np.s_[top : top + crop, left : left + crop]
    return np.ascontiguousarray(image[window]), np.ascontiguousarray(label[window])


random.seed(0)
print("ready", flush=True)
for line in sys.stdin:
    image_path, label_path, crop, count, dtype = line.split()
    start = time.process_time()
    for _ in range(int(count)):
        sample(image_path, label_path, int(crop), dtype)
    print(time.process_time() - start, flush=True)
