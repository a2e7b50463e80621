/** What a report shows, as plain data, and how it is read from run folders. */

import type { Difference } from "../../normalize/difference.js";
import type { Experiment } from "../../normalize/experiment.js";
import { costs, type Result, type Row, rowOf } from "../../run/compare.js";
import type { Evaluation } from "../../run/evaluation.js";
import { metricsFile } from "../../run/folder.js";
import { readJournal } from "../../run/journal.js";
import type { Run } from "../../run/record.js";
import { readSamples } from "../../run/samples.js";
import { curvesOf } from "./curves.js";
import { picturesOf } from "./pictures.js";

export interface Report {
  readonly title: string;
  /** What is scored. */
  readonly split: string;
  readonly classes: readonly string[];
  /** In the order of the spec; the first is the baseline. */
  readonly variants: readonly Shown[];
  readonly pictures: readonly Pictured[];
  /** What to type to have it again. */
  readonly commands: readonly string[];
  /** Follows runs that are still going. */
  readonly live: boolean;
}

export interface Shown {
  readonly name: string;
  /** From the baseline. */
  readonly differences: readonly Difference[];
  readonly parameters: number;
  readonly macs: number;
  readonly runs: readonly ShownRun[];
  /** `null` until something was evaluated. */
  readonly row: Row | null;
}

export interface ShownRun {
  readonly folder: string;
  readonly run: Run;
  readonly loss: Curve;
  /** mIoU while training, a curve a split. */
  readonly scores: ReadonlyMap<string, Curve>;
}

/** Points by step, ascending. */
export type Curve = readonly (readonly [step: number, value: number])[];

/** One picture, and what each variant sees in it. Images are data URLs. */
export interface Pictured {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly picture: string;
  readonly truth: string | null;
  /** By variant; `null` where it has not predicted this one. */
  readonly predictions: readonly (Prediction | null)[];
}

export interface Prediction {
  readonly url: string;
  /** Share of the pixels that count which are right. */
  readonly accuracy: number | null;
}

/** A variant: its runs, and what was found of each. */
export interface Entry {
  readonly name: string;
  readonly experiment: Experiment;
  /** From the baseline. */
  readonly differences: readonly Difference[];
  readonly runs: readonly Member[];
}

export interface Member {
  readonly folder: string;
  readonly run: Run;
  readonly evaluation: Evaluation | null;
}

/** Reads curves and pictures of every run. What is missing or half-written is left out. */
export const gather = async (
  entries: readonly Entry[],
  about: Pick<Report, "title" | "split" | "commands" | "live">,
): Promise<Report> => {
  const data = entries[0]?.experiment.data;
  const samples = await Promise.all(
    entries.map(({ runs: [first] }) => (first === undefined ? [] : readSamples(first.folder))),
  );
  return {
    ...about,
    classes: data?.classes ?? [],
    variants: await Promise.all(entries.map(shown)),
    pictures: data === undefined ? [] : await picturesOf(samples, data),
  };
};

const shown = async ({ name, experiment, differences, runs }: Entry): Promise<Shown> => {
  const [first, ...rest] = runs.flatMap(({ evaluation, ...run }): readonly Result[] =>
    evaluation === null ? [] : [{ ...run, evaluation }],
  );
  return {
    name,
    differences,
    ...costs(experiment),
    runs: await Promise.all(runs.map(shownRun)),
    row: first === undefined ? null : rowOf(name, experiment, [first, ...rest]),
  };
};

const shownRun = async ({ folder, run }: Member): Promise<ShownRun> => ({
  folder,
  run,
  ...curvesOf(await readJournal(metricsFile(folder))),
});
