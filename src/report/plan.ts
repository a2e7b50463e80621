/** The plan of a spec, as plain data: what will be trained, and what it costs. */

import { cellLength } from "../graph/constant.js";
import { macs } from "../graph/cost.js";
import { type Graph, valuesOfOp } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import { product } from "../graph/type.js";
import { blockName, isTrained } from "../graph/variable.js";
import { featureSize, outputStride } from "../language/geometry.js";
import { isFrozen, type RecomputeSegment } from "../model/stages.js";
import type { Experiment, Train } from "../normalize/experiment.js";
import { largestBatch } from "../plan/budget.js";
import { predictionStep } from "../plan/inference.js";
import { rate, rateGroups, stepsPerEpoch } from "../plan/schedule.js";
import { isFrugal, trainingStep } from "../plan/step.js";
import { asWritten } from "../rewrite/passes.js";
import type { Footprint } from "../target/target.js";
import type { Kernels } from "../tensorflow/target.js";
import { sizesOn } from "../tensorflow/target.js";
import { type DevicesPlan, devicesPlan } from "./devices.js";
import { type LayerRow, layers } from "./layers.js";
import { PLAN_FORMAT } from "./saved-plan.js";
import { summary } from "./summary.js";

/** The answer of `plan --json`; keys are stable. */
export interface Plan {
  /** What a saved plan is recognised by: the number of its format. */
  readonly plan: typeof PLAN_FORMAT;
  readonly summary: string;
  /** Kernels, biases, scales and shifts; inference has no auxiliary head. */
  readonly parameters: Cost;
  /** Of those, what `train.freeze` freezes. */
  readonly frozen: number;
  /** Multiply-accumulates of a forward pass over one image at the crop. */
  readonly macs: Cost;
  readonly output_stride: number;
  readonly feature: readonly [height: number, width: number];
  readonly layers: readonly LayerRow[];
  /** Pixels of the features that each bin averages, or takes the largest of. */
  readonly bins: readonly { readonly bin: number; readonly cell: readonly [number, number] }[];
  /** Of a process that trains. */
  readonly memory_bytes: number;
  readonly memory: {
    readonly training: Footprint;
    /** Of one image, of the crop's size where no other was asked for. */
    readonly inference: Footprint;
  };
  /** What the backward pass recomputes, and what that costs and saves; `null` where everything is kept. */
  readonly recompute: Recompute | null;
  /** Under the memory that was asked about, if any was. */
  readonly largest_batch: { readonly memory_bytes: number; readonly batch: number } | null;
  readonly iterations: number;
  readonly batch: number;
  readonly groups: readonly GroupRow[];
  /** Of the training split; `null` where its list cannot be read here. */
  readonly data: {
    readonly images: number;
    readonly steps_per_epoch: number;
    readonly epochs: number;
  } | null;
  /** By what the forms of layers are chosen, on which memory depends: measured here, or typical of other machines. */
  readonly kernels: string;
  readonly variants: readonly string[];
  readonly fingerprint: string;
  /** Where several devices were asked about. */
  readonly devices?: DevicesPlan;
}

/** See `train.memory`. */
export interface Recompute {
  /** Blocks of the backbone that are recomputed together, in order. */
  readonly runs: readonly (readonly string[])[];
  /** Additional multiply-accumulates of a step, for one image. */
  readonly macs: number;
  /** Their share of what a step costs without recomputation, forward and backward. */
  readonly share: number;
  /** What training would need if everything were kept. */
  readonly memory_bytes_without: number;
}

interface Cost {
  readonly inference: number;
  readonly training: number;
}

/** Layers that share a rate and learn, and that rate at a few steps. */
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
  /** Runs of blocks that it makes again. */
  readonly recompute: readonly RecomputeSegment[];
  /** How the machine would compute it: forms of a layer differ in the memory that they take. */
  readonly kernels?: Kernels;
  /** By what they are chosen, in words. */
  readonly speeds?: string;
  readonly fingerprint: string;
  readonly variants: readonly string[];
  /** How many images the training split has, where that is known. */
  readonly images: number | null;
  /** In bytes; asks which batch would fit. */
  readonly available?: number | undefined;
  /** Rows and columns of the image whose prediction is measured. */
  readonly image?: readonly [height: number, width: number] | undefined;
  /** Among how many devices each batch would be divided. */
  readonly devices?: number;
}

