/**
 * Scores the classes of an image `[1, H, W, 3]` at every pixel, `[1, H, W, C]` (paper section 4; semseg `tool/test.py`).
 * Padding, windows, scales and mirroring are part of the graph.
 */

import {
  add,
  broadcast,
  concat,
  multiply,
  pad,
  reshape,
  resize,
  reverse,
  scalar,
  slice,
  softmax,
  vector,
} from "../graph/compose.js";
import { type Node, shapeOf, sizesOf } from "../graph/op.js";
import { type Sides, sizeWithin } from "../language/geometry.js";
import type { Evaluate } from "../normalize/experiment.js";
import type { Layer } from "./layer.js";

/** `[N, H, W, 3]` → logits `[N, H, W, C]`, for sizes that `whole` and `window` take care of. */
type Network = Layer;

/** Next size of the form 8n+1, at which stride-2 layers stay odd and align_corners has a whole ratio. */
export const odd = (n: number): number => Math.ceil((n - 1) / 8) * 8 + 1;

/** What `image` measures at `scale`; halves are rounded up, and Caffe's long side is one above. */
export const scaledSize = (
  [height, width]: Sides,
  scale: number,
  { long_side, base, rounding }: Pick<Evaluate, "long_side" | "base" | "rounding">,
): Sides => {
  if (base !== null) return sizeWithin([height, width], base, scale);
  const long = Math.round(scale * (long_side ?? 0)) + (rounding === "above" ? 1 : 0);
  const factor = long_side === null ? scale : long / Math.max(height, width);
  const scaled = (n: number): number => Math.max(1, Math.round(n * factor));
  return [scaled(height), scaled(width)];
};

/**
 * Applies `each` to the image padded to at least `size`, and cuts its answer back. Zeros are the mean colour, for the
 * image is normalised; `centre` puts the odd pixel behind.
 */
const padded =
  (each: Layer, [height, width]: Sides, where: Evaluate["padding"]): Layer =>
  (x) => {
    const [n, h, w] = sizesOf(x, 4);
    const [rows, columns] = [Math.max(0, height - h), Math.max(0, width - w)];
    const before = (more: number): number => (where === "centre" ? Math.floor(more / 2) : 0);
    const [top, left] = [before(rows), before(columns)];
    const y = each(pad(x, [0, top, left, 0], [0, rows - top, columns - left, 0]));
    return slice(y, [0, top, left, 0], [n, h, w, sizesOf(y, 4)[3]]);
  };

const whole =
  (network: Network, { padding, grid }: Evaluate): Layer =>
  (x) => {
    const [, h, w] = sizesOf(x, 4);
    return grid === "none" ? network(x) : padded(network, [odd(h), odd(w)], padding)(x);
  };

/** Starts of windows that cover n pixels; the last is moved back to end where the image ends. */
export const windowStarts = (n: number, window: number, overlap: number): number[] => {
  // A third of 93 is 31 to the author, and a little less to a 64-bit float.
  const stride = Math.ceil(window * (1 - overlap) - 1e-6);
  const count = Math.ceil(Math.max(0, n - window) / stride) + 1;
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(i * stride, n - window)));
};

/** How many windows meet each pixel of a row. */
const coverage = (n: number, starts: readonly number[], window: number): number[] =>
  Array.from(
    { length: n },
    (_, i) => starts.filter((start) => start <= i && i < start + window).length,
  );

/** Of an image no smaller than a window: the mean over the windows that meet at a pixel. */
const windows =
  (network: Network, { window: [height, width], overlap }: Evaluate): Layer =>
  (x) => {
    const [n, H, W, c] = sizesOf(x, 4);
    const [rows, columns] = [windowStarts(H, height, overlap), windowStarts(W, width, overlap)];
    const pieces = rows.flatMap((top) =>
      columns.map((left) => {
        const y = network(slice(x, [0, top, left, 0], [n, height, width, c]));
        return pad(y, [0, top, left, 0], [0, H - top - height, W - left - width, 0]);
      }),
    );
    const share = (starts: readonly number[], size: number, span: number): Node =>
      vector(coverage(size, starts, span).map((count) => 1 / count));
    const byRow = reshape(share(rows, H, height), [1, H, 1, 1]);
    const byColumn = reshape(share(columns, W, width), [1, 1, W, 1]);
    return multiply(multiply(pieces.reduce(add), byRow), byColumn);
  };

/** Mean of a map and of what the mirrored image says, mirrored back; window by window, as semseg has it. */
const mirrored =
  (layer: Layer): Layer =>
  (x) => {
    const both = layer(concat([x, reverse(x, 2)], 0));
    const [n] = sizesOf(x, 4);
    const [, h, w, c] = sizesOf(both, 4);
    const half = (index: number): Node => slice(both, [index * n, 0, 0, 0], [n, h, w, c]);
    return multiply(add(half(0), reverse(half(1), 2)), scalar(0.5));
  };

/**
 * Scores of an image `[1, H, W, 3]`, normalised: the mean over scales (and mirrors) of the probabilities, or of the
 * logits. Scaling resamples bilinearly by the corners of areas, as image libraries do.
 */
export const scores =
  (network: Network, of: Evaluate): Layer =>
  (image) => {
    const [, height, width] = sizesOf(image, 4);
    const averaged: Layer = of.average === "probabilities" ? (x) => softmax(network(x)) : network;
    const one = of.mirror ? mirrored(averaged) : averaged;
    const each =
      of.mode === "whole" ? whole(one, of) : padded(windows(one, of), of.window, of.padding);
    const maps = of.scales.map((scale) => {
      const [h, w] = scaledSize([height, width], scale, of);
      return resize(each(resize(image, h, w, false)), height, width, false);
    });
    const total = maps.reduce(add);
    return maps.length === 1
      ? total
      : multiply(total, broadcast(scalar(1 / maps.length), shapeOf(total)));
  };
