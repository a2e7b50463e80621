/** The layers that PSPNet is made of: functions from `[N, H, W, C]` to `[N, H', W', C']`. */

import { invariant } from "../diagnostic/invariant.js";
import {
  add,
  apply,
  cast,
  concat,
  constant,
  convolution,
  depthwise,
  divide,
  gather,
  greaterEqual,
  movingAverage,
  multiply,
  pad,
  padding,
  parameter,
  part,
  relu,
  relu6,
  reshape,
  scalar,
  slice,
  sum,
  uniform,
  variable,
  vector,
} from "../graph/compose.js";
import type { Update } from "../graph/graph.js";
import {
  type Node,
  type NodeOf,
  shapeOf,
  sizesOf,
  type Variable,
  type Window,
} from "../graph/op.js";
import type { Initial, LayerSite } from "../graph/variable.js";
import type { Freeze, Model, Norm } from "../normalize/experiment.js";
import { isNormFrozen } from "./stages.js";

export type Layer = (x: Node) => Node;

/** A batch may come in `count` equal parts, this one at `index` (i32 `[]`). */
export interface BatchPart {
  readonly count: number;
  readonly index: Node;
}

/** What a layer must know of where it stands. Randomness is an argument: dropout is a function of (seed, step). */
export interface Context {
  readonly phase: "train" | "infer";
  readonly norm: Norm;
  readonly dropout: Model["dropout"];
  readonly alignCorners: boolean;
  readonly seed: number;
  readonly freeze: Freeze;
  readonly part: BatchPart;
}

export interface Convolution {
  readonly channels: number;
  readonly size: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
  /** Equal shares of the channels, of which no output of one sees another. */
  readonly groups?: number;
}

export const chain =
  (...layers: readonly Layer[]): Layer =>
  (x) =>
    layers.reduce((y, layer) => layer(y), x);

const fixed = (value: number): Initial => ({ kind: "constant", value });

/**
 * The backbone starts as He et al. have it (fan-out), new layers as PyTorch's convolutions do when nobody
 * initialises them, which is what semseg trained (`model/pspnet.py`).
 */
const initialKernel = ({ part }: LayerSite, [height, width, from, to]: KernelShape): Initial =>
  part === "backbone"
    ? { kind: "kaiming", fan: height * width * to }
    : { kind: "uniform", bound: 1 / Math.sqrt(height * width * from) };

const initialBias = ({ part }: LayerSite, [height, width, from]: KernelShape): Initial =>
  part === "backbone" ? fixed(0) : { kind: "uniform", bound: 1 / Math.sqrt(height * width * from) };

type KernelShape = readonly [height: number, width: number, from: number, to: number];

/** One of equal shares of the channels. */
const shareOf = (x: Node, index: number, shares: number): Node => {
  const last = shapeOf(x).length - 1;
  const size = (shapeOf(x)[last] ?? 0) / shares;
  const begin = shapeOf(x).map((_, axis) => (axis === last ? index * size : 0));
  return slice(x, begin, shapeOf(x).with(last, size));
};

/**
 * Each group's channels by a kernel of their own; `kernel` is `[h, w, C / groups, C']`, as PyTorch has it. TensorFlow's
 * CPU kernels know no groups, so that each is a convolution.
 */
const grouped = (x: Node, kernel: Node, groups: number, window: Window): Node =>
  concat(
    Array.from({ length: groups }, (_, i) =>
      convolution(shareOf(x, i, groups), shareOf(kernel, i, groups), window),
    ),
    3,
  );

/** A square convolution, padded so that stride 1 keeps the size. */
export const conv =
  (
    site: LayerSite,
    { channels, size, stride = 1, dilation = 1, bias = false, groups = 1 }: Convolution,
  ): Layer =>
  (x) => {
    const from = sizesOf(x, 4)[3] / groups;
    const shape = [size, size, from, channels] as const;
    const kernel = parameter({ ...site, word: "kernel" }, shape, initialKernel(site, shape));
    const around = padding((dilation * (size - 1)) / 2);
    const y = grouped(x, kernel, groups, { stride, dilation, padding: around });
    const initial = initialBias(site, shape);
    return bias ? add(y, parameter({ ...site, word: "bias" }, [channels], initial)) : y;
  };

/** `[N, H, W, C]` → `[N, ⌈H/s⌉, ⌈W/s⌉, C]`: means of 3×3 pixels, of which those outside of the map count as 0. */
export const poolByMean =
  (stride: number): Layer =>
  (x) => {
    const ninth = constant({ kind: "fill", value: 1 / 9 }, "f32", 3, 3, 1, sizesOf(x, 4)[3]);
    return depthwise(x, ninth, { stride, dilation: 1, padding: padding(1) });
  };

/**
 * `[N, H, W, C]` → `[N, ⌈H/2⌉, ⌈W/2⌉, C]`: means of 2×2 pixels; of an odd side the last mean is of what there is
 * (PyTorch's and Paddle's AvgPool2d with ceil_mode).
 */
export const halveByMean: Layer = (x) => {
  const [n, height, width, c] = sizesOf(x, 4);
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const even = pad(x, [0, 0, 0, 0], [0, 2 * rows - height, 2 * columns - width, 0]);
  const tall = sum(reshape(even, [n * rows, 2, 2 * columns * c]), [1]);
  const sums = reshape(sum(reshape(tall, [n * rows * columns, 2, c]), [1]), [n, rows, columns, c]);
  const shares = (count: number, size: number): Node =>
    vector(Array.from({ length: count }, (_, i) => 1 / Math.min(2, size - 2 * i)));
  const byRow = reshape(shares(rows, height), [1, rows, 1, 1]);
  const byColumn = reshape(shares(columns, width), [1, 1, columns, 1]);
  return multiply(multiply(sums, byRow), byColumn);
};

