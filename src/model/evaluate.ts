/**
 * Inference on an image of one size, compiled whole (paper section 4; facts as in semseg `tool/test.py`): bytes
 * `[H, W, 3]` enter, probabilities `[H, W, C]` leave. Padding, windows, scales and mirroring are part of the graph.
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
import { type Node, shapeOf } from "../graph/op.js";
import type { Evaluate } from "../normalize/experiment.js";
import type { Layer } from "./layer.js";

/** `[N, H, W, 3]` → logits `[N, H, W, C]`, for sizes that `whole` and `window` take care of. */
type Network = Layer;

/** Next size of the form 8n+1, at which stride-2 layers stay odd and align_corners has a whole ratio. */
export const odd = (n: number): number => Math.ceil((n - 1) / 8) * 8 + 1;

/** Zeros are the mean colour: the image is normalised. */
const padTo = (x: Node, height: number, width: number): Node => {
  const [, h, w] = shapeOf(x);
  return pad(x, [0, 0, 0, 0], [0, Math.max(0, height - h), Math.max(0, width - w), 0]);
};

const cropTo = (x: Node, height: number, width: number): Node => {
  const [n, , , c] = shapeOf(x);
  return slice(x, [0, 0, 0, 0], [n, height, width, c]);
};

const whole =
  (network: Network): Layer =>
  (x) => {
    const [, h, w] = shapeOf(x);
    return cropTo(network(padTo(x, odd(h), odd(w))), h, w);
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

const windows =
  (network: Network, { window: [height, width], overlap }: Evaluate): Layer =>
  (x) => {
    const [n, h, w, c] = shapeOf(x);
    const padded = padTo(x, height, width);
    const [, H, W] = shapeOf(padded);
    const [rows, columns] = [windowStarts(H, height, overlap), windowStarts(W, width, overlap)];
    const pieces = rows.flatMap((top) =>
      columns.map((left) => {
        const y = network(slice(padded, [0, top, left, 0], [n, height, width, c]));
        return pad(y, [0, top, left, 0], [0, H - top - height, W - left - width, 0]);
      }),
    );
    const share = (starts: readonly number[], size: number, span: number): Node =>
      vector(coverage(size, starts, span).map((count) => 1 / count));
    const byRow = reshape(share(rows, H, height), [1, H, 1, 1]);
    const byColumn = reshape(share(columns, W, width), [1, 1, W, 1]);
    return cropTo(multiply(multiply(pieces.reduce(add), byRow), byColumn), h, w);
  };

/** Mean of a map and of what the mirrored image says, mirrored back; window by window, as semseg has it. */
const mirrored =
  (layer: Layer): Layer =>
  (x) => {
    const both = layer(concat([x, reverse(x, 2)], 0));
    const n = shapeOf(x)[0];
    const [, h, w, c] = shapeOf(both);
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
    const [, height, width] = shapeOf(image);
    const averaged: Layer = of.average === "probabilities" ? (x) => softmax(network(x)) : network;
    const one = of.mirror ? mirrored(averaged) : averaged;
    const each = of.mode === "whole" ? whole(one) : windows(one, of);
    const maps = of.scales.map((scale) => {
      const scaled = resize(image, Math.round(height * scale), Math.round(width * scale), false);
      return resize(each(scaled), height, width, false);
    });
    const total = maps.reduce(add);
    return maps.length === 1
      ? total
      : multiply(total, broadcast(scalar(1 / maps.length), shapeOf(total)));
  };
