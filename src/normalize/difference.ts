/** Two resolved experiments enter; the values in which they differ leave, wherever each came from. */

import type { Experiment } from "./experiment.js";
import type { Resolved } from "./normalize.js";
import type { Decided } from "./origin.js";

/** `undefined` where one of the two has no such value: below `pyramid: none` there are no bins. */
export interface Difference {
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** In the order of a spec. Spelling does not count: `1/3` written and `1/3` by default are the same. */
export const differences = (left: Resolved, right: Resolved): readonly Difference[] => {
  const paths = new Set([...left.origins.keys(), ...right.origins.keys()]);
  return [...paths]
    .filter((path) => meaning(left.origins.get(path)) !== meaning(right.origins.get(path)))
    .map((path) => ({
      path,
      left: left.origins.get(path)?.value,
      right: right.origins.get(path)?.value,
    }));
};

const meaning = (decided: Decided | undefined): string =>
  decided === undefined ? "" : JSON.stringify(decided.value);

/** Of two experiments whose specs are not at hand, as of runs: the leaves in which they differ. */
export const experimentDifferences = (left: Experiment, right: Experiment): readonly Difference[] =>
  (["data", "model", "train", "evaluate"] as const).flatMap((section) =>
    leaves(section, left[section], right[section]),
  );

const leaves = (path: string, a: unknown, b: unknown): readonly Difference[] => {
  const [left, right] = [entries(a), entries(b)];
  if (JSON.stringify(left) === JSON.stringify(right)) return [];
  if (!isRecord(left) || !isRecord(right)) return [{ path, left, right }];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => leaves(`${path}.${key}`, left[key], right[key]));
};

/** Label maps as their entries, whatever their order. */
const entries = (value: unknown): unknown => (value instanceof Map ? [...value].sort() : value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
