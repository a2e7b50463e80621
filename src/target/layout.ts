/**
 * How replicas hold the values of a batch that they divide among them: what each operation makes of how its arguments
 * are held. Whoever adds an operation says so here; `gathered` is always right, and may be slow.
 */

import {
  type Binary,
  mapArgs,
  type Node,
  type NodeOf,
  type OpName,
  type Ops,
} from "../graph/op.js";
import { product, type Shape } from "../graph/type.js";

/** All of it in each replica; as terms, one a replica, that add up to it; or in equal parts along an axis. */
export type Layout = "whole" | "terms" | number;

/** An operation on arguments that are held so gives outputs that are held so. */
export interface Way<K extends OpName> {
  readonly takes: readonly Layout[];
  readonly gives: readonly Layout[];
  /** Those of one replica. */
  readonly attributes: Ops[K];
}

/** `null`: each replica computes all of it, from whole arguments. */
type Rule<K extends OpName> = (
  node: NodeOf<K>,
  held: readonly Layout[],
  replicas: number,
) => Way<K> | null;

const gathered = (): null => null;

const shapeOf = ({ types }: Pick<Node, "types">): Shape => types[0].shape;

/** `[N, …]`: each replica has its own images; `images` are the arguments that hold one row an image. */
const byImage =
  <K extends OpName>(
    images: readonly number[],
    more: {
      readonly gives?: readonly Layout[];
      readonly attributes?: (node: NodeOf<K>, replicas: number) => Ops[K];
    } = {},
  ): Rule<K> =>
  (node, held, replicas) => {
    if (!images.some((arg) => held[arg] === 0)) return null;
    const args: readonly Node[] = node.args;
    const takes = args.map((_, arg): Layout => (images.includes(arg) ? 0 : "whole"));
    const attributes = more.attributes?.(node, replicas) ?? node.attributes;
    return { takes, gives: more.gives ?? node.types.map(() => 0), attributes };
  };

/** A shape with an axis cut. */
export const cut = (shape: Shape, axis: number, replicas: number): Shape =>
  shape.map((n, i) => (i === axis ? n / replicas : n));

/** The axis of `to` at which axis `of` of `from` stands, where both end alike. */
const aligned = (from: Shape, of: number, to: Shape): number => of + to.length - from.length;

/** Where no argument is stretched along the axis that is divided. */
const elementwise = <K extends OpName>(
  node: NodeOf<K>,
  held: readonly Layout[],
  attributes: Ops[K] = node.attributes,
): Way<K> | null => {
  const args: readonly Node[] = node.args;
  const shape = shapeOf(node);
  const axes = args.flatMap((arg, i) => {
    const layout = held[i];
    return typeof layout === "number" ? [aligned(shapeOf(arg), layout, shape)] : [];
  });
  const [axis] = axes;
  if (axis === undefined || axes.some((other) => other !== axis)) return null;
  const takes = args.map((arg): Layout => {
    const own = axis + shapeOf(arg).length - shape.length;
    return (shapeOf(arg)[own] ?? 1) === 1 ? "whole" : own;
  });
  return { takes, gives: node.types.map(() => axis), attributes };
};

const pointwise = <K extends OpName>(node: NodeOf<K>, held: readonly Layout[]): Way<K> | null =>
  elementwise(node, held);

/** f(Σ x) = Σ f(x): terms stay terms. */
const linear = <K extends OpName>(node: NodeOf<K>, held: readonly Layout[]): Way<K> | null =>
  held.length > 0 && held.every((layout) => layout === "terms")
    ? { takes: held, gives: ["terms"], attributes: node.attributes }
    : null;

const withTerms: Readonly<Record<Binary, (a: Layout, b: Layout) => boolean>> = {
  add: (a, b) => a === "terms" && b === "terms",
  subtract: (a, b) => a === "terms" && b === "terms",
  multiply: (a, b) => (a === "terms" && b === "whole") || (a === "whole" && b === "terms"),
  divide: (a, b) => a === "terms" && b === "whole",
  maximum: () => false,
  minimum: () => false,
};

