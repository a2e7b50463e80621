/** What several devices bring, on paper: memory of each, bytes on the wire, and how a step grows with their number. */

import { valuesOfOp } from "../graph/graph.js";
import { bytesOf } from "../graph/type.js";
import { isFrugal } from "../plan/step.js";
import { replicated } from "../target/replicas.js";
import { type Kernels, sizesOn } from "../tensorflow/target.js";
import { bytes, count, figure, percent, table, text } from "./format.js";
import type { PlanRequest } from "./plan.js";

/** Of `plan --json`. */
export interface DevicesPlan {
  readonly devices: number;
  /** Of each part of a batch. */
  readonly images_per_device: number;
  /** State, activations, workspace and the allocator's slack of one replica. */
  readonly memory_bytes_per_device: number;
  /** Sums over the replicas in a step: of norms, and of gradients in buckets. */
  readonly sums: { readonly norms: number; readonly gradients: number };
  /** What a replica hands to them. */
  readonly bytes: { readonly norms: number; readonly gradients: number };
  /** What a replica sends in a step, by a ring. */
  readonly bytes_sent: number;
  /** Multiply-accumulates a second that a device is assumed to sustain. */
  readonly macs_per_second: number;
  /** As many images a device, on more devices. */
  readonly scaling: readonly ScaledStep[];
}

interface ScaledStep {
  readonly devices: number;
  readonly batch: number;
  readonly seconds: {
    readonly compute: number;
    readonly norms: number;
    readonly gradients: number;
  };
  /** Gradients are summed while the backward pass runs: what of them is waited for is part of the step. */
  readonly step_seconds: number;
  /** Of the compute in a step. */
  readonly efficiency: number;
}

/** What the times assume; docs/distributed.md says why. Of it the rate alone was measured, on one GPU. */
const ASSUMED = {
  /** Multiply-accumulates a second that a GPU sustains: about what an H200 did (docs/performance.md). */
  macs: { f32: 2e13, bf16: 4e13 },
  /** GPUs of a machine, which reach each other faster than others. */
  machine: 8,
  /** Seconds until a small sum is there: within a machine, and for each doubling of machines. */
  latency: { within: 30e-6, doubling: 20e-6 },
  /** Bytes a second of one GPU: to its neighbours, and out of the machine. */
  bandwidth: { within: 150e9, out: 12.5e9 },
} as const;

const SIZES = [8, 64, 512] as const;

export const devicesPlan = (
  { experiment, training }: Pick<PlanRequest, "experiment" | "training">,
  kernels: Kernels | undefined,
  devices: number,
  /** Multiply-accumulates of a forward pass over one image. */
  macs: number,
): DevicesPlan => {
  const { batch, accumulate, precision } = experiment.train;
  const replica = replicated(training, devices);
  const { total, process, initial } = sizesOn(kernels)(replica, isFrugal(experiment));
  const normed = [...valuesOfOp(replica, "batchNorm"), ...valuesOfOp(replica, "batchNormGradient")]
    .filter(({ attributes }) => (attributes.replicas ?? 1) > 1)
    .map(({ types }) => 2 * bytesOf(types[1] ?? types[0]));
  const summed = valuesOfOp(replica, "across").map(({ types }) => bytesOf(types[0]));
  const sums = { norms: accumulate * normed.length, gradients: summed.length };
  const handed = { norms: accumulate * add(normed), gradients: add(summed) };
  const rate = ASSUMED.macs[precision];
  const compute = (3 * macs * batch) / devices / rate;
  return {
    devices,
    images_per_device: batch / accumulate / devices,
    memory_bytes_per_device: total - process - initial,
    sums,
    bytes: handed,
    bytes_sent: sent(devices) * (handed.norms + handed.gradients),
    macs_per_second: rate,
    scaling: SIZES.map((many) =>
      scaledStep(many, (batch / devices) * many, compute, sums.norms, handed.gradients),
    ),
  };
};

const add = (some: readonly number[]): number => some.reduce((a, b) => a + b, 0);

/** Of each byte that is summed, by a ring (Patarasu and Yuan 2009). */
const sent = (devices: number): number => (2 * (devices - 1)) / devices;

const scaledStep = (
  devices: number,
  batch: number,
  compute: number,
  normSums: number,
  gradientBytes: number,
): ScaledStep => {
  const machines = Math.ceil(devices / ASSUMED.machine);
  const { latency, bandwidth } = ASSUMED;
  const each = latency.within + latency.doubling * Math.log2(machines);
  const speed = machines === 1 ? bandwidth.within : bandwidth.out;
  const seconds = {
    compute,
    norms: normSums * each,
    gradients: (sent(devices) * gradientBytes) / speed,
  };
  // Two thirds of the compute are the backward pass.
  const waited = Math.max(0, seconds.gradients - (2 / 3) * compute);
  const step = compute + seconds.norms + waited;
  return { devices, batch, seconds, step_seconds: step, efficiency: compute / step };
};

/** For people, below the plan. */
export const devicesText = (of: DevicesPlan): string =>
  [
    `${of.devices} devices    ${of.images_per_device} ${of.images_per_device === 1 ? "image" : "images"} each at a time, ${bytes(of.memory_bytes_per_device)} of memory each`,
    `             a step sums ${count(of.sums.norms)} times for norms (${bytes(of.bytes.norms)}) and ${count(of.sums.gradients)} times for gradients (${bytes(of.bytes.gradients)});`,
    `             each device sends ${bytes(of.bytes_sent)}`,
    "",
    table(
      ["on paper", "batch", "compute", "norms", "gradients", "a step", "efficiency"].map(
        (title, i) => (i === 0 ? text(title) : figure(title)),
      ),
      of.scaling.map(({ devices, batch, seconds, step_seconds, efficiency }) => [
        `${devices} GPUs`,
        count(batch),
        milliseconds(seconds.compute),
        milliseconds(seconds.norms),
        milliseconds(seconds.gradients),
        milliseconds(step_seconds),
        `${percent(efficiency, 0)} %`,
      ]),
    ),
    `assumed, not measured: ${of.macs_per_second / 1e12} TMAC/s a GPU, 8 GPUs a machine, 150 GB/s among them and 12.5 GB/s`,
    "out; 30 µs a small sum and 20 µs more a doubling of machines (docs/distributed.md)",
  ].join("\n");

const milliseconds = (seconds: number): string => `${(1000 * seconds).toFixed(1)} ms`;
