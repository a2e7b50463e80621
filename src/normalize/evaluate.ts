/** The section `evaluate` as written enters; the decided one leaves. */

import type { Spec } from "../language/spec.js";
import type { Evaluate, Train } from "./experiment.js";
import { type Decisions, same } from "./origin.js";
import { sides } from "./train.js";

type Written = NonNullable<Spec["evaluate"]>;

export const decideEvaluate = (e: Written, crop: Train["crop"], decide: Decisions): Evaluate => {
  const slides = e.window !== undefined || e.overlap !== undefined;
  const inferred = slides ? "a window or an overlap is written" : "no window or overlap is written";
  const mode = decide.orInferred("evaluate.mode", e.mode, slides ? "slide" : "whole", inferred);
  const window = decide.orInferred("evaluate.window", e.window, crop, "`train.crop`");
  const overlap = decide.or("evaluate.overlap", e.overlap, "1/3", "semseg `tool/test.py`");
  return {
    mode,
    window: sides(window),
    overlap: typeof overlap === "number" ? overlap : fraction(overlap),
    scales: decide.or("evaluate.scales", e.scales, [1], "single scale"),
    long_side: orNone(decide.or("evaluate.long_side", e.long_side, "none", "an image's own size")),
    mirror: decide.or("evaluate.mirror", e.mirror, false, "one pass an image"),
    padding: decide.orPreset("evaluate.padding", e.padding, same),
    average: decide.orPreset("evaluate.average", e.average, same),
    rounding: decide.orPreset("evaluate.rounding", e.rounding, same),
    absent_class: decide.orPreset("evaluate.absent_class", e.absent_class, same),
    boundary: orNone(decide.or("evaluate.boundary", e.boundary, "none", "regions alone")),
  };
};

const orNone = <A>(value: A | "none"): A | null => (value === "none" ? null : value);

const fraction = (text: string): number => {
  const [numerator, denominator] = text.split("/").map(Number);
  return numerator! / denominator!;
};
