/** Dilation by phases: a dilated convolution, or a gradient of one, enters; a plain one over its phases leaves. */

import { none, type Option, some } from "fp-ts/lib/Option.js";
import { apply, padding as around, convolution, reshape } from "../graph/compose.js";
import { type Node, shapeOf, type Window } from "../graph/op.js";
import type { Shape } from "../graph/type.js";
import { fromBlocks, type Grid, gridOver, inBlocks } from "./phases.js";
import type { Rewrite } from "./rewrite.js";

const plain: Window = { stride: 1, dilation: 1, padding: around(0) };

const isOurs = ([kh, kw]: Shape, { stride, dilation }: Window): boolean =>
  kh === kw && stride === 1 && dilation > 1;

/** One picture a phase: `[phases, rows, columns, C]`. */
const pictures = (blocks: Node): Node => reshape(blocks, shapeOf(blocks).slice(2));
const blocksOf = (images: Node): Node => reshape(images, [1, 1, ...shapeOf(images)]);

const shown = (x: Node, grid: Grid, padding: Window["padding"], size: number): Node =>
  pictures(inBlocks(x, grid, padding, size - 1));

const byPhases = (node: Node): Option<Node> => {
  if (node.op === "convolution") {
    const { attributes, args } = node;
    const [x, kernel] = args;
    if (!isOurs(shapeOf(kernel), attributes)) return none;
    const grid = gridOver(shapeOf(node), 1, attributes.dilation);
    const met = shown(x, grid, attributes.padding, shapeOf(kernel)[0]);
    const y = convolution(met, kernel, plain);
    return some(fromBlocks(blocksOf(y), grid, { top: 0, left: 0 }, shapeOf(node)));
  }
  if (node.op === "convolutionKernelGradient") {
    const { attributes, args } = node;
    const [x, dy] = args;
    if (!isOurs(attributes.shape, attributes)) return none;
    const grid = gridOver(shapeOf(dy), 1, attributes.dilation);
    const met = shown(x, grid, attributes.padding, attributes.shape[0]);
    const slopes = pictures(inBlocks(dy, grid, { top: 0, left: 0 }, 0));
    return some(apply(node.op, { ...plain, shape: attributes.shape }, [met, slopes]));
  }
  if (node.op !== "convolutionInputGradient") return none;
  const { attributes, args } = node;
  const [kernel, dy] = args;
  if (!isOurs(shapeOf(kernel), attributes)) return none;
  const grid = gridOver(shapeOf(dy), 1, attributes.dilation);
  const slopes = pictures(inBlocks(dy, grid, { top: 0, left: 0 }, 0));
  const [n, rows, columns] = shapeOf(slopes);
  const [size, , c] = shapeOf(kernel);
  const shape = [n, rows + size - 1, columns + size - 1, c];
  const dx = apply(node.op, { ...plain, shape }, [kernel, slopes]);
  return some(fromBlocks(blocksOf(dx), grid, attributes.padding, attributes.shape));
};

export const spaceToBatch: Rewrite = {
  name: "space-to-batch",
  law: "without stride, a convolution dilated by d is a plain one over each of the image's d² phases",
  rule: byPhases,
};
