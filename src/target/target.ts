/** The interface of a target: of what computes neutral graphs, such as TensorFlow. */

import type { Graph } from "../graph/graph.js";
import type { Node } from "../graph/op.js";
import type { Form, Layer } from "../rewrite/forms.js";

/** Memory of a process that runs a graph, in bytes; keys are those of `plan --json`. */
export interface Footprint {
  /** Weights, momentum and running statistics. */
  readonly state: number;
  /** At the peak of a step: inputs, constants, and what the forward pass keeps for the backward one. */
  readonly activations: number;
  /** At the same moment: gradients, copies, the kernels' own room. */
  readonly workspace: number;
  /** What the target's allocator holds and does not use, because freed pieces do not fit what comes. */
  readonly pool: number;
  /**
   * The copy of the initial values that is written. Inference holds it; a training gives it back before its first step,
   * so that it counts as far as writing them takes more than a step.
   */
  readonly initial: number;
  /** Of any network: the runtime and its threads. */
  readonly process: number;
  readonly total: number;
}

/**
 * How the layers of a graph are to be computed on a machine. A layer takes the form that is known by its name, where it
 * was measured or a run has begun with it; else the form that the target expects to be best.
 */
export interface KernelChoice<Machine> {
  readonly machine: Machine;
  readonly known: Readonly<Record<string, Form>>;
  /** Whether memory counts more than time. */
  readonly frugal?: boolean;
  /** Whether what weights alone decide is there before a graph is asked (rewrite/freeze.ts). */
  readonly settled?: boolean;
}

/**
 * `Machine` is how the target describes a machine, `Legal` a graph of its own operations, and `Artefact` what it writes.
 * A new target is one such value in a room of its own; no room above knows which targets there are.
 */
export interface Target<Machine, Legal, Artefact> {
  readonly name: string;
  /** The machine that most have: what is planned for where none is described. */
  readonly machine: Machine;
  /** Which of its exact forms (rewrite/forms.ts) a layer should take that nobody has measured. */
  readonly form: (layer: Layer & Node, choice: Omit<KernelChoice<Machine>, "known">) => Form;
  /** From the neutral graph, its layers in their forms, to the operations that the target has on a machine. */
  readonly legalize: (graph: Graph, machine: Machine) => Legal;
  readonly memory: (graph: Legal) => Footprint;
  /** Named graphs (plan/graphs.ts) over one set of variables. */
  readonly emit: (graphs: Readonly<Record<string, Legal>>) => Artefact;
}

/** What planning asks of a target: what a process needs that runs `graph`, its kernels chosen for time or for memory. */
export type Sizing = (graph: Graph, frugal: boolean) => Footprint;
