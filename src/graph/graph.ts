/** The numbered graph (SSA): a list of values in an order that computes, made from nodes, and its printed form. */

import type { Content } from "./constant.js";
import type { Node, OpName, Ops } from "./op.js";
import { printType, type Type } from "./type.js";

/** A change of state at the end of a step; all reads see the state from before it. */
export type Update<Ref> =
  | { readonly kind: "assign"; readonly variable: Ref; readonly value: Ref }
  /** v ← momentum·v + (gradient + decay·w);  w ← w − rate·scale·v (Sutskever's form, as PyTorch has it). */
  | {
      readonly kind: "momentum";
      readonly variable: Ref;
      readonly velocity: Ref;
      readonly gradient: Ref;
      readonly rate: Ref;
      readonly momentum: number;
      readonly decay: number;
      readonly scale: number;
    };

/** A pure function from (state, inputs) to (state, results). */
export interface Step<Ref> {
  readonly results: Readonly<Record<string, Ref>>;
  readonly updates: readonly Update<Ref>[];
}

export interface ValueOf<K extends OpName> {
  readonly id: number;
  readonly op: K;
  readonly attributes: Ops[K];
  readonly args: readonly number[];
  readonly types: readonly [Type, ...Type[]];
}
export type Value = { [K in OpName]: ValueOf<K> }[OpName];

export interface Graph extends Step<number> {
  /** `values[i].id === i`, and arguments come before their users. */
  readonly values: readonly Value[];
}

export const refsOf = <Ref>(update: Update<Ref>): readonly Ref[] =>
  update.kind === "assign"
    ? [update.variable, update.value]
    : [update.variable, update.velocity, update.gradient, update.rate];

export const mapUpdate = <A, B>(update: Update<A>, f: (ref: A) => B): Update<B> =>
  update.kind === "assign"
    ? { ...update, variable: f(update.variable), value: f(update.value) }
    : {
        ...update,
        variable: f(update.variable),
        velocity: f(update.velocity),
        gradient: f(update.gradient),
        rate: f(update.rate),
      };

export const rootsOf = (step: Step<Node>): readonly Node[] => [
  ...Object.values(step.results),
  ...step.updates.flatMap((update) => refsOf(update)),
];

/** Every node that the roots need, arguments first, each once. Iterative: a backward pass is thousands deep. */
export const topological = (roots: readonly Node[]): Node[] => {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    visit(root);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      if (top.next < top.node.args.length) visit(top.node.args[top.next++]);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
};

/** JSON has one spelling, null, for all numbers that it has not, and none for the sign of 0. */
const exact = (_: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `${value === 0 ? "-0" : value}`
    : value;

/**
 * Numbers a step. Equal operations on equal arguments become one value, and what nothing asks for is not there:
 * common subexpressions and dead code need no pass of their own.
 */
export const number = (step: Step<Node>): Graph => {
  const values: Value[] = [];
  const known = new Map<string, number>();
  const ids = new Map<Node, number>();
  const idOf = (node: Node): number => ids.get(node)!;
  for (const node of topological(rootsOf(step))) {
    const args = node.args.map(idOf);
    const key = `${node.op}(${args})${JSON.stringify(node.attributes, exact)}`;
    const id = known.get(key) ?? values.length;
    if (id === values.length) {
      // Sound: op and attributes come from one node.
      values.push({
        id,
        op: node.op,
        attributes: node.attributes,
        args,
        types: node.types,
      } as Value);
      known.set(key, id);
    }
    ids.set(node, id);
  }
  return {
    values,
    results: Object.fromEntries(
      Object.entries(step.results).map(([name, node]) => [name, idOf(node)]),
    ),
    updates: step.updates.map((update) => mapUpdate(update, idOf)),
  };
};

/** Values of one operation, typed. */
export const valuesOfOp = <K extends OpName>(graph: Graph, op: K): readonly ValueOf<K>[] =>
  graph.values.filter((value): value is Extract<Value, ValueOf<K>> => value.op === op);

/** The step that a graph numbers, to be rewritten. */
export const stepOf = (graph: Graph): Step<Node> => {
  const nodes: Node[] = [];
  for (const { op, attributes, args, types } of graph.values) {
    // Sound: op and attributes come from one value.
    nodes.push({ op, attributes, args: args.map((id) => nodes[id]), types } as Node);
  }
  return {
    results: Object.fromEntries(
      Object.entries(graph.results).map(([name, id]) => [name, nodes[id]]),
    ),
    updates: graph.updates.map((update) => mapUpdate(update, (id) => nodes[id])),
  };
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

const printAttributes = (value: Value): string => {
  if (value.op === "constant") return printContent(value.attributes.content);
  if (value.op === "input") return value.attributes.name;
  if (value.op === "variable") return `${value.attributes.name} (${value.attributes.role})`;
  return Object.entries(value.attributes)
    .map(([key, attribute]) => `${key}=${printAttribute(attribute)}`)
    .join(" ");
};

const printValue = (value: Value): string => {
  const args = value.args.map((id) => `%${id}`).join(", ");
  const attributes = printAttributes(value);
  const call = [value.op, args && `(${args})`, attributes && ` ${attributes}`].join("");
  return `%${value.id} = ${call} : ${value.types.map(printType).join(", ")}`;
};

const printUpdate = (update: Update<number>): string =>
  update.kind === "assign"
    ? `%${update.variable} := %${update.value}`
    : `%${update.variable}, %${update.velocity} := momentum(%${update.gradient}) rate=%${update.rate}·${update.scale} ` +
      `momentum=${update.momentum} decay=${update.decay}`;

/** `%7 = convolution(%3, %6) stride=2 … : f32[2,60,60,64]`, then the updates, then the results. */
export const printGraph = (graph: Graph): string =>
  [
    ...graph.values.map(printValue),
    ...graph.updates.map(printUpdate),
    ...Object.entries(graph.results).map(([name, id]) => `return ${name} = %${id}`),
    "",
  ].join("\n");
