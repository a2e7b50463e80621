/** The learning rate as data: a schedule and a step enter, the rate of that step leaves, and who learns faster. */

import type { Train } from "../normalize/experiment.js";

/**
 * Poly rate of step i of T: `(base − end)·(1 − i/T)^power + end`. Step 0 takes `base` exactly and the
 * last step stands one short of `end` (semseg `tool/train.py`; mmengine's PolyLR with an end value).
 */
export function rate(schedule: Train["schedule"], iterations: number, step: number): number {
  const { base, power, end } = schedule;
  if (step <= 0) return base;
  if (step >= iterations) return end;
  return (base - end) * (1 - step / iterations) ** power + end;
}

/** Parameters that share a rate multiplier. */
export interface Group {
  readonly name: "backbone" | "new";
  readonly multiplier: number;
}

/** Layers that may start from pretrained weights keep the rate; those that start from nothing multiply it. */
export const groups = (
  train: Pick<Train, "multipliers">,
): readonly [backbone: Group, fresh: Group] => [
  { name: "backbone", multiplier: 1 },
  { name: "new", multiplier: train.multipliers.new },
];
