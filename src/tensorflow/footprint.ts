/** The memory of a process that runs a graph with TensorFlow: its values, and what the process takes besides. */

import { valuesOfOp } from "../graph/graph.js";
import { bytesOf } from "../graph/type.js";
import { isSaved } from "../graph/variable.js";
import type { Footprint } from "../target/target.js";
import { memory, storageOf } from "./memory.js";
import type { LegalGraph } from "./op.js";

const MiB = 2 ** 20;

/** Of all that is alive. TensorFlow's pool grows by regions, each twice the last. */
const SLACK = 0.3;
/** 375 MiB are Node and libtensorflow, the rest is threads and their kernels. */
const PROCESS = 478 * MiB;
/** A value of the graph as TensorFlow's nodes, kernels and compiled code. */
const VALUE = 25 * 1024;

/**
 * Of a process that opens a session for a graph, writes its state, and runs it. The three numbers above are fitted to
 * peaks measured on Linux with TensorFlow 2.21 on two cores (docs/performance.md).
 */
export const footprint = (graph: LegalGraph): Footprint => {
  const { state, held, activations, passing } = memory(graph);
  const kept = held + activations;
  const pool = Math.round(SLACK * (state + kept + passing));
  const made = graph.values.filter((value) => storageOf(value, graph) !== "written").length;
  const process = PROCESS + VALUE * made;
  const step = state + kept + passing + pool + process;
  const written = state - accumulators(graph);
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
const accumulators = (graph: LegalGraph): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => !isSaved(attributes))
    .reduce((bytes, { types }) => bytes + bytesOf(types[0]), 0);
