/** `compare`: trains what is missing of a spec's variants or of runs, and sets them side by side in a table and a page. */

import { basename, dirname, extname } from "node:path";
import { command, flag, number, oneOf, option, optional, restPositionals, string } from "cmd-ts";
import type { Split } from "../../data/layout.js";
import { makeFolder, writeFileAtomic } from "../../data/write.js";
import type { Failure } from "../../diagnostic/failure.js";
import { page } from "../../report/page/page.js";
import { type Entry, gather, type Member } from "../../report/page/report.js";
import {
  type Compared,
  comparisonCsv,
  comparisonMarkdown,
  comparisonText,
} from "../../report/scores.js";
import { shellLine } from "../../report/sweep.js";
import { compare, shownAs } from "../../run/compare.js";
import type { Event } from "../../run/event.js";
import { readRun } from "../../run/record.js";
import { sample } from "../../run/samples.js";
import type { Want } from "../../runtime/machine.js";
import { deviceOption, jsonFlag, specArguments, textOption } from "../arguments.js";
import { badCount, leftOut, noOverride } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { needTensorFlow } from "../setup.js";
import { demandSense, elsewhere } from "../sweep.js";
import { print, printJson, type Terminal, tell } from "../terminal.js";
import { defaultSplit } from "../trained.js";
import { type AllMeant, isRun, type Meant, variantsOfRuns, variantsOfSpec } from "../variants.js";
import { type Verb, verb } from "../verb.js";
import { sameGoesOn } from "./errors.js";

const countOption = (long: string, usual: number, description: string) =>
  option({
    long,
    type: number,
    description,
    defaultValue: () => usual,
    defaultValueIsSerializable: true,
  });

/** What stands behind `--` is for another program. */
export const run: Verb = (terminal, argv) => {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  return comparing(argv, argv.slice(end + 1))(terminal, argv.slice(0, end));
};

const comparing = (argv: readonly string[], behind: readonly string[]): Verb =>
  verb((terminal) =>
    command({
      name: "compare",
      description:
        "Trains what is missing of a spec's variants, or of runs, and sets them side by side: in a table, and in a page.",
      args: {
        target: specArguments.target,
        runCode: specArguments.runCode,
        words: restPositionals({
          type: { ...string, displayName: "RUN|key=value", description: "more runs, or overrides" },
        }),
        variants: textOption(
          "variants",
          "A,B",
          "these only, in this order; the first is the baseline",
        ),
        seeds: countOption("seeds", 1, "trainings of each variant, from train.seed on"),
        split: option({
          long: "split",
          type: optional(oneOf(["train", "val", "test"])),
          description: "what is scored; val where the data have one, else test, else train",
        }),
        runs: option({
          long: "runs",
          type: { ...string, displayName: "FOLDER" },
          description: "the folder of the runs",
          defaultValue: () => "runs",
          defaultValueIsSerializable: true,
        }),
        html: textOption("html", "FILE", "where the page goes; RUNS/NAME.html otherwise"),
        images: countOption("images", 4, "pictures of the split in the page; 0 has none"),
        json: jsonFlag,
        markdown: flag({ long: "markdown", description: "answer in Markdown" }),
        csv: flag({ long: "csv", description: "answer in comma-separated values" }),
        list: flag({
          long: "list",
          description: "only say what would be trained, a command a line; no data are read",
        }),
        on: option({
          long: "on",
          type: optional(oneOf(["slurm", "kubernetes"])),
          description:
            "slurm: train what is missing by a job array, wait, compare; what stands behind -- goes to sbatch. kubernetes: print a Job",
        }),
        dryRun: flag({ long: "dry-run", description: "with --on slurm: print the script alone" }),
        atOnce: option({
          long: "at-once",
          type: optional(number),
          description: "with --on: the most trainings at one time",
        }),
        wait: option({
          long: "wait",
          type: optional({ ...number, displayName: "SECONDS" }),
          description:
            "with --on: how long a task waits for another process that trains in its folder; 300 otherwise",
        }),
        device: deviceOption,
      },
      handler: async ({
        target,
        runCode,
        words,
        variants: names,
        seeds,
        split: of,
        runs,
        ...asked
      }) => {
        const { html, images, device } = asked;
        const how = { ...asked, options: behind };
        demandSense(target.entry, how);
        if (!Number.isInteger(seeds) || seeds < 1) throw badCount("seeds", seeds);
        const meant = isRun(target.entry)
          ? await variantsOfRuns([target.entry, ...words], seeds)
          : {
              variants: await variantsOfSpec(
                terminal,
                { target, overrides: words.map(override), runCode },
                { names: names?.split(","), seeds, json: asked.json },
              ),
              damaged: [],
            };
        const { variants } = meant;
        const typed = ["npx pspc compare", shellLine(argv)].join(" ");
        if (asked.list || asked.on !== undefined) {
          const overrides = isRun(target.entry) ? [] : words.map(override);
          const request = { target, overrides, runCode, variants, runs, device, typed };
          const code = await elsewhere(terminal, { ...request, json: asked.json }, how);
          if (code !== null) return code;
        }
        const split = of ?? defaultSplit(terminal, variants[0].programs[0]);
        await needTensorFlow(terminal);
        const { answer: rows, events } = await follow(
          terminal,
          (signal) =>
            compare({ spec: target.entry, parent: runs, variants, split, device, signal }),
          batchOf(variants),
        );
        if (rows === null) return interrupted(terminal);
        const damaged = [...meant.damaged, ...damagedIn(events)];
        const compared = rows.map((row) => ({
          ...row,
          differences: variants.find((each) => shownAs(each) === row.variant)?.differences ?? [],
        }));
        const name = isRun(target.entry) ? "runs" : nameOfSpec(target.entry);
        const written = await writeReport(terminal, {
          file: html ?? `${runs}/${name}.html`,
          title: name,
          command: typed,
          variants,
          rows: compared,
          damaged,
          split,
          images,
          device,
        });
        if (!written) return interrupted(terminal);
        answer(terminal, compared, asked);
        for (const failure of damaged) tell(terminal, leftOut(failure));
        return damaged.length === 0 ? exit.ok : exit.wrong;
      },
    }),
  );

