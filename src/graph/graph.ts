/** The numbered graph (SSA): a list of values in an order that computes, made from nodes, and its printed form. */

import { invariant } from "../diagnostic/invariant.js";
import type { Content } from "./constant.js";
import { type Arguments, mapArgs, type Node, type NodeOf, type OpName } from "./op.js";
import { printType, type Types } from "./type.js";

/** A variable takes a new value at the end of a step; all reads see the state from before it. */
export interface Update<Ref> {
  readonly variable: Ref;
  readonly value: Ref;
}

/** A pure function from (state, inputs) to (state, results). */
export interface Step<Ref> {
  readonly results: Readonly<Record<string, Ref>>;
  readonly updates: readonly Update<Ref>[];
}

/** A node of any set of operations: a target has its own beside the neutral one. */
export interface AnyNode<N> {
  readonly op: string;
  readonly attributes: object;
  readonly args: readonly N[];
  readonly types: Types;
}

/** As many numbers as there are references. */
type Numbers<Refs extends readonly unknown[]> = { readonly [I in keyof Refs]: number };

/** A node in a graph, where arguments are numbers of values. */
export type Numbered<N> =
  N extends AnyNode<unknown>
    ? {
        readonly id: number;
        readonly op: N["op"];
        readonly attributes: N["attributes"];
        readonly args: Numbers<N["args"]>;
        readonly types: N["types"];
      }
    : never;
export type AnyValue = Numbered<AnyNode<unknown>>;
export type Value = Numbered<Node>;
export type ValueOf<K extends OpName> = Numbered<NodeOf<K>>;

export interface GraphOf<V> extends Step<number> {
  /** `values[i].id === i`, and arguments come before their users. */
  readonly values: readonly V[];
}
export type Graph = GraphOf<Value>;
export type AnyGraph = GraphOf<AnyValue>;

export const valueAt = <V>(graph: GraphOf<V>, id: number): V => {
  const value = graph.values[id];
  invariant(value !== undefined, () => `there is no %${id}`);
  return value;
};

/** The types of every output of a value's arguments. */
export const typesOfArgs = <K extends OpName>(
  { args }: { readonly args: Arguments<number>[K] },
  graph: GraphOf<{ readonly types: Types }>,
): Arguments<Types>[K] => mapArgs<K, number, Types>(args, (id) => valueAt(graph, id).types);

export const mapStep = <A, B>({ results, updates }: Step<A>, f: (ref: A) => B): Step<B> => ({
  results: Object.fromEntries(Object.entries(results).map(([name, ref]) => [name, f(ref)])),
  updates: updates.map(({ variable, value }) => ({ variable: f(variable), value: f(value) })),
});

export const rootsOf = <Ref>({ results, updates }: Step<Ref>): readonly Ref[] => [
  ...Object.values(results),
  ...updates.flatMap(({ variable, value }) => [variable, value]),
];