/** Batch normalisation over N, H and W; in training it also moves the running statistics. */
export const norm =
  ({ phase, freeze, norm: { epsilon } }: Context, site: LayerSite): Layer =>
  (x) => {
    const [, , , ...channels] = sizesOf(x, 4);
    const scale = parameter({ ...site, word: "scale" }, channels, fixed(1));
    const shift = parameter({ ...site, word: "shift" }, channels, fixed(0));
    const { mean, variance } = runningOf(scale);
    return phase === "train" && !isNormFrozen(site, freeze)
      ? apply("batchNorm", { epsilon }, [x, scale, shift])
      : apply("batchNormInference", { epsilon }, [x, scale, shift, mean, variance]);
  };

/** Running mean and variance of a norm. */
export interface Running {
  readonly mean: Variable;
  readonly variance: Variable;
}

/** Those of the norm to which a parameter belongs. */
export const runningOf = ({
  attributes: { site, shape },
}: Pick<Variable, "attributes">): Running => {
  invariant(site !== null, "a norm stands in a layer");
  return {
    mean: parameter({ ...site, word: "mean" }, shape, fixed(0)),
    variance: parameter({ ...site, word: "variance" }, shape, fixed(1)),
  };
};

/**
 * Running statistics follow those of each batch, `keep` of the old and the rest of the new. The running variance is
 * unbiased, as PyTorch and TensorFlow keep it; over a single value it is taken as it is.
 */
export const followBatch = (
  norm: NodeOf<"batchNorm"> & Node,
  { mean, variance }: Running,
  keep: number,
): readonly Update<Node>[] => {
  const [n, h, w] = sizesOf(norm, 4);
  const count = n * h * w;
  const unbiased = multiply(part(norm, 2), scalar(count / Math.max(1, count - 1)));
  return [
    { variable: mean, value: movingAverage(mean, part(norm, 1), keep) },
    { variable: variance, value: movingAverage(variance, unbiased, keep) },
  ];
};

export const convNorm = (context: Context, site: LayerSite, options: Convolution): Layer => {
  const bias = context.norm.bias === "new" && site.part !== "backbone";
  return chain(conv(site, { ...options, bias }), norm(context, site));
};

/** What may follow a norm. */
export const rectifiers = { relu, relu6 } as const satisfies Readonly<Record<string, Layer>>;

export const convNormThen =
  (rectify: Layer) =>
  (context: Context, site: LayerSite, options: Convolution): Layer =>
    chain(convNorm(context, site, options), rectify);

export const convNormRelu = convNormThen(relu);

/** A depthwise convolution and its norm. */
export const depthwiseNorm = (
  context: Context,
  site: LayerSite,
  { size, stride = 1, dilation = 1 }: Omit<Convolution, "channels" | "bias">,
): Layer => {
  const convolve: Layer = (x) => {
    const [, , , channels] = sizesOf(x, 4);
    // An output reads one channel, and an input is read by one output: both fans are the window.
    const initial = { kind: "kaiming", fan: size * size } as const;
    const kernel = parameter({ ...site, word: "kernel" }, [size, size, 1, channels], initial);
    const around = padding((dilation * (size - 1)) / 2);
    return depthwise(x, kernel, { stride, dilation, padding: around });
  };
  return chain(convolve, norm(context, site));
};

/** The step counter: the one state from which every draw inside the graph follows. */
export const stepCounter = (): Node =>
  variable({
    name: "step",
    dtype: "i32",
    shape: [],
    role: "step",
    site: null,
    initial: fixed(0),
  });

/** The rows of one part: what is drawn for a batch does not depend on the parts in which it comes. */
const rowsOf = ({ count, index }: BatchPart, whole: Node, rows: number): Node => {
  if (count === 1) return whole;
  const row = constant({ kind: "values", values: [...Array(rows).keys()] }, "i32", rows);
  return gather(whole, add(multiply(index, scalar(rows, "i32")), row));
};

/**
 * Drops with `probability` whole channels of a sample (PyTorch's Dropout2d), or each value by itself (its Dropout), and
 * scales the rest up.
 */
export const drop =
  ({ phase, seed, part, dropout }: Context, probability: number, stream: number): Layer =>
  (x) => {
    if (phase === "infer" || probability === 0) return x;
    const [samples, height, width, channels] = sizesOf(x, 4);
    const [h, w] = dropout === "channels" ? [1, 1] : [height, width];
    const whole = uniform(stepCounter(), [part.count * samples, h, w, channels], seed, stream);
    const draw = rowsOf(part, whole, samples);
    const kept = cast(greaterEqual(draw, scalar(probability)), "f32");
    return multiply(x, multiply(kept, scalar(1 / (1 - probability))));
  };

/** RGB bytes `[N, H, W, 3]` to the scale that the network sees. */
export const normalise =
  (mean: readonly number[], std: readonly number[]): Layer =>
  (image) => {
    const row = (values: readonly number[]): Node =>
      constant({ kind: "values", values }, "f32", values.length);
    return divide(add(cast(image, "f32"), row(mean.map((value) => -value))), row(std));
  };
