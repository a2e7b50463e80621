/** Lines of a run's journal enter; curves short enough to draw leave. */

import type { Curve, ShownRun } from "./report.js";

/** Points that a curve is drawn with at most: more than its pixels tell nothing. */
const enough = 160;

type Line = Readonly<Record<string, unknown>>;

export const curvesOf = (lines: readonly Line[]): Pick<ShownRun, "loss" | "scores"> => {
  const scored = lines.filter(({ miou }) => typeof miou === "number");
  const splits = [...new Set(scored.map(({ split }) => String(split ?? "val")))];
  return {
    loss: thin(points(lines, "loss")),
    scores: new Map(
      splits.map((split) => [
        split,
        thin(
          points(
            scored.filter((line) => String(line.split ?? "val") === split),
            "miou",
          ),
        ),
      ]),
    ),
  };
};

const points = (lines: readonly Line[], key: string): Curve =>
  lines.flatMap((line) => {
    const [step, value] = [Number(line.step), line[key]];
    return Number.isFinite(step) && typeof value === "number" && Number.isFinite(value)
      ? [[step, value] as const]
      : [];
  });

/** Means over equal stretches of steps, each at its end: noise goes, the trend stays. */
export const thin = (curve: Curve, most = enough): Curve => {
  if (curve.length <= most) return curve;
  return Array.from({ length: most }, (_, i) => {
    const stretch = curve.slice(
      Math.floor((i * curve.length) / most),
      Math.floor(((i + 1) * curve.length) / most),
    );
    const total = stretch.reduce((sum, [, value]) => sum + value, 0);
    return [stretch[stretch.length - 1]![0], total / stretch.length] as const;
  });
};
