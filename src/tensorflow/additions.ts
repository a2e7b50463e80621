/**
 * Additions as TensorFlow is to compute them: biases in a kernel of their own, sums of sums in their order, and constants
 * along few channels by rows. The same bits; its optimiser of graphs would join, reorder or stretch them.
 */

import { type Node, type NodeOf, shapeOf, typeOf } from "../graph/op.js";
import { legal } from "./op.js";
import type { Made } from "./pattern.js";

/** Nodes that are computed otherwise than they stand. */
export const additions = (nodes: readonly Node[]): Made => [
  ...biases(nodes),
  ...nodes.flatMap(byRows),
  ...sumsOfSums(nodes),
];

const isAddition = (node: Node): node is NodeOf<"binary"> & Node =>
  node.op === "binary" && node.attributes.kind === "add";

/** Whether b stands once for each channel of x. */
const isRow = (x: Node, b: Node): boolean =>
  (typeOf(x).dtype === "f32" || typeOf(x).dtype === "bf16") &&
  shapeOf(x).length > 1 &&
  shapeOf(b).length === 1 &&
  shapeOf(b).at(0) === shapeOf(x).at(-1);

/** A bias is added by a kernel of its own, which TensorFlow joins with no other addition. */
const isBiased = (node: Node): node is NodeOf<"binary"> & Node =>
  isAddition(node) && isRow(...node.args);
const isSum = (node: Node): node is NodeOf<"binary"> & Node => isAddition(node) && !isBiased(node);

const biases = (nodes: readonly Node[]): Made =>
  nodes.filter(isBiased).map((node) => {
    const [x, bias] = node.args;
    return [node, (to) => legal("addBias", {}, [to(x), to(bias)], node.types)];
  });

/** Without an input there is nothing to wait for, and nothing that comes out differently. */
const sumsOfSums = (nodes: readonly Node[]): Made => {
  const input = nodes.find(({ op }) => op === "input");
  if (input === undefined) return [];
  return nodes
    .filter(isSum)
    .filter(({ args }) => args.some(isSum))
    .map((node) => {
      const [a, b] = node.args;
      return [node, (to) => legal("addInOrder", {}, [to(a), to(b), to(input)], node.types)];
    });
};

/** Fewer numbers than a vector register holds: TensorFlow stretches them over the pixels one by one. */
const NARROW = 4;

/**
 * Pixels of few channels with a constant for each channel, as the mean colour is: by rows of pixels, along which the
 * constant is repeated. The same bits, four times as fast.
 */
const byRows = (node: Node): Made => {
  if (node.op !== "binary") return [];
  const [x, by] = node.args;
  const content = by.op === "constant" ? by.attributes.content : undefined;
  const [n = 0, h = 0, w = 0, c = 0] = shapeOf(x);
  if (content?.kind !== "values" || !isRow(x, by) || c > NARROW) return [];
  if (shapeOf(x).length !== 4 || [n, h, w].some((size) => size < 1)) return [];
  const { dtype } = typeOf(x);
  const row = { dtype, shape: [w * c] };
  const rows = { dtype, shape: [n * h, w * c] };
  const values = Array.from({ length: w }, () => content.values).flat();
  return [
    [
      node,
      (to) => {
        const all = legal("constant", { ...row, content: { kind: "values", values } }, [], [row]);
        const args = [legal("reshape", { shape: rows.shape }, [to(x)], [rows]), all] as const;
        const met = legal("binary", node.attributes, args, [rows]);
        return legal("reshape", { shape: shapeOf(x) }, [met], node.types);
      },
    ],
  ];
};