const damagedIn = (events: readonly Event[]): readonly Failure[] =>
  events.flatMap((event) => (event.kind === "compared" ? event.damaged : []));

const override = (word: string): string => {
  if (!word.includes("=")) throw noOverride(word);
  return word;
};

const batchOf =
  (variants: AllMeant) =>
  (shown: string | null): number => {
    const variant = variants.find((each) => shownAs(each) === shown) ?? variants[0];
    return variant.programs[0].experiment.train.batch;
  };

const interrupted = (terminal: Terminal): typeof exit.interrupted => {
  tell(terminal, sameGoesOn);
  return exit.interrupted;
};

interface Form {
  readonly json: boolean;
  readonly markdown: boolean;
  readonly csv: boolean;
}

const answer = (terminal: Terminal, rows: readonly Compared[], form: Form): void => {
  if (form.json) printJson(terminal, rows);
  else if (form.csv) print(terminal, comparisonCsv(rows));
  else if (form.markdown) print(terminal, comparisonMarkdown(rows));
  else print(terminal, comparisonText(rows));
};

export interface ReportRequest {
  readonly file: string;
  readonly title: string;
  /** What the user typed. */
  readonly command: string;
  readonly variants: AllMeant;
  /** One a variant, but for variants without a run that can be read. */
  readonly rows: readonly Compared[];
  readonly damaged: readonly Failure[];
  readonly split: Split;
  readonly images: number;
  readonly device: Want;
}

export const nameOfSpec = (entry: string): string => basename(entry, extname(entry));

/** @returns whether it came to the end. @throws Failed where prediction or the disk does. */
export const writeReport = async (terminal: Terminal, request: ReportRequest): Promise<boolean> => {
  const { interrupted } = await follow(terminal, (signal) => samples(request, signal));
  if (interrupted) return false;
  const entries = await Promise.all(
    request.variants.flatMap((variant) => {
      const row = rowOf(request, variant);
      return row === undefined ? [] : [entryOf(variant, row)];
    }),
  );
  const { file, title, split, command, damaged } = request;
  const about = { title, split, commands: [command], live: false, damaged };
  const text = await page(await gather(entries, about));
  makeFolder(dirname(file));
  await writeFileAtomic(file, text);
  tell(terminal, `the page: ${file}`);
  return true;
};

const rowOf = ({ rows }: ReportRequest, variant: Meant): Compared | undefined =>
  rows.find((row) => row.variant === shownAs(variant));

/** Of the first seed of each variant. */
async function* samples(request: ReportRequest, signal: AbortSignal): AsyncGenerator<Event, void> {
  const { variants, split, images, device } = request;
  if (images < 1) return;
  for (const variant of variants) {
    const folder = rowOf(request, variant)?.runs[0];
    if (folder === undefined) continue;
    yield* sample({ program: variant.programs[0], folder, split, images, device, signal });
    if (signal.aborted) return;
  }
}

const entryOf = async (variant: Meant, row: Compared): Promise<Entry> => {
  const runs = row.runs.map(
    async (folder, seed): Promise<Member> => ({
      folder,
      run: await readRun(folder),
      evaluation: row.evaluations[seed] ?? null,
    }),
  );
  const { experiment } = variant.programs[0];
  const { variant: name, differences } = row;
  return { name, experiment, differences, runs: await Promise.all(runs) };
};
