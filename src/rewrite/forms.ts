/** The exact forms that a convolution and its gradients have, and the layer itself in one of them. */

import { isSome, none, type Option } from "fp-ts/lib/Option.js";
import { input, onArgs } from "../graph/compose.js";
import { type Node, type NodeOf, shapeOf, typeOf } from "../graph/op.js";
import { product, type Shape } from "../graph/type.js";
import { spaceToBatch } from "./phases.js";
import {
  inputGradientAsConvolution,
  kernelGradientAsProducts,
  pointwiseAsProduct,
} from "./products.js";
import type { Rewrite } from "./rewrite.js";
import { winograd } from "./winograd.js";

export type Layer =
  | NodeOf<"convolution">
  | NodeOf<"convolutionInputGradient">
  | NodeOf<"convolutionKernelGradient">;

/** `native` is the layer as it is, by the target's own kernel for it. */
export type Form =
  | "native"
  | "product"
  | "turned"
  | "taps"
  | "phases"
  | "winograd-2"
  | "winograd-4";

const rewrites: Readonly<Record<Exclude<Form, "native">, Rewrite>> = {
  product: pointwiseAsProduct,
  turned: inputGradientAsConvolution,
  taps: kernelGradientAsProducts,
  phases: spaceToBatch,
  "winograd-2": winograd(2),
  "winograd-4": winograd(4),
};

export const isForm = (name: string): name is Form => name === "native" || name in rewrites;

export const isLayer = (node: Node): node is Layer & Node =>
  node.op === "convolution" ||
  node.op === "convolutionInputGradient" ||
  node.op === "convolutionKernelGradient";

/** The layer in a form; none where it is in that form already, or has no such form. */
export const inForm = (layer: Layer & Node, form: Form): Option<Node> =>
  form === "native" ? none : rewrites[form].rule(layer);

export const formsOf = (layer: Layer & Node): readonly Form[] => [
  "native",
  ...Object.keys(rewrites)
    .filter(isForm)
    .filter((form) => isSome(inForm(layer, form))),
];

/** The convolution that a layer is, or is a gradient of: its input, kernel and output. */
export interface Shapes {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly y: Shape;
}

export const shapesOf = (layer: Layer): Shapes => {
  const [a, b] = [shapeOf(layer.args[0]), shapeOf(layer.args[1])];
  if (layer.op === "convolution") return { x: a, kernel: b, y: layer.types[0].shape };
  return layer.op === "convolutionInputGradient"
    ? { x: layer.attributes.shape, kernel: a, y: b }
    : { x: a, kernel: layer.attributes.shape, y: b };
};

/** The layer by itself: its arguments are inputs. */
export const alone = (layer: Layer & Node): Layer & Node =>
  onArgs(layer, (arg, i) => input(`argument${i}`, typeOf(arg).dtype, ...shapeOf(arg)));

/**
 * One name for all layers that cost the same: `kernel gradient f32 2×24×24×512 * 3×3×512×512 stride 1 dilation 4 …`.
 * Where weights are `settled`, what a form makes of them alone costs nothing.
 */
export const nameOf = (layer: Layer & Node, isSettled = false): string => {
  const { x, kernel } = shapesOf(layer);
  const { stride, dilation, padding } = layer.attributes;
  const { top, bottom, left, right } = padding;
  const what = layer.op.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return `${what} ${typeOf(layer).dtype} ${x.join("×")} * ${kernel.join("×")} stride ${stride} dilation ${dilation} padding ${top},${bottom},${left},${right}${isSettled ? ", weights settled" : ""}`;
};

/** Multiply-accumulates of the layer as its definition has them. */
export const macsOfLayer = (layer: Layer): number => {
  const { kernel, y } = shapesOf(layer);
  return product(kernel.slice(0, 3)) * product(y);
};