export const plan = (request: PlanRequest): Plan => {
  const { experiment, training, kernels, images, available, devices = 1 } = request;
  const { model, train } = experiment;
  // Rewrites compute the same with other layers; people count the network as the paper draws it.
  const rows = layers(trainingStep(experiment, asWritten));
  const [height, width] = request.image ?? train.crop;
  const sizes = sizesOn(kernels);
  const needed = sizes(training, isFrugal(experiment));
  const side = (n: number): number => featureSize(n, model.backbone);
  const feature = [side(train.crop[0]), side(train.crop[1])] as const;
  return {
    plan: PLAN_FORMAT,
    summary: summary(experiment),
    parameters: cost(rows, ({ parameters }) => parameters),
    frozen: parametersIn(training, ({ site }) => isFrozen(site, train.freeze)),
    macs: cost(rows, ({ macs }) => macs),
    output_stride: outputStride(model.backbone),
    feature,
    bins: (model.pyramid?.bins ?? []).map((bin) => ({
      bin,
      cell: [cellLength(bin, feature[0]), cellLength(bin, feature[1])],
    })),
    layers: rows,
    memory_bytes: needed.total,
    memory: {
      training: needed,
      inference: sizes(predictionStep(experiment, height, width), false),
    },
    recompute: recompute(request),
    largest_batch:
      available === undefined
        ? null
        : {
            memory_bytes: available,
            batch: largestBatch(experiment, available, sizesOn()),
          },
    iterations: train.iterations,
    batch: train.batch,
    groups: groupRows(training, train),
    data: images === null ? null : epochs(images, train),
    kernels: request.speeds ?? "speeds typical of AVX2",
    variants: request.variants,
    fingerprint: request.fingerprint,
    ...(devices === 1
      ? {}
      : {
          devices: devicesPlan(request, kernels, devices, cost(rows, ({ macs }) => macs).training),
        }),
  };
};

const recompute = (request: PlanRequest): Recompute | null => {
  const { experiment, training, kernels } = request;
  if (request.recompute.length === 0) return null;
  const kept = trainingStep(experiment);
  const [before, after] = [macs(kept), macs(training)];
  return {
    runs: request.recompute.map((segment) => segment.map(blockName)),
    macs: ((after - before) * experiment.train.accumulate) / experiment.train.batch,
    share: (after - before) / before,
    memory_bytes_without: sizesOn(kernels)(kept, false).total,
  };
};

const cost = (rows: readonly LayerRow[], of: (row: LayerRow) => number): Cost => {
  const total = (some: readonly LayerRow[]): number => some.reduce((n, row) => n + of(row), 0);
  return {
    inference: total(rows.filter(({ part }) => part !== "auxiliary")),
    training: total(rows),
  };
};

/** How many numbers the trainable variables hold that `has` chooses. */
const parametersIn = (graph: Graph, has: (of: Ops["variable"]) => boolean): number =>
  valuesOfOp(graph, "variable")
    .filter(({ attributes }) => isTrained(attributes) && has(attributes))
    .reduce((n, { attributes }) => n + product(attributes.shape), 0);

const groupRows = (training: Graph, train: Train): readonly GroupRow[] =>
  rateGroups(train).map(({ name, multiplier, has }) => ({
    name,
    multiplier,
    parameters: parametersIn(training, (of) => has(of) && !isFrozen(of.site, train.freeze)),
    rates: toldSteps(train.iterations).map((step) => ({
      step,
      rate: multiplier * rate(train.schedule, train.iterations, step),
    })),
  }));

/** The first step, the quarters, the last. */
const toldSteps = (iterations: number): readonly number[] => {
  const quarters = [0, 1, 2, 3].map((i) => Math.floor((i * iterations) / 4));
  return [...new Set([...quarters, iterations - 1])];
};

const epochs = (images: number, { batch, iterations }: Train): Plan["data"] => {
  const steps = stepsPerEpoch(images, batch);
  return { images, steps_per_epoch: steps, epochs: steps === 0 ? 0 : iterations / steps };
};
