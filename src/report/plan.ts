/** A resolved spec and its training graph enter; the plan leaves: what will be trained, at what cost. Plain data. */

import { type Graph, valuesOfOp } from "../graph/graph.js";
import { memory, total } from "../graph/memory.js";
import { isTrained } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Experiment, Train } from "../normalize/experiment.js";
import { featureSize, outputStride } from "../normalize/geometry.js";
import { groups, rate } from "../plan/schedule.js";
import { stepsPerEpoch } from "../plan/shuffle.js";
import { trainingStep } from "../plan/step.js";
import { asWritten } from "../rewrite/passes.js";
import { isAuxiliary, type LayerRow, layers } from "./layers.js";
import { summary } from "./summary.js";

/** The answer of `plan --json`; keys are stable. */
export interface Plan {
  readonly summary: string;
  /** Weights that training moves; inference has no auxiliary head. */
  readonly parameters: Cost;
  /** Multiply-accumulates of a forward pass over one image at the crop. */
  readonly macs: Cost;
  readonly output_stride: number;
  readonly feature: readonly [height: number, width: number];
  readonly layers: readonly LayerRow[];
  /** Least memory of a training step: state, and the activations alive at once. */
  readonly memory_bytes: number;
  /** The part of it that stays: weights, momentum, statistics. */
  readonly state_bytes: number;
  readonly iterations: number;
  readonly batch: number;
  readonly groups: readonly GroupRow[];
  /** Of the training split; `null` where its list cannot be read here. */
  readonly data: {
    readonly images: number;
    readonly steps_per_epoch: number;
    readonly epochs: number;
  } | null;
  readonly variants: readonly string[];
  readonly fingerprint: string;
}

interface Cost {
  readonly inference: number;
  readonly training: number;
}

/** Layers that share a rate, and that rate at a few steps. */
export interface GroupRow {
  readonly name: string;
  readonly multiplier: number;
  readonly parameters: number;
  readonly rates: readonly { readonly step: number; readonly rate: number }[];
}

export interface PlanRequest {
  readonly experiment: Experiment;
  /** The training step of `experiment`, as it is compiled. */
  readonly training: Graph;
  readonly fingerprint: string;
  readonly variants: readonly string[];
  /** How many images the training split has, where that is known. */
  readonly images: number | null;
}

export const plan = (request: PlanRequest): Plan => {
  const { experiment, training, images } = request;
  const { model, train } = experiment;
  // Rewrites compute the same with other layers; people count the network as the paper draws it.
  const rows = layers(trainingStep(experiment, asWritten));
  const needed = memory(training);
  const side = (n: number): number => featureSize(n, model.backbone.dilations);
  return {
    summary: summary(experiment),
    parameters: cost(rows, ({ parameters }) => parameters),
    macs: cost(rows, ({ macs }) => macs),
    output_stride: outputStride(model.backbone.dilations),
    feature: [side(train.crop[0]), side(train.crop[1])],
    layers: rows,
    memory_bytes: total(needed),
    state_bytes: needed.state,
    iterations: train.iterations,
    batch: train.batch,
    groups: groupRows(training, train),
    data: images === null ? null : epochs(images, train),
    variants: request.variants,
    fingerprint: request.fingerprint,
  };
};

const cost = (rows: readonly LayerRow[], of: (row: LayerRow) => number): Cost => {
  const total = (some: readonly LayerRow[]): number => some.reduce((n, row) => n + of(row), 0);
  return { inference: total(rows.filter((row) => !isAuxiliary(row))), training: total(rows) };
};

const groupRows = (training: Graph, train: Train): readonly GroupRow[] => {
  const variables = valuesOfOp(training, "variable").filter((v) => isTrained({ ...v, args: [] }));
  return groups(train).map(({ name, multiplier }) => ({
    name,
    multiplier,
    parameters: variables
      .filter(({ attributes }) => (attributes.group === "backbone") === (name === "backbone"))
      .reduce((n, { attributes }) => n + product(attributes.shape), 0),
    rates: telling(train.iterations).map((step) => ({
      step,
      rate: multiplier * rate(train.schedule, train.iterations, step),
    })),
  }));
};

/** The first step, the quarters, the last. */
const telling = (iterations: number): readonly number[] => {
  const quarters = [0, 1, 2, 3].map((i) => Math.floor((i * iterations) / 4));
  return [...new Set([...quarters, iterations - 1])];
};

const epochs = (images: number, { batch, iterations }: Train): Plan["data"] => {
  const steps = stepsPerEpoch(images, batch);
  return { images, steps_per_epoch: steps, epochs: steps === 0 ? 0 : iterations / steps };
};
