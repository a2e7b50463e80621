/** Kernel choice: every convolution of a graph, and every gradient of one, in the form that costs least on a machine. */

import { getOrElse } from "fp-ts/lib/Option.js";
import { type Graph, mapStep, rootsOf, stepOf, topological } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import type { Node } from "../graph/op.js";
import {
  alone,
  type Form,
  formsOf,
  inForm,
  isLayer,
  type Layer,
  nameOf,
} from "../rewrite/forms.js";
import { changed } from "../rewrite/rewrite.js";
import type { KernelChoice, Sizing, Target } from "./target.js";

type Forms<Machine> = Pick<Target<Machine, unknown, unknown>, "form">;

/** Where memory counts more than time, and what was measured for time says nothing. */
export const frugally = <Machine>({ machine }: KernelChoice<Machine>): KernelChoice<Machine> => ({
  machine,
  known: {},
  frugal: true,
});

/** The form of each layer; layers of one name are asked for once. */
const choose = <Machine>(
  target: Forms<Machine>,
  choice: KernelChoice<Machine>,
): ((layer: Layer & Node) => Form) => {
  const made = new Map<string, Form>();
  const formOf = (layer: Layer & Node, form: Form | undefined): Form =>
    form !== undefined && formsOf(layer).includes(form) ? form : target.form(layer, choice);
  return (layer) => {
    const name = nameOf(layer, choice.settled);
    const form = made.get(name) ?? formOf(alone(layer), choice.known[name]);
    made.set(name, form);
    return form;
  };
};

/** Layers that have a choice. */
export const layersIn = (graph: Graph): readonly (Layer & Node)[] =>
  topological(rootsOf(stepOf(graph)))
    .filter(isLayer)
    .filter((layer) => formsOf(alone(layer)).length > 1);

/** What to keep of a choice, so that a graph comes out the same when guesses or measurements change. */
export const chosen = <Machine>(
  target: Forms<Machine>,
  graph: Graph,
  choice: KernelChoice<Machine>,
): KernelChoice<Machine>["known"] => {
  const formOf = choose(target, choice);
  return Object.fromEntries(
    layersIn(graph).map((layer) => [nameOf(layer, choice.settled), formOf(layer)]),
  );
};

/** The graph in these forms. Each layer is met once: what its form is made of is not asked again. */
export const inForms = <Machine>(
  target: Forms<Machine>,
  graph: Graph,
  choice: KernelChoice<Machine>,
): Graph => {
  const step = stepOf(graph);
  const formOf = choose(target, choice);
  const inItsForm = (node: Node): Node =>
    isLayer(node) ? getOrElse<Node>(() => node)(inForm(node, formOf(node))) : node;
  return graphOf(mapStep(step, changed(rootsOf(step), inItsForm)));
};

/** The memory that graphs need in a target's kernels on a machine. */
export const sizing =
  <Machine, Legal, Artefact>(
    target: Target<Machine, Legal, Artefact>,
    choice: KernelChoice<Machine> = { machine: target.machine, known: {} },
  ): Sizing =>
  (graph, frugal) => {
    const taken = frugal ? frugally(choice) : choice;
    return target.memory(target.legalize(inForms(target, graph, taken), choice.machine));
  };
