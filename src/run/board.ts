/** What TensorBoard shows of a run: losses, rates, scores and pictures of steps enter, event files in its folder leave. */

import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import {
  encodeSummary,
  fileVersion,
  lengthUntil,
  type Summary,
  sessionStart,
} from "../tensorflow/summary.js";
import { type Growing, openGrowing } from "./journal.js";

export interface Board extends Pick<Growing, "sync" | "close"> {
  readonly append: (summary: Omit<Summary, "time">) => void;
}

/** TensorBoard reads the files of a folder in the order of their names. */
const nameOf = (index: number): string =>
  `events.out.tfevents.${String(index).padStart(10, "0")}.pspc`;

/** The event files of a run, in order. */
export const boardFiles = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.startsWith("events.out.tfevents."))
        .sort()
        .map((name) => join(folder, name))
    : [];

/**
 * Each opening begins a file of its own, for a reader may hold the others open; what those tell of steps after
 * `first`, which will be done again, goes. @throws Failed where the disk refuses.
 */
export const openBoard = (folder: string, first: number): Board => {
  const known = boardFiles(folder);
  for (const file of known) cut(file, first);
  const { append, ...rest } = openGrowing(join(folder, nameOf(known.length + 1)));
  append(fileVersion(now()));
  if (known.length > 0) append(sessionStart(now(), first + 1));
  return { ...rest, append: (summary) => append(encodeSummary({ ...summary, time: now() })) };
};

const cut = (file: string, step: number): void => {
  const bytes = readFileSync(file);
  const length = lengthUntil(bytes, step);
  if (length < bytes.length) truncateSync(file, length);
};

const now = (): number => Date.now() / 1000;
