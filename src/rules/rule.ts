/** What a rule is, and the words that several rules share. */

import {
  type Diagnostic,
  type Fix,
  formatPath,
  type Path,
  type Place,
} from "../diagnostic/diagnostic.js";
import type { Sides } from "../language/geometry.js";
import type { Spec } from "../language/spec.js";
import type { Data, Experiment } from "../normalize/experiment.js";
import { flow } from "../source/flow.js";

/** What a rule may know of the world. A spec may be right on another machine: what is unknown here breaks no rule. */
export interface Facts {
  /** How many samples the training split lists; `null` where the list cannot be read. */
  readonly samples?: ((data: Data) => number | null) | undefined;
  /** Whether a folder is there. Asked of `data.root`. */
  readonly isFolder?: ((path: string) => boolean) | undefined;
  /** Whether the processor that will train computes bf16 in hardware. Asked only for specs that need it. */
  readonly computesBf16?: (() => boolean) | undefined;
  /** On how many devices it will be trained, where that is asked. No graph above the target knows of it. */
  readonly devices?: number | undefined;
}

/** Finds what is wrong with an experiment. Rules are independent of each other. */
export type Rule = (experiment: Experiment, facts: Facts) => readonly Diagnostic[];

/** One that reads the data section alone. */
export type DataRule = (experiment: Pick<Experiment, "data">) => readonly Diagnostic[];

/** One about the author's words: what was written and has no effect can no longer be seen in an experiment. */
export type SpecRule = (spec: Spec) => readonly Diagnostic[];

export const place = (path: Path, label: string): Place => ({ path, label });

/** A fix that sets a key which is written; `title` is an instruction. The author chooses, so it is not safe. */
export const write = (path: Path, value: unknown, title?: string): Fix => ({
  title: title ?? `write \`${path.at(-1)}: ${flow(value)}\``,
  edits: [{ path, text: flow(value) }],
  safe: false,
});

/** A fix that takes a key away, with its value. */
export const remove = (path: Path): Fix => ({
  title: `remove \`${formatPath(path)}\``,
  edits: [{ path, on: "entry", text: "" }],
  safe: false,
});

/** Of a fix that is surely meant. */
export const safely = (fix: Fix): Fix => ({ ...fix, safe: true });

/** Two numbers in the wrong order change their places. */
export const swap = (range: Path, min: number, max: number): Fix => ({
  title: `write [${max}, ${min}]`,
  edits: [
    { path: [...range, 0], text: String(max) },
    { path: [...range, 1], text: String(min) },
  ],
  safe: true,
});

export const list = (xs: readonly (number | string)[]): string => `[${xs.join(", ")}]`;

/** As a spec writes it: `89`, or `[360, 480]`. */
export const sides = ([h, w]: Sides): string => (h === w ? `${h}` : `[${h}, ${w}]`);

export const by = ([h, w]: Sides): string => `${h}×${w}`;

/** Each item that occurred before, with the index of its first occurrence. */
export const repetitions = <A>(
  items: readonly A[],
): readonly { readonly item: A; readonly index: number; readonly first: number }[] =>
  items
    .map((item, index) => ({ item, index, first: items.indexOf(item) }))
    .filter(({ index, first }) => first < index);