const binary: Rule<"binary"> = (node, held) => {
  const [a = "whole", b = "whole"] = held;
  return withTerms[node.attributes.kind](a, b)
    ? { takes: held, gives: ["terms"], attributes: node.attributes }
    : elementwise(node, held);
};

/** Over the last axis, which is whole. */
const alongLast = <K extends OpName>(node: NodeOf<K>, held: readonly Layout[]): Way<K> | null => {
  const [x] = held;
  const args: readonly Node[] = node.args;
  const rank = args[0] === undefined ? 0 : shapeOf(args[0]).length;
  return typeof x === "number" && x < rank - 1
    ? { takes: [x], gives: [x], attributes: node.attributes }
    : null;
};

/** A product of divided rows, columns or batches is divided; of divided inner sides it comes as terms. */
const matmul: Rule<"matmul"> = (node, held) => {
  const { attributes } = node;
  const flipped = [attributes.transposeA, attributes.transposeB];
  const ranks = mapArgs<"matmul", Node, number>(node.args, (arg) => shapeOf(arg).length);
  /** Counted from the end; 1 is the inner side of `a`, and 2 of `b`. */
  const sides = held.map((layout, i) => {
    if (typeof layout !== "number") return null;
    const side = (ranks[i] ?? 0) - layout;
    return side <= 2 && flipped[i] ? 3 - side : side;
  });
  const [a, b] = sides;
  const rank = shapeOf(node).length;
  const way = (takes: readonly Layout[], gives: Layout) => ({ takes, gives: [gives], attributes });
  if (a === 1 && b === 2) return way(held, "terms");
  const batched = [a, b].filter((side) => side != null && side > 2);
  const [batch] = batched;
  if (batch != null && batched.every((side) => side === batch)) {
    const takes = node.args.map((arg, i): Layout => {
      const own = (ranks[i] ?? 0) - batch;
      return (shapeOf(arg)[own] ?? 1) === 1 ? "whole" : own;
    });
    return way(takes, rank - batch);
  }
  if (a === 2 && b === null) return way([held[0] ?? "whole", "whole"], rank - 2);
  if (b === 1 && a === null) return way(["whole", held[1] ?? "whole"], rank - 1);
  return null;
};

const sum: Rule<"sum"> = (node, held) => {
  const { axes, keep } = node.attributes;
  const [x] = held;
  if (typeof x !== "number") return linear(node, held);
  const before = keep ? 0 : axes.filter((axis) => axis < x).length;
  return {
    takes: held,
    gives: [axes.includes(x) ? "terms" : x - before],
    attributes: node.attributes,
  };
};

/** The axis that begins where the divided one does, and can be divided itself. */
const reshape: Rule<"reshape"> = (node, held, replicas) => {
  const [x] = held;
  if (typeof x !== "number") return linear(node, held);
  const { shape } = node.attributes;
  const before = product(shapeOf(node.args[0]).slice(0, x));
  const axis = shape.findIndex(
    (n, i) => product(shape.slice(0, i)) === before && n > 1 && n % replicas === 0,
  );
  return axis < 0
    ? null
    : { takes: held, gives: [axis], attributes: { shape: cut(shape, axis, replicas) } };
};

/** Along the divided axis nothing is moved. */
const beside =
  <K extends OpName>(
    isWhole: (node: NodeOf<K>, axis: number) => boolean,
    attributes: (node: NodeOf<K>, axis: number, replicas: number) => Ops[K] = (node) =>
      node.attributes,
  ): Rule<K> =>
  (node, held, replicas) => {
    const [axis, ...others] = [...new Set(held.filter((each) => typeof each === "number"))];
    if (axis === undefined) return linear(node, held);
    if (others.length > 0 || !isWhole(node, axis)) return null;
    const takes = held.map(() => axis);
    return { takes, gives: [axis], attributes: attributes(node, axis, replicas) };
  };

