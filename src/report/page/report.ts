/** What a report shows, as plain data, and how it is read from run folders. */

import { type Palette, palette } from "../../data/palette.js";
import type { Failure } from "../../diagnostic/failure.js";
import type { Difference } from "../../normalize/difference.js";
import type { Experiment } from "../../normalize/experiment.js";
import type { Evaluation } from "../../run/evaluation.js";
import { type Metric, readMetrics } from "../../run/journal.js";
import type { Run } from "../../run/record.js";
import { costs, type Result, type Row, rowOf } from "../../run/row.js";
import { readSamples, type Samples } from "../../run/samples.js";
import { curvesOf } from "./curves.js";
import { picturesOf } from "./pictures.js";

export interface Report {
  readonly title: string;
  /** What is scored. */
  readonly split: string;
  readonly data: DataSet;
  readonly classes: readonly string[];
  /** Of the classes, here and in every other picture of the data set. */
  readonly palette: Palette;
  /** In the order of the spec; the first is the baseline. */
  readonly variants: readonly Shown[];
  readonly pictures: readonly Pictured[];
  /** Run files that cannot be read: what they hold is missing from the page. */
  readonly damaged: readonly Failure[];
  /** What to type to have it again. */
  readonly commands: readonly string[];
  /** Follows runs that are still going. */
  readonly live: boolean;
}

/** The data set, as the top of the page names it. */
export interface DataSet {
  /** The end of the path of its folder: the rest is this machine's. */
  readonly folder: string;
  /** How many of the split were scored; `null` where none was. */
  readonly images: number | null;
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
  /** Of its weights on the report's split, or else of the last validation while it trained. */
  readonly score: Score | null;
}

export interface Score {
  readonly miou: number | null;
  readonly mean_accuracy: number | null;
  readonly pixel_accuracy: number | null;
  readonly images: number;
  /** The step of the validation; `null` for an evaluation of the run's weights. */
  readonly step: number | null;
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

/** Reads curves and pictures of every run. What is missing is left out; what is damaged is named. */
export const gather = async (
  entries: readonly Entry[],
  { damaged, ...about }: Pick<Report, "title" | "split" | "commands" | "live" | "damaged">,
): Promise<Report> => {
  const data = entries[0]?.experiment.data;
  const samples = await Promise.all(entries.map(samplesOf));
  const runs = await Promise.all(
    entries.map(({ runs }) => Promise.all(runs.map((member) => shownRun(member, about.split)))),
  );
  const scores = runs.flat().flatMap(({ score }) => score ?? []);
  return {
    ...about,
    data: { folder: ending(data?.root ?? ""), images: scores[0]?.images ?? null },
    palette: palette(data?.palette, data?.classes.length),
    classes: data?.classes ?? [],
    variants: entries.map((entry, i) => shown(entry, runs[i] ?? [])),
    pictures:
      data === undefined
        ? []
        : await picturesOf(
            samples.map((one) => one.samples),
            data,
          ),
    damaged: [...damaged, ...[...runs.flat(), ...samples].flatMap((one) => one.damaged)],
  };
};

const ending = (path: string): string => path.split(/[\\/]/).filter(Boolean).slice(-2).join("/");

const samplesOf = async ({ runs: [first] }: Entry): Promise<Samples> =>
  first === undefined ? { samples: [], damaged: [] } : readSamples(first.folder);

const shown = (
  { name, experiment, differences, runs: members }: Entry,
  runs: readonly ShownRun[],
): Shown => {
  const [first, ...rest] = members.flatMap(({ evaluation, ...run }): readonly Result[] =>
    evaluation === null ? [] : [{ ...run, evaluation }],
  );
  return {
    name,
    differences,
    ...costs(experiment),
    runs,
    row: first === undefined ? null : rowOf(name, experiment, [first, ...rest]),
  };
};

const shownRun = async (
  { folder, run, evaluation }: Member,
  split: string,
): Promise<ShownRun & { readonly damaged: readonly Failure[] }> => {
  const { lines, damaged } = await readMetrics(folder);
  const score = evaluation === null ? validated(lines, split) : { ...evaluation, step: null };
  return { folder, run, ...curvesOf(lines), score, damaged };
};

const validated = (lines: readonly Metric[], split: string): Score | null => {
  const last = lines.findLast((line) => "split" in line && line.split === split);
  return last !== undefined && "split" in last ? last : null;
};
