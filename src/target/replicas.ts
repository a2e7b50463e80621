/**
 * Several devices: from the graph of a whole batch to that of one of its replicas. Each has its own images and all
 * weights; what looks at the whole batch is summed `across` them. The graph is the same in all replicas, and computes
 * the numbers of the whole but for the order of sums.
 */

import { invariant } from "../diagnostic/invariant.js";
import {
  apply,
  broadcast,
  cast,
  concat,
  constant,
  multiply,
  part,
  reshape,
  scalar,
  slice,
} from "../graph/compose.js";
import { type Graph, mapStep, rootsOf, type Step, stepOf, topological } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import { mapArgs, type Node, type NodeOf, type OpName, shapeOf, typeOf } from "../graph/op.js";
import { bytesOf, product } from "../graph/type.js";
import { changed } from "../rewrite/rewrite.js";
import { cut, type Layout, wayOf } from "./layout.js";

/**
 * The graph of one of `replicas`. Its inputs are those of the whole batch, `[N, …]`, and of each but scalars it takes its
 * share, `[N / replicas, …]`: N must be a multiple of `replicas` (rules/train.ts). Its results and its state are those
 * of the whole graph. `bucket` is in bytes.
 */
export const replicated = (graph: Graph, replicas: number, bucket: number = BUCKET): Graph => {
  if (replicas === 1) return graph;
  const whole = stepOf(graph);
  const division = new Division(replicas);
  for (const node of topological(rootsOf(whole))) division.add(node);
  const step = mapStep({ ...whole, updates: [] }, (node) => division.as(node, "whole"));
  const updates = whole.updates.map(({ variable, value }) => ({
    variable,
    value: division.as(value, stateOf(variable)),
  }));
  return graphOf(inBuckets({ ...step, updates }, bucket));
};

/** Gradients of the parts of a batch add up in each replica by itself; all other state is the same in all. */
const stateOf = (variable: Node): Layout =>
  variable.op === "variable" && variable.attributes.role === "gradient" ? "terms" : "whole";

/** What a replica has of a node of the whole graph: a layout an output. */
interface Held {
  readonly node: Node;
  readonly layouts: readonly Layout[];
}

/** What a replica has of each node of a whole graph so far. */
class Division {
  readonly #replicas: number;
  readonly #held = new Map<Node, Held>();
  /** Terms that were summed: whoever asks again takes the sum. */
  readonly #sums = new Map<Node, Node>();

  constructor(replicas: number) {
    this.#replicas = replicas;
  }

  /** Arguments come first. */
  add(node: Node): void {
    this.#held.set(node, this.#made(node));
  }

  layoutOf(node: Node): Layout {
    const { node: own, layouts } = this.#of(node);
    const [layout = "whole"] = layouts;
    return layout === "terms" && this.#sums.has(own) ? "whole" : layout;
  }

  /** The replica's node for the first output of a node, held so. */
  as(node: Node, layout: Layout): Node {
    const { node: own, layouts } = this.#of(node);
    const [held] = layouts;
    if (held === layout) return own;
    const whole = held === "whole" ? own : this.#whole(own, held ?? "whole");
    if (layout === "whole") return whole;
    return layout === "terms" ? termOf(whole, this.#replicas) : this.#share(whole, layout);
  }

  #of(node: Node): Held {
    const held = this.#held.get(node);
    invariant(held !== undefined, "a node stands before its arguments");
    return held;
  }

  #made(node: Node): Held {
    if (node.op === "input")
      return shapeOf(node).length === 0
        ? { node, layouts: ["whole"] }
        : { node: this.#share(node, 0), layouts: [0] };
    if (node.op === "variable") return { node, layouts: [stateOf(node)] };
    if (node.op !== "part") return this.#applied(node);
    const { node: of, layouts } = this.#of(node.args[0]);
    const { index } = node.attributes;
    return { node: part(of, index), layouts: [layouts[index] ?? "whole"] };
  }

  /** An operation on what it takes; where nothing better is known, on whole arguments. */
  #applied<K extends OpName>(node: NodeOf<K>): Held {
    const args: readonly Node[] = node.args;
    const held = args.map((arg) => this.layoutOf(arg));
    const way = wayOf<K>(node, held, this.#replicas);
    const takes = mapArgs<K, Node, Node>(node.args, (arg, i) =>
      this.as(arg, way?.takes[i] ?? "whole"),
    );
    return {
      node: apply<K>(node.op, way?.attributes ?? node.attributes, takes),
      layouts: way?.gives ?? node.types.map(() => "whole"),
    };
  }

