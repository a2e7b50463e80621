/**
 * Kernel choice: a graph and what is known of the machine enter; the same graph with every convolution and every
 * gradient of one in the form that costs least there leaves.
 */

import { getOrElse } from "fp-ts/lib/Option.js";
import { withArgs } from "../graph/compose.js";
import {
  type Graph,
  mapUpdate,
  number,
  rootsOf,
  type Step,
  stepOf,
  topological,
} from "../graph/graph.js";
import { verify } from "../graph/infer.js";
import type { Node } from "../graph/op.js";
import { alone, type Form, formsOf, inForm, isLayer, type Layer, nameOf } from "./forms.js";
import { guess, type Machine } from "./guess.js";

export interface Kernels {
  readonly machine: Machine;
  /** The form of a layer by its name, where `pspc tune` has measured it or a run has begun with it. */
  readonly known: Readonly<Record<string, Form>>;
}

/** The device that most have. */
export const plainCpu: Kernels = {
  machine: { device: "cpu", dilatedGradients: true },
  known: {},
};

/** Of the same machine, where memory counts more than time. */
export const frugal = ({ machine }: Kernels): Kernels => ({
  machine: { ...machine, frugal: true },
  known: {},
});

/** The form that is known of a layer, or else the guess; layers of one name are asked for once. */
const choice = ({ machine, known }: Kernels): ((layer: Layer & Node) => Form) => {
  const made = new Map<string, Form>();
  const formOf = (layer: Layer & Node, form: Form | undefined): Form =>
    form !== undefined && formsOf(layer).includes(form) ? form : guess(layer, machine);
  return (layer) => {
    const name = nameOf(layer);
    const form = made.get(name) ?? formOf(alone(layer), known[name]);
    made.set(name, form);
    return form;
  };
};

/** Layers that have a choice. */
export const layersIn = (graph: Graph): readonly (Layer & Node)[] =>
  topological(rootsOf(stepOf(graph)))
    .filter(isLayer)
    .filter((layer) => formsOf(alone(layer)).length > 1);

/** What to keep of a choice, so that a graph comes out the same when guesses or tables change. */
export const chosen = (graph: Graph, kernels: Kernels): Kernels["known"] => {
  const formOf = choice(kernels);
  return Object.fromEntries(layersIn(graph).map((layer) => [nameOf(layer), formOf(layer)]));
};

/** Each layer is met once: what its form is made of is not asked again. */
const inStep = (step: Step<Node>, kernels: Kernels): Step<Node> => {
  const formOf = choice(kernels);
  const replaced = (node: Node): Node =>
    isLayer(node) ? getOrElse(() => node as Node)(inForm(node, formOf(node))) : node;
  const image = new Map<Node, Node>();
  for (const node of topological(rootsOf(step))) {
    const args = node.args.map((arg) => image.get(arg)!);
    image.set(node, replaced(withArgs(node, args)));
  }
  const to = (node: Node): Node => image.get(node)!;
  return {
    results: Object.fromEntries(
      Object.entries(step.results).map(([name, node]) => [name, to(node)]),
    ),
    updates: step.updates.map((update) => mapUpdate(update, to)),
  };
};

export const withKernels = (graph: Graph, kernels: Kernels): Graph =>
  verify(number(inStep(stepOf(graph), kernels)));
