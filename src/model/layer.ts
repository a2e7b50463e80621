/** The layers that PSPNet is made of: functions from `[N, H, W, C]` to `[N, H, W, C']`, composed by the rooms beside. */

import {
  add,
  apply,
  cast,
  constant,
  convolution,
  divide,
  gather,
  greaterEqual,
  multiply,
  padding,
  relu,
  scalar,
  uniform,
  variable,
} from "../graph/compose.js";
import { type Group, type Initial, type Node, type Role, shapeOf } from "../graph/op.js";
import type { Shape } from "../graph/type.js";
import type { Freeze, Norm } from "../normalize/experiment.js";
import { isNormFrozen } from "./freeze.js";

export type Layer = (x: Node) => Node;

/** A batch may come in `count` equal parts, this one at `index` (i32 `[]`). */
export interface Part {
  readonly count: number;
  readonly index: Node;
}

/** What a layer must know of where it stands. Randomness is an argument: dropout is a function of (seed, step). */
export interface Context {
  readonly phase: "train" | "infer";
  readonly norm: Norm;
  readonly alignCorners: boolean;
  readonly seed: number;
  readonly freeze: Freeze;
  readonly part: Part;
}

export interface Convolution {
  readonly channels: number;
  readonly size: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly bias?: boolean;
}

export const chain =
  (...layers: readonly Layer[]): Layer =>
  (x) =>
    layers.reduce((y, layer) => layer(y), x);

/** The group of a variable is the first word of its name: `backbone.stage1.block2.conv1.kernel`. */
const groupOf = (name: string): Group => name.split(".")[0] as Group;

const state = (name: string, shape: Shape, role: Role, initial: Initial): Node =>
  variable({ name, dtype: "f32", shape, role, group: groupOf(name), initial });

const fixed = (value: number): Initial => ({ kind: "constant", value });

/**
 * The backbone starts as He et al. have it (fan-out), new layers as PyTorch's convolutions do when nobody
 * initialises them, which is what semseg trained (`model/pspnet.py`).
 */
const initialKernel = (name: string, shape: Shape): Initial => {
  const [height, width, from, to] = shape;
  return groupOf(name) === "backbone"
    ? { kind: "kaiming", fan: height * width * to }
    : { kind: "uniform", bound: 1 / Math.sqrt(height * width * from) };
};

/** A square convolution, padded so that stride 1 keeps the size. */
export const conv =
  (name: string, { channels, size, stride = 1, dilation = 1, bias = false }: Convolution): Layer =>
  (x) => {
    const from = shapeOf(x)[3];
    const shape = [size, size, from, channels];
    const kernel = state(`${name}.kernel`, shape, "kernel", initialKernel(name, shape));
    const y = convolution(x, kernel, {
      stride,
      dilation,
      padding: padding((dilation * (size - 1)) / 2),
    });
    const bound = 1 / Math.sqrt(size * size * from);
    return bias ? add(y, state(`${name}.bias`, [channels], "bias", { kind: "uniform", bound })) : y;
  };

/** Batch normalisation over N, H and W; in training it also moves the running statistics. */
export const norm =
  ({ phase, freeze, norm: { epsilon, momentum } }: Context, name: string): Layer =>
  (x) => {
    const channels = [shapeOf(x)[3]];
    const args = [
      x,
      state(`${name}.scale`, channels, "scale", fixed(1)),
      state(`${name}.shift`, channels, "shift", fixed(0)),
      state(`${name}.mean`, channels, "statistic", fixed(0)),
      state(`${name}.variance`, channels, "statistic", fixed(1)),
    ];
    return phase === "train" && !isNormFrozen(name, freeze)
      ? apply("batchNorm", { epsilon, keep: momentum }, args)
      : apply("batchNormInference", { epsilon }, args);
  };

export const convNorm = (context: Context, name: string, options: Convolution): Layer =>
  chain(conv(`${name}.conv`, options), norm(context, `${name}.norm`));

export const convNormRelu = (context: Context, name: string, options: Convolution): Layer =>
  chain(convNorm(context, name, options), relu);

/** The step counter: the one state from which every draw inside the graph follows. */
export const stepCounter = (): Node =>
  variable({
    name: "step",
    dtype: "i32",
    shape: [],
    role: "step",
    group: "head",
    initial: fixed(0),
  });

/** The rows of one part: what is drawn for a batch does not depend on the parts in which it comes. */
const rowsOf = ({ count, index }: Part, whole: Node, rows: number): Node => {
  if (count === 1) return whole;
  const row = constant({ kind: "values", values: [...Array(rows).keys()] }, "i32", rows);
  return gather(whole, add(multiply(index, scalar(rows, "i32")), row));
};

/** Drops whole channels of a sample with `probability` and scales the rest up (PyTorch's Dropout2d). */
export const dropChannels =
  ({ phase, seed, part }: Context, probability: number, stream: number): Layer =>
  (x) => {
    if (phase === "infer" || probability === 0) return x;
    const [samples, , , channels] = shapeOf(x);
    const whole = uniform(stepCounter(), [part.count * samples, 1, 1, channels], seed, stream);
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
