"""mmsegmentation's PhotoMetricDistortion and mmcv's rescale_size on drawn numbers, by numpy and OpenCV.

    pip install numpy opencv-python-headless
    python3 test/oracle/distort.py > test/golden/oracle/distort.txt

A line of the first kind: brightness contrast when saturation hue, the pixels before, the pixels after ("-" is a step
that is left out; pixels are RGB in hexadecimal). Rows of 64 pixels are what OpenCV's vectors compute whole.
A line of the second kind: height width, the base size, the scale, the height and width that come of it.
"""

import cv2
import numpy as np

draw = np.random.default_rng(19)


def to_bytes(image, factor=1.0, term=0.0):
    moved = image.astype(np.float32) * np.float32(factor) + np.float32(term)
    return np.clip(moved, 0, 255).astype(np.uint8)


def distorted(bgr, brightness, contrast, last, saturation, hue):
    if brightness is not None:
        bgr = to_bytes(bgr, term=brightness)
    if contrast is not None and not last:
        bgr = to_bytes(bgr, factor=contrast)
    if saturation is not None:
        hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
        hsv[:, :, 1] = to_bytes(hsv[:, :, 1], factor=saturation)
        bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if hue is not None:
        hsv = cv2.cvtColor(bgr, cv2.COLOR_BGR2HSV)
        hsv[:, :, 0] = (hsv[:, :, 0].astype(int) + hue) % 180
        bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    if contrast is not None and last:
        bgr = to_bytes(bgr, factor=contrast)
    return bgr


def sometimes(value):
    return value if draw.random() < 0.75 else None


def rescaled(height, width, base, scale):
    bounds = [int(side * scale) for side in base]
    factor = min(max(bounds) / max(height, width), min(bounds) / min(height, width))
    return int(height * factor + 0.5), int(width * factor + 0.5)


for case in range(48):
    brightness = sometimes(round(draw.uniform(-32, 32), 6))
    contrast = sometimes(round(draw.uniform(0.5, 1.5), 6))
    last = bool(draw.integers(2))
    saturation = sometimes(round(draw.uniform(0.5, 1.5), 6))
    hue = sometimes(int(draw.integers(-18, 18)))
    bgr = draw.integers(0, 256, (1, 64, 3), dtype=np.uint8)
    if case % 4 == 0:  # nearly grey, where hue and saturation are coarse
        bgr = np.clip(bgr[:, :, :1].astype(int) + draw.integers(-3, 4, (1, 64, 3)), 0, 255).astype(np.uint8)
    after = distorted(bgr, brightness, contrast, last, saturation, hue)
    words = ["-" if x is None else repr(x) for x in (brightness, contrast)]
    words += ["last" if last else "first"]
    words += ["-" if x is None else repr(x) for x in (saturation, hue)]
    words += [np.ascontiguousarray(x[:, :, ::-1]).tobytes().hex() for x in (bgr, after)]
    print(*words)

for base in ((1024, 2048), (512, 2048), (520, 520), (512, 512), (1025, 2049)):
    for _ in range(12):
        height, width = (int(n) for n in draw.integers(100, 2200, 2))
        scale = round(draw.uniform(0.5, 2), 6)
        print(height, width, *base, scale, *rescaled(height, width, base, scale))
