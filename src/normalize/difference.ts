/** Finds the values in which two experiments differ, wherever each value came from. */

import { formatPath, type Path } from "../diagnostic/diagnostic.js";
import type { Experiment } from "./experiment.js";
import type { Resolved } from "./normalize.js";

/** `undefined` where one of the two has no such value: below `pyramid: none` there are no bins. */
export interface Difference {
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** In the order of a spec. Spelling does not count: `1/3` written and `1/3` by default are the same. */
export const differences = (left: Resolved, right: Resolved): readonly Difference[] => {
  const [a, b] = [valuesOf(left), valuesOf(right)];
  const paths = new Set([...a.keys(), ...b.keys()]);
  return [...paths]
    .filter((path) => JSON.stringify(a.get(path)) !== JSON.stringify(b.get(path)))
    .map((path) => ({ path, left: a.get(path), right: b.get(path) }));
};

/** Every value as it could be written, by the path of its key; the items of a list are one value. */
const valuesOf = ({ origins }: Resolved): ReadonlyMap<string, unknown> => {
  const values = new Map<string, unknown>();
  for (const { path, value } of origins.values()) {
    const index = path.findIndex((step) => typeof step === "number");
    const name = formatPath(index < 0 ? path : path.slice(0, index));
    values.set(name, index < 0 ? value : placed(values.get(name), path.slice(index), value));
  }
  return values;
};

/** The list or map with the value put at its path. */
const placed = (whole: unknown, [step, ...more]: Path, value: unknown): unknown => {
  if (step === undefined) return value;
  if (typeof step === "number") {
    const items: readonly unknown[] = Array.isArray(whole) ? whole : [];
    return [...items.slice(0, step), placed(items[step], more, value)];
  }
  const fields = isRecord(whole) ? whole : {};
  return { ...fields, [step]: placed(fields[step], more, value) };
};

/** Of two experiments whose specs are not at hand, as of runs: the leaves in which they differ. */
export const experimentDifferences = (left: Experiment, right: Experiment): readonly Difference[] =>
  (["data", "model", "train", "evaluate"] as const).flatMap((section) =>
    leaves(section, left[section], right[section]),
  );

const leaves = (path: string, a: unknown, b: unknown): readonly Difference[] => {
  const [left, right] = [entries(a), entries(b)];
  if (inOrder(left) === inOrder(right)) return [];
  if (!isRecord(left) || !isRecord(right)) return [{ path, left, right }];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => leaves(`${path}.${key}`, left[key], right[key]));
};

/** As JSON, whatever the order of its keys. */
const inOrder = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    isRecord(each) ? Object.fromEntries(Object.entries(each).sort()) : each,
  );

/** Label maps as their entries, whatever their order. */
const entries = (value: unknown): unknown => (value instanceof Map ? [...value].sort() : value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
