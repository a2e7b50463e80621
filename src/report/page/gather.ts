/** Variants and their run folders enter; everything that a report shows of them leaves. */

import type { Difference } from "../../normalize/difference.js";
import type { Experiment } from "../../normalize/experiment.js";
import type { Evaluation } from "../../run/evaluation.js";
import { metricsFile, type Run } from "../../run/folder.js";
import { readJournal } from "../../run/journal.js";
import { costs, type Result, rowOf } from "../../run/row.js";
import { readSamples } from "../../run/samples.js";
import { curvesOf } from "./curve.js";
import { picturesOf } from "./pictures.js";
import type { Report, Shown, ShownRun } from "./report.js";

/** A variant: its runs, and what was found of each. */
export interface Entry {
  readonly name: string;
  readonly experiment: Experiment;
  /** From the baseline. */
  readonly differences: readonly Difference[];
  readonly runs: readonly [Member, ...Member[]];
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
  const samples = await Promise.all(entries.map(({ runs }) => readSamples(runs[0].folder)));
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
