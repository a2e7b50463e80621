/** The learning rate of a step, which parameters multiply it, and which samples the step reads. */

import { invariant } from "../diagnostic/invariant.js";
import type { Ops } from "../graph/op.js";
import type { Site } from "../graph/variable.js";
import type { Train } from "../normalize/experiment.js";
import { permutation } from "./random.js";

type Schedule = Train["schedule"];
/** One that is not behind a warm-up. */
type Plain = Exclude<Schedule, { readonly kind: "warmup" }>;

/**
 * Rate of step i of T. Poly: `(base − end)·(1 − i/T)^power + end`; step 0 takes `base` exactly, and the last step stands
 * one short of `end` (semseg `tool/train.py`; mmengine's `PolyLR` with an end value). Cosine and milestones are
 * PyTorch's `CosineAnnealingLR` and `MultiStepLR`. In a warm-up of n steps, step i has the share
 * `from + (1 − from)·i/(n − 1)` of the base; the schedule behind it begins at step n and has T − n steps (mmengine's
 * `LinearLR`, and others with `begin=n`).
 */
export const rate = (schedule: Schedule, iterations: number, step: number): number => {
  if (!("kind" in schedule) || schedule.kind !== "warmup")
    return plainRate(schedule, iterations, step);
  const { steps, from, schedule: then } = schedule;
  if (step >= steps) return plainRate(then, iterations - steps, step - steps);
  return then.base * (from + ((1 - from) * Math.max(0, step)) / (steps - 1));
};

const plainRate = (schedule: Plain, iterations: number, step: number): number => {
  const { base } = schedule;
  if (step <= 0) return base;
  if (!("kind" in schedule)) {
    const { power, end } = schedule;
    return step >= iterations ? end : (base - end) * (1 - step / iterations) ** power + end;
  }
  switch (schedule.kind) {
    case "constant":
      return base;
    case "cosine": {
      const { end } = schedule;
      const left = (1 + Math.cos((Math.PI * step) / iterations)) / 2;
      return step >= iterations ? end : (base - end) * left + end;
    }
    case "milestones":
      return base * schedule.factor ** schedule.at.filter((each) => each <= step).length;
  }
};

/** Parameters that share a rate multiplier. */
export interface RateGroup {
  readonly name: string;
  readonly multiplier: number;
  readonly has: (variable: Member) => boolean;
}

/** What a variable's multiplier goes by. */
type Member = Pick<Ops["variable"], "site" | "role">;

const isClassifierBias = ({ site, role }: Member): boolean =>
  isNew(site) && role === "bias" && "layer" in site && site.layer === "classifier";

/** Layers that may start from pretrained weights keep the rate; those that start from nothing multiply it. */
export const multiplierOf = (
  { multipliers }: Pick<Train, "multipliers">,
  { site, role }: Member,
): number => {
  if (!isNew(site)) return 1;
  return isClassifierBias({ site, role }) ? multipliers.bias : multipliers[site.part];
};

type NewSite = Exclude<Site, { readonly part: "backbone" }>;
const NEW_PARTS = ["pyramid", "head", "auxiliary"] as const;
const isNew = (site: Site | null): site is NewSite => site !== null && site.part !== "backbone";

/** Those that share the multiplier of what is new are one group. */
export const rateGroups = (train: Pick<Train, "multipliers">): readonly RateGroup[] => {
  const { new: usual, ...each } = train.multipliers;
  const isUsual = (member: Member): boolean =>
    isNew(member.site) && multiplierOf(train, member) === usual;
  const others = NEW_PARTS.filter((name) => each[name] !== usual).map((name) => ({
    name,
    multiplier: each[name],
    has: (member: Member) => member.site?.part === name && !isClassifierBias(member),
  }));
  return [
    { name: "backbone", multiplier: 1, has: ({ site }: Member) => !isNew(site) },
    { name: "new", multiplier: usual, has: isUsual },
    ...others,
    ...(each.bias === usual
      ? []
      : [{ name: "bias", multiplier: each.bias, has: isClassifierBias }]),
  ];
};

/** Whole batches in one pass over the samples; what does not fill a batch is dropped, and differs each epoch. */
export const stepsPerEpoch = (samples: number, batch: number): number =>
  Math.floor(samples / batch);

export interface Draw {
  readonly epoch: number;
  /** One index into the samples for each place in the batch. */
  readonly indices: readonly number[];
}

/** The order of the samples in an epoch: a permutation that depends on (seed, epoch) alone. */
export const epochOrder = (seed: number, epoch: number, samples: number): Uint32Array =>
  permutation(samples, seed, "shuffle", epoch);

/** The samples of every step; remembers the order of one epoch, so that a step costs nothing. */
export function shuffle(seed: number, samples: number, batch: number): (step: number) => Draw {
  const steps = stepsPerEpoch(samples, batch);
  invariant(steps > 0, `${samples} samples do not fill a batch of ${batch}`);
  let known = -1;
  let order: Uint32Array = new Uint32Array(0);
  return (step) => {
    const epoch = Math.floor(step / steps);
    if (epoch !== known) order = epochOrder(seed, epoch, samples);
    known = epoch;
    const first = (step % steps) * batch;
    return { epoch, indices: Array.from(order.subarray(first, first + batch)) };
  };
}