/** Every node that the roots need, arguments first, each once. Iterative: a backward pass is thousands deep. */
export const topological = <N extends { readonly args: readonly N[] }>(
  roots: readonly N[],
): N[] => {
  const order: N[] = [];
  const seen = new Set<N>();
  const stack: { node: N; next: number }[] = [];
  const visit = (node: N): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    visit(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const arg = top.node.args[top.next++];
      if (arg !== undefined) visit(arg);
      else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
};

/** JSON has one spelling, null, for all numbers that it has not, and none for the sign of 0. */
const exact = (_: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `${value === 0 ? "-0" : value}`
    : value;

/** A node's attributes outlive the graphs that it stands in: they are spelled once. */
const spellings = new WeakMap<object, string>();

/** Of constants alone the numbers are anything; spelling all attributes so exactly takes longer than the rest. */
const spelled = ({
  op,
  attributes,
}: {
  readonly op: string;
  readonly attributes: object;
}): string => {
  const known = spellings.get(attributes);
  if (known !== undefined) return known;
  const made = op === "constant" ? JSON.stringify(attributes, exact) : JSON.stringify(attributes);
  spellings.set(attributes, made);
  return made;
};

/**
 * Numbers a step. Equal operations on equal arguments become one value, and what nothing asks for is not there:
 * common subexpressions and dead code need no pass of their own.
 */
export const numbered = <N extends AnyNode<N>>(step: Step<N>): GraphOf<Numbered<N>> => {
  const values: Numbered<N>[] = [];
  const known = new Map<string, number>();
  const ids = new Map<N, number>();
  // Spellings are long, and few.
  const numbers = new Map<string, number>();
  const numberOf = (spelling: string): number => {
    const number = numbers.get(spelling) ?? numbers.size;
    numbers.set(spelling, number);
    return number;
  };
  const idOf = (node: N): number => {
    const id = ids.get(node);
    invariant(id !== undefined, "a node stands before its arguments");
    return id;
  };
  for (const node of topological(rootsOf(step))) {
    const args = node.args.map(idOf);
    const key = `${node.op} ${numberOf(spelled(node))} ${args}`;
    const id = known.get(key) ?? values.length;
    if (id === values.length) {
      // Sound: op and attributes come from one node.
      const { op, attributes, types } = node;
      const value: AnyValue = { id, op, attributes, args, types };
      values.push(value as Numbered<N>);
      known.set(key, id);
    }
    ids.set(node, id);
  }
  return { values, ...mapStep(step, idOf) };
};

export const number = (step: Step<Node>): Graph => numbered(step);

/** Values of one operation, typed. */
export const valuesOfOp = <V extends { readonly op: string }, K extends V["op"]>(
  graph: GraphOf<V>,
  op: K,
): readonly Extract<V, { readonly op: K }>[] =>
  graph.values.filter((value): value is Extract<V, { readonly op: K }> => value.op === op);

/** The step that a graph numbers, to be rewritten. */
export const stepOf = (graph: Graph): Step<Node> => {
  const nodes: Node[] = [];
  const nodeOf = (id: number): Node => {
    const node = nodes[id];
    invariant(node !== undefined, () => `%${id} is used before it stands`);
    return node;
  };
  for (const { op, attributes, args, types } of graph.values) {
    // Sound: all four come from one value.
    nodes.push({ op, attributes, args: mapArgs(args, nodeOf), types } as Node);
  }
  return mapStep(graph, nodeOf);
};

const printContent = (content: Content): string => {
  switch (content.kind) {
    case "fill":
      return `${content.value}`;
    case "values":
      return `[${content.values.join(" ")}]`;
    case "pooling":
      return `pooling ${content.bins.join("/")} of ${content.height}×${content.width}`;
    case "interpolation":
      return `interpolation of ${content.size} to ${content.n}${content.alignCorners ? ", corners aligned" : ""}`;
    case "taps": {
      const maps = content.sizes.map((size) => size.join("×")).join(" ");
      const corners = content.alignCorners ? ", corners aligned" : "";
      return `taps ${content.kernel.join("×")} of ${maps} over ${content.height}×${content.width}${corners}`;
    }
    case "axis taps": {
      const corners = content.alignCorners ? ", corners aligned" : "";
      return `taps ${content.taps} of ${content.sizes.join(" ")} over ${content.n}${corners}`;
    }
    case "cells":
      return `cells of ${content.bins} over ${content.size}`;
    case "winograd":
      return `winograd F(${content.tile}×${content.tile}, 3×3) ${content.side}`;
  }
};

const printAttribute = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  if (typeof value !== "object" || value === null) return `${value}`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key} ${printAttribute(inner)}`)
    .join(" ")}}`;
};

type Leaf = ValueOf<"input"> | ValueOf<"variable"> | ValueOf<"constant">;

/** Sound: every set of operations has the same leaves. */
const isLeaf = (value: AnyValue): value is Leaf =>
  value.op === "input" || value.op === "variable" || value.op === "constant";

const printAttributes = (value: AnyValue): string => {
  if (isLeaf(value)) {
    if (value.op === "constant") return printContent(value.attributes.content);
    return `${value.attributes.name}${value.op === "variable" ? ` (${value.attributes.role})` : ""}`;
  }
  return Object.entries(value.attributes)
    .map(([key, attribute]) => `${key}=${printAttribute(attribute)}`)
    .join(" ");
};

const printValue = (value: AnyValue): string => {
  const args = value.args.map((id) => `%${id}`).join(", ");
  const attributes = printAttributes(value);
  const call = [value.op, args && `(${args})`, attributes && ` ${attributes}`].join("");
  return `%${value.id} = ${call} : ${value.types.map(printType).join(", ")}`;
};

const printUpdate = ({ variable, value }: Update<number>): string => `%${variable} := %${value}`;

/** `%7 = convolution(%3, %6) stride=2 … : f32[2,60,60,64]`, then the updates, then the results. */
export const printGraph = (graph: AnyGraph): string =>
  [
    ...graph.values.map(printValue),
    ...graph.updates.map(printUpdate),
    ...Object.entries(graph.results).map(([name, id]) => `return ${name} = %${id}`),
    "",
  ].join("\n");