  #whole(own: Node, held: Layout): Node {
    const known = this.#sums.get(own);
    if (known !== undefined) return known;
    const replicas = this.#replicas;
    const terms = typeof held === "number" ? apply("spread", { axis: held, replicas }, [own]) : own;
    const { dtype } = typeOf(own);
    // Devices add up these two alone.
    const summed = cast(terms, dtype === "f32" || dtype === "bf16" ? "f32" : "i32");
    const sum = cast(apply("across", { replicas }, [summed]), dtype);
    this.#sums.set(own, sum);
    return sum;
  }

  /** What repeats one value is made in the share's size at once. */
  #share(node: Node, axis: number): Node {
    const replicas = this.#replicas;
    const shape = cut(shapeOf(node), axis, replicas);
    if (node.op === "broadcast") {
      const from = shapeOf(node.args[0]);
      const stretched = (from[axis + from.length - shape.length] ?? 1) === 1;
      if (stretched) return broadcast(node.args[0], shape);
    }
    if (node.op === "constant" && node.attributes.content.kind === "fill")
      return constant(node.attributes.content, node.attributes.dtype, ...shape);
    return apply("share", { axis, replicas }, [node]);
  }
}

/** Terms that add up to a value which all have. */
const termOf = (whole: Node, replicas: number): Node => {
  const [value] = whole.op === "broadcast" ? whole.args : [whole];
  const isZero =
    value.op === "constant" &&
    value.attributes.content.kind === "fill" &&
    value.attributes.content.value === 0;
  return isZero ? whole : multiply(whole, scalar(1 / replicas));
};

// Buckets.

/** Bytes. As in PyTorch's DistributedDataParallel: large enough to be worth a call, small enough to begin early. */
const BUCKET = 25 * 2 ** 20;

/**
 * Sums that no other sum waits for, the gradients above all, are taken together, f32 `[values]`: from the first that is
 * ready on, as many as fill a bucket of `size` bytes. The numbers are the same.
 */
export const inBuckets = (step: Step<Node>, size: number = BUCKET): Step<Node> => {
  const pieces = new Map<Node, Node>();
  for (const bucket of buckets(lastSums(step), size)) {
    const [first, ...others] = bucket;
    if (first === undefined || others.length === 0) continue;
    const flat = bucket.map(({ args: [x] }) => reshape(x, [product(shapeOf(x))]));
    const sum = apply("across", first.attributes, [concat(flat, 0)]);
    let begin = 0;
    for (const each of bucket) {
      const length = product(shapeOf(each));
      pieces.set(each, reshape(slice(sum, [begin], [length]), shapeOf(each)));
      begin += length;
    }
  }
  return mapStep(
    step,
    changed(rootsOf(step), (node) => pieces.get(node) ?? node),
  );
};

type Sum = NodeOf<"across"> & Node;

/** In the order in which they can be ready. */
const lastSums = (step: Step<Node>): readonly Sum[] => {
  const nodes = topological(rootsOf(step));
  const depths = new Map<Node, number>();
  for (const node of nodes) {
    const args: readonly Node[] = node.args;
    depths.set(node, 1 + Math.max(0, ...args.map((arg) => depths.get(arg) ?? 0)));
  }
  const before = new Set<Node>();
  for (const node of nodes.toReversed())
    if (before.has(node) || isCollective(node)) for (const arg of node.args) before.add(arg);
  return nodes
    .filter((node) => node.op === "across")
    .filter((node) => !before.has(node) && typeOf(node).dtype === "f32")
    .sort((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0));
};

const isCollective = (node: Node): boolean =>
  node.op === "across" ||
  ("replicas" in node.attributes && node.op !== "share" && node.op !== "spread");

const buckets = (sums: readonly Sum[], bytes: number): readonly (readonly Sum[])[] => {
  const all: Sum[][] = [];
  let room = 0;
  for (const sum of sums) {
    if (room <= 0) {
      all.push([]);
      room = bytes;
    }
    all.at(-1)?.push(sum);
    room -= bytesOf(typeOf(sum));
  }
  return all;
};
