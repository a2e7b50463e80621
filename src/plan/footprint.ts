/**
 * What a process needs of memory: the graph that it runs enters; bytes leave, by what holds them. The three numbers of
 * this file are fitted to peaks measured on Linux with TensorFlow 2.21 on two cores (docs/performance.md).
 */

import { type Graph, valuesOfOp } from "../graph/graph.js";
import { memory } from "../graph/memory.js";
import { bytesOf } from "../graph/type.js";
import { isSaved } from "../graph/variable.js";
import { type Kernels, plainCpu, withKernels } from "../rewrite/kernels.js";

/** In bytes; keys are those of `plan --json`. */
export interface Footprint {
  /** Weights, momentum and running statistics. */
  readonly state: number;
  /** At the peak of a step: inputs, constants, and what the forward pass keeps for the backward one. */
  readonly activations: number;
  /** At the same moment: gradients, copies, the kernels' own room. */
  readonly workspace: number;
  /** What TensorFlow's pool holds and does not use, because freed pieces do not fit what comes. */
  readonly pool: number;
  /**
   * JavaScript's copy of the initial values. Inference holds it; a training gives it back before its first step, so that
   * it counts as far as writing them takes more than a step.
   */
  readonly initial: number;
  /** Node, libtensorflow, the session's graph and its threads: with any network. */
  readonly process: number;
  readonly total: number;
}

const MiB = 2 ** 20;

/** Of all that is alive. TensorFlow's pool grows by regions, each twice the last. */
const SLACK = 0.3;
/** 375 MiB are Node and libtensorflow, the rest is threads and their kernels. */
const PROCESS = 478 * MiB;
/** A value of the graph as TensorFlow's nodes, kernels and compiled code. */
const VALUE = 25 * 1024;

/** Of a process that opens a session for `graph` with the kernels of a machine, writes the state, and runs steps. */
export const footprint = (graph: Graph, kernels: Kernels = plainCpu): Footprint => {
  const running = withKernels(graph, kernels);
  const { state, held, activations, passing } = memory(running);
  const kept = held + activations;
  const pool = Math.round(SLACK * (state + kept + passing));
  const process = PROCESS + VALUE * running.values.length;
  const step = state + kept + passing + pool + process;
  const written = state - gathered(graph);
  const initial =
    graph.updates.length === 0 ? written : Math.max(0, process + state + written - step);
  return {
    state,
    activations: kept,
    workspace: passing,
    pool,
    initial,
    process,
    total: step + initial,
  };
};

/** Sums that begin at 0 are filled by TensorFlow. */
const gathered = (graph: Graph): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => !isSaved(attributes))
    .reduce((bytes, { types }) => bytes + bytesOf(types[0]), 0);
