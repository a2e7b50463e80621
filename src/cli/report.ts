/** A comparison that is done enters; its pictures are predicted, and its page stands in a file. */

import { basename, dirname, extname } from "node:path";
import type { Split } from "../data/layout.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import type { Compared } from "../report/comparison.js";
import { type Entry, gather, type Member } from "../report/page/gather.js";
import { page } from "../report/page/page.js";
import type { Event } from "../run/event.js";
import { readRun } from "../run/folder.js";
import { sample } from "../run/samples.js";
import type { Want } from "../runtime/library.js";
import { follow } from "./follow.js";
import { type Terminal, tell } from "./terminal.js";
import type { AllMeant } from "./variants.js";

export interface ReportRequest {
  readonly file: string;
  readonly title: string;
  /** What the user typed. */
  readonly command: string;
  readonly variants: AllMeant;
  /** One a variant. */
  readonly rows: readonly Compared[];
  readonly split: Split;
  readonly images: number;
  readonly device: Want;
}

export const nameOfSpec = (entry: string): string => basename(entry, extname(entry));

/** @returns whether it came to the end. @throws Failed where prediction or the disk does. */
export const writeReport = async (terminal: Terminal, request: ReportRequest): Promise<boolean> => {
  const { interrupted } = await follow(terminal, (signal) => samples(request, signal));
  if (interrupted) return false;
  const entries = await Promise.all(request.rows.map((row, i) => entry(request, row, i)));
  const { file, title, split, command } = request;
  const about = { title, split, commands: [command], live: false };
  const text = await page(await gather(entries, about));
  makeFolder(dirname(file));
  await writeFileAtomic(file, text);
  tell(terminal, `the page: ${file}`);
  return true;
};

/** Of the first seed of each variant. */
async function* samples(
  { variants, rows, split, images, device }: ReportRequest,
  signal: AbortSignal,
): AsyncGenerator<Event, void> {
  if (images < 1) return;
  for (const [i, { runs }] of rows.entries()) {
    const program = variants[i]!.programs[0];
    yield* sample({ program, folder: runs[0]!, split, images, device, signal });
    if (signal.aborted) return;
  }
}

const entry = async ({ variants }: ReportRequest, row: Compared, i: number): Promise<Entry> => {
  const runs = row.runs.map(
    async (folder, seed): Promise<Member> => ({
      folder,
      run: await readRun(folder),
      evaluation: row.evaluations[seed] ?? null,
    }),
  );
  const [first, ...rest] = await Promise.all(runs);
  const { experiment } = variants[i]!.programs[0];
  const { variant: name, differences } = row;
  return { name, experiment, differences, runs: [first!, ...rest] };
};
