/** A folder of runs enters; a page of what is in it now leaves, drawn anew when that has changed. */

import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { experimentDifferences } from "../normalize/difference.js";
import { fingerprintOf } from "../plan/program.js";
import type { Evaluation } from "../run/evaluation.js";
import { type Found, type Group, groups, runsIn } from "../run/find.js";
import { metricsFile, readEvaluations, runFile } from "../run/folder.js";
import { type Entry, gather, type Member } from "./page/gather.js";
import { page } from "./page/page.js";

export interface Drawn {
  /** Changes with the page. */
  readonly version: string;
  readonly text: string;
}

/** Least time between two drawings, in ms, and as a multiple of what one takes: runs need the machine more. */
const pause = { least: 4000, times: 10 };

/** Whoever asks gets the page of now, or of a moment ago. */
export const liveReport = (folder: string): (() => Promise<Drawn>) => {
  let drawn: Drawn = { version: "", text: "" };
  let next = 0;
  let drawing: Promise<Drawn> | null = null;
  const draw = async (): Promise<Drawn> => {
    const started = performance.now();
    const runs = await runsIn(folder);
    const version = await versionOf(runs);
    if (version !== drawn.version) drawn = { version, text: await pageOf(folder, runs) };
    const spent = performance.now() - started;
    next = performance.now() + Math.max(pause.least, pause.times * spent);
    return drawn;
  };
  return () => {
    if (drawn.version !== "" && performance.now() < next) return Promise.resolve(drawn);
    drawing ??= draw().finally(() => {
      drawing = null;
    });
    return drawing;
  };
};

/** Of the sizes and times of what the page is made of. */
const versionOf = async (runs: readonly Found[]): Promise<string> => {
  const files = runs.flatMap(({ folder }) => [
    runFile(folder),
    metricsFile(folder),
    join(folder, "evaluations"),
    join(folder, "samples.json"),
  ]);
  const stamps = files.map((file) =>
    stat(file).then(
      ({ size, mtimeMs }) => [file, size, mtimeMs],
      () => [file],
    ),
  );
  return fingerprintOf(await Promise.all(stamps));
};

const pageOf = async (folder: string, runs: readonly Found[]): Promise<string> => {
  const comparable = sameClasses(runs);
  const evaluations = new Map(
    await Promise.all(
      comparable.map(async (found) => [found, await readEvaluations(found.folder)] as const),
    ),
  );
  const split = splitOf([...evaluations.values()].flat());
  const plans = groups(comparable);
  const entries = plans.map((group): Entry => {
    const { experiment } = group[0].run;
    const base = plans[0]![0].run.experiment;
    const member = (found: Found): Member => ({
      ...found,
      evaluation: evaluations.get(found)?.findLast((one) => one.split === split) ?? null,
    });
    const [first, ...rest] = group;
    return {
      name: nameOf(group),
      experiment,
      differences: experimentDifferences(base, experiment).filter(
        ({ path }) => path !== "train.seed",
      ),
      runs: [member(first), ...rest.map(member)],
    };
  });
  const title = basename(resolve(folder));
  const commands = [`npx pspc compare ${comparable.map((one) => one.folder).join(" ")}`];
  return page(await gather(entries, { title, split, commands, live: true }));
};

/** Runs over other classes than the newest one's cannot stand in one table, and are left out. */
const sameClasses = (runs: readonly Found[]): readonly Found[] => {
  const [newest] = runs.toSorted((a, b) => b.run.created.localeCompare(a.run.created));
  const classes = ({ run }: Found): string => JSON.stringify(run.experiment.data.classes);
  return newest === undefined ? [] : runs.filter((one) => classes(one) === classes(newest));
};

const splitOf = (evaluations: readonly Evaluation[]): string =>
  ["val", "test", "train"].find((split) => evaluations.some((one) => one.split === split)) ?? "val";

const nameOf = ([{ folder }]: Group): string => basename(folder);
