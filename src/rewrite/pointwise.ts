/** A 1×1 convolution, or its gradient by the input, enters; one product of matrices over all pixels leaves. */

import { none, some } from "fp-ts/lib/Option.js";
import { matmul, reshape } from "../graph/compose.js";
import { type Node, shapeOf, type Window } from "../graph/op.js";
import { product, type Shape } from "../graph/type.js";
import type { Rewrite } from "./rewrite.js";

const isOurs = ([kh, kw]: Shape, { stride, padding }: Window): boolean =>
  kh * kw * stride === 1 && Object.values(padding).every((n) => n === 0);

const byPixel = (x: Node): Node => {
  const shape = shapeOf(x);
  return reshape(x, [product(shape.slice(0, 3)), shape[3]]);
};
const asMatrix = (kernel: Node): Node => reshape(kernel, shapeOf(kernel).slice(2));

export const pointwiseAsProduct: Rewrite = {
  name: "pointwise-as-product",
  law: "a 1×1 convolution without stride multiplies each pixel's channels by one matrix, and its input gradient by the transpose",
  rule: (node) => {
    if (node.op !== "convolution" && node.op !== "convolutionInputGradient") return none;
    const [a, b] = node.args;
    const [image, kernel] = node.op === "convolution" ? [a, b] : [b, a];
    if (!isOurs(shapeOf(kernel), node.attributes)) return none;
    const turned = node.op === "convolutionInputGradient";
    return some(reshape(matmul(byPixel(image), asMatrix(kernel), false, turned), shapeOf(node)));
  },
};