const shaped = (
  { attributes }: { readonly attributes: Ops["convolutionInputGradient"] },
  replicas: number,
): Ops["convolutionInputGradient"] => ({
  ...attributes,
  shape: cut(attributes.shape, 0, replicas),
});

/** Statistics are those of all images. */
const normalising = <K extends "batchNorm" | "batchNormGradient">(
  images: readonly number[],
): Rule<K> =>
  byImage<K>(images, {
    gives: [0, "whole", "whole"],
    attributes: ({ attributes }, replicas) => ({ ...attributes, replicas }),
  });

const ways: { readonly [K in OpName]: Rule<K> } = {
  input: gathered,
  variable: gathered,
  constant: gathered,
  // As its whole is held (target/replicas.ts).
  part: gathered,
  convolution: byImage([0]),
  convolutionInputGradient: byImage([1], { attributes: shaped }),
  convolutionKernelGradient: byImage([0, 1], { gives: ["terms"] }),
  depthwise: byImage([0]),
  depthwiseInputGradient: byImage([1], { attributes: shaped }),
  depthwiseKernelGradient: byImage([0, 1], { gives: ["terms"] }),
  batchNorm: normalising([0]),
  batchNormGradient: normalising([0, 1]),
  batchNormInference: byImage([0]),
  relu: pointwise,
  reluGradient: pointwise,
  relu6: pointwise,
  relu6Gradient: pointwise,
  maxPool: byImage([0]),
  maxPoolGradient: byImage([0, 1, 2]),
  resize: byImage([0]),
  resizeGradient: byImage([0, 1]),
  softmax: alongLast,
  crossEntropy: byImage([0, 1]),
  matmul,
  unary: (node, held) =>
    (node.attributes.kind === "negate" ? linear(node, held) : null) ?? elementwise(node, held),
  binary,
  compare: pointwise,
  select: pointwise,
  largest: alongLast,
  argmax: alongLast,
  stop: (node, held) => linear(node, held) ?? elementwise(node, held),
  after: ({ attributes }, [x = "whole", event = "whole"]) => ({
    takes: [x, event],
    gives: [x],
    attributes,
  }),
  sum,
  broadcast: (node, held, replicas) => {
    const [x] = held;
    if (typeof x !== "number") return linear(node, held);
    const { shape } = node.attributes;
    const axis = aligned(shapeOf(node.args[0]), x, shape);
    return { takes: held, gives: [axis], attributes: { shape: cut(shape, axis, replicas) } };
  },
  cast: (node, held) => {
    const isFloat = node.args[0].types[0].dtype !== "i32";
    const exact = isFloat && node.attributes.dtype === "f32";
    return (exact ? linear(node, held) : null) ?? elementwise(node, held);
  },
  reshape,
  transpose: (node, held) => {
    const [x] = held;
    if (typeof x !== "number") return linear(node, held);
    const { attributes } = node;
    return { takes: held, gives: [attributes.permutation.indexOf(x)], attributes };
  },
  concat: beside(({ attributes }, axis) => axis !== attributes.axis),
  slice: beside(
    (node, axis) => node.attributes.size[axis] === shapeOf(node.args[0])[axis],
    ({ attributes: { begin, size } }, axis, replicas) => ({
      begin,
      size: cut(size, axis, replicas),
    }),
  ),
  pad: beside(({ attributes: { before, after } }, axis) => !before[axis] && !after[axis]),
  reverse: beside(({ attributes }, axis) => axis !== attributes.axis),
  gather: ({ attributes }, [table, indices]) =>
    table === "whole" && typeof indices === "number"
      ? { takes: [table, indices], gives: [indices], attributes }
      : null,
  // The smallest of all images: each replica looks at all of them.
  kthSmallest: gathered,
  bincount: byImage([0], { gives: ["terms"] }),
  uniform: gathered,
  across: gathered,
  share: gathered,
  spread: gathered,
};

export const wayOf = <K extends OpName>(
  node: NodeOf<K>,
  held: readonly Layout[],
  replicas: number,
): Way<K> | null => ways[node.op](node, held, replicas);
