/** Semseg's augmentation as separate passes, each rounding to bytes, and the fused pass measured against them. */

import { warper } from "../../src/data/augment.js";
import type { Labelled } from "../../src/data/sample.js";
import type { Decision } from "../../src/plan/augment.js";

/** `channels` bytes a pixel, [H, W, channels]. */
export interface Raster {
  readonly at: (x: number, y: number, channel: number) => number;
  readonly height: number;
  readonly width: number;
}

const raster = (
  height: number,
  width: number,
  channels: number,
  value: (x: number, y: number, channel: number) => number,
): Raster => {
  const bytes = new Uint8Array(height * width * channels);
  for (let i = 0; i < bytes.length; i++) {
    const pixel = Math.floor(i / channels);
    bytes[i] = Math.round(value(pixel % width, Math.floor(pixel / width), i % channels));
  }
  return { at: (x, y, k) => bytes[(y * width + x) * channels + k]!, height, width };
};

const clamp = (n: number, length: number) => Math.min(Math.max(n, 0), length - 1);

/** `cv2.resize(fx, fy)`: pixel areas scale; INTER_NEAREST takes the floor. */
function resize(source: Raster, fx: number, fy: number, channels: number): Raster {
  const even = (n: number) => (Math.abs(n % 1) === 0.5 ? 2 * Math.round(n / 2) : Math.round(n));
  const [height, width] = [even(source.height * fy), even(source.width * fx)];
  return raster(height, width, channels, (x, y, k) => {
    if (channels === 1)
      return source.at(
        clamp(Math.floor(x / fx), source.width),
        clamp(Math.floor(y / fy), source.height),
        0,
      );
    const sx = clamp((x + 0.5) / fx - 0.5, source.width);
    const sy = clamp((y + 0.5) / fy - 0.5, source.height);
    return bilinear(source, sx, sy, k, () => 0);
  });
}

/** `cv2.warpAffine` with `getRotationMatrix2D((w/2, h/2), degrees, 1)` and a constant border. */
function rotate(
  source: Raster,
  degrees: number,
  channels: number,
  border: readonly number[],
): Raster {
  const { height, width } = source;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return raster(height, width, channels, (x, y, k) => {
    const [dx, dy] = [x - width / 2, y - height / 2];
    const sx = cos * dx - sin * dy + width / 2;
    const sy = sin * dx + cos * dy + height / 2;
    if (channels > 1) return bilinear(source, sx, sy, k, () => border[k]!);
    const [nx, ny] = [Math.round(sx), Math.round(sy)];
    return nx >= 0 && ny >= 0 && nx < width && ny < height ? source.at(nx, ny, 0) : border[0]!;
  });
}

function bilinear(s: Raster, x: number, y: number, k: number, beyond: () => number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const at = (px: number, py: number) =>
    px >= 0 && py >= 0 && px < s.width && py < s.height ? s.at(px, py, k) : beyond();
  const row = (py: number) => (fx === 0 ? at(x0, py) : at(x0, py) * (1 - fx) + at(x0 + 1, py) * fx);
  return fy === 0 ? row(y0) : row(y0) * (1 - fy) + row(y0 + 1) * fy;
}

/** 5×5 Gaussian without a sigma: 1-4-6-4-1 on both axes, mirrored about the outermost pixels. */
function gaussian(source: Raster): Raster {
  const mirrored = (n: number, length: number) => {
    let i = n;
    while (i < 0 || i >= length) i = i < 0 ? -i : 2 * (length - 1) - i;
    return i;
  };
  const kernel = [1, 4, 6, 4, 1];
  return raster(source.height, source.width, 3, (x, y, k) => {
    let sum = 0;
    for (let dy = -2; dy <= 2; dy++)
      for (let dx = -2; dx <= 2; dx++)
        sum +=
          kernel[dx + 2]! *
          kernel[dy + 2]! *
          source.at(mirrored(x + dx, source.width), mirrored(y + dy, source.height), k);
    return sum / 256;
  });
}

const flip = (s: Raster, channels: number): Raster =>
  raster(s.height, s.width, channels, (x, y, k) => s.at(s.width - 1 - x, y, k));

/** The window of the crop, padded where the picture does not reach. */
function cut(
  source: Raster,
  { crop, drawn }: Decision,
  channels: number,
  border: readonly number[],
): Raster {
  return raster(crop[0], crop[1], channels, (x, y, k) => {
    const [sx, sy] = [x + drawn.offset[0], y + drawn.offset[1]];
    const there = sx >= 0 && sy >= 0 && sx < source.width && sy < source.height;
    return there ? source.at(sx, sy, k) : border[k]!;
  });
}

/** Scale, rotate, blur, mirror, crop: what was drawn, one pass after the other. */
export function inSequence(
  bytes: Uint8Array,
  height: number,
  width: number,
  decision: Decision,
  border: readonly number[],
): Raster {
  const channels = border.length;
  const { scale, degrees, mirrored } = decision.drawn;
  let now = raster(height, width, channels, (x, y, k) => bytes[(y * width + x) * channels + k]!);
  if (scale[0] !== 1 || scale[1] !== 1) now = resize(now, scale[0], scale[1], channels);
  if (degrees !== 0) now = rotate(now, degrees, channels, border);
  if (decision.blur && channels === 3) now = gaussian(now);
  if (mirrored) now = flip(now, channels);
  return cut(now, decision, channels, border);
}

/** ImageNet's; padding takes its rounded values. */
export const mean = [123.675, 116.28, 103.53] as const;

/** The fused pass. */
export function carriedOut(source: Labelled, decision: Decision) {
  const [height, width] = decision.crop;
  const image = new Uint8Array(3 * height * width);
  const labels = new Uint8Array(height * width);
  warper(decision.crop, mean)(source, decision, image, labels);
  return { image, labels };
}

/**
 * The fused pass against the sequence, on the pixels at least 2 from any boundary between labels: mean
 * difference of the image's values, and the share of labels that differ.
 */
export function compared(source: Labelled, decision: Decision) {
  const { height, width } = source;
  const ours = carriedOut(source, decision);
  const image = inSequence(source.image, height, width, decision, mean);
  const labels = inSequence(Uint8Array.from(source.labels), height, width, decision, [255]);
  const uniform = (x: number, y: number, label: number) => {
    for (let dy = -2; dy <= 2; dy++)
      for (let dx = -2; dx <= 2; dx++) if (labels.at(x + dx, y + dy, 0) !== label) return false;
    return true;
  };
  let [sum, wrong, pixels] = [0, 0, 0];
  for (let y = 2; y < image.height - 2; y++)
    for (let x = 2; x < image.width - 2; x++) {
      const label = labels.at(x, y, 0);
      if (!uniform(x, y, label)) continue;
      const i = y * image.width + x;
      pixels++;
      if (ours.labels[i] !== label) wrong++;
      for (let k = 0; k < 3; k++) sum += Math.abs(image.at(x, y, k) - ours.image[3 * i + k]!);
    }
  return { difference: sum / (3 * pixels), wrong: wrong / pixels, pixels };
}
