/** The verifier that runs after every phase: a graph enters, and leaves only if it keeps the IR's laws. */

import { invariant } from "../diagnostic/invariant.js";
import { type Graph, refsOf } from "./graph.js";
import { inferTypes } from "./infer.js";
import { printType, sameShape, type Type } from "./type.js";

const sameType = (a: Type, b: Type): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

/**
 * Laws: ids are positions; arguments come first; types are what inference says; names of inputs and of variables are
 * unique; an update writes a variable, at most once, with a value of its type.
 */
export const verify = (graph: Graph): Graph => {
  const names = new Set<string>();
  graph.values.forEach((value, position) => {
    invariant(value.id === position, `value %${value.id} stands at ${position}`);
    invariant(
      value.args.every((id) => id >= 0 && id < position),
      `%${position} uses a later value`,
    );
    const inferred = inferTypes(
      value.op,
      value.attributes,
      value.args.map((id) => graph.values[id].types),
    );
    invariant(
      inferred.length === value.types.length &&
        inferred.every((type, i) => sameType(type, value.types[i])),
      `%${position} (${value.op}) claims ${value.types.map(printType)} and is ${inferred.map(printType)}`,
    );
    if (value.op === "input" || value.op === "variable") {
      const name = `${value.op} ${value.attributes.name}`;
      invariant(!names.has(name), `${name} stands twice, with different attributes`);
      names.add(name);
    }
  });
  verifyUpdates(graph);
  return graph;
};

const verifyUpdates = (graph: Graph): void => {
  const written = new Set<number>();
  const write = (id: number, value: number): void => {
    invariant(graph.values[id]?.op === "variable", `%${id} is written and no variable`);
    invariant(!written.has(id), `%${id} is written twice`);
    invariant(
      sameType(graph.values[id].types[0], graph.values[value].types[0]),
      `%${value} does not fit %${id}`,
    );
    written.add(id);
  };
  for (const update of graph.updates) {
    invariant(
      refsOf(update).every((id) => id in graph.values),
      "an update of nothing",
    );
    if (update.kind === "assign") write(update.variable, update.value);
    else {
      write(update.variable, update.gradient);
      write(update.velocity, update.gradient);
    }
  }
};
