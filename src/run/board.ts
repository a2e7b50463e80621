/** What TensorBoard shows of a run: losses, rates, scores and pictures of steps enter, event files in its folder leave. */

import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
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
const nameOf = (index: number): string => `${prefix}${String(index).padStart(10, "0")}.pspc`;
const prefix = "events.out.tfevents.";
const indexOf = (file: string): number => Number(basename(file).split(".")[3]);

/** The event files of a run, in order. */
export const boardFiles = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.startsWith(prefix))
        .sort()
        .map((name) => join(folder, name))
    : [];

/**
 * Each opening begins a file of its own, once there is something to tell, for a reader may hold the others open; what
 * those tell of steps after `first`, which will be done again, goes. @throws Failed where the disk refuses.
 */
export const openBoard = (folder: string, first: number): Board => {
  const known = boardFiles(folder);
  for (const file of known) cut(file, first);
  let file: Growing | null = null;
  const begun = (): Growing => {
    const opened = openGrowing(join(folder, nameOf(1 + Math.max(0, ...known.map(indexOf)))));
    opened.append(fileVersion(now()));
    if (known.length > 0) opened.append(sessionStart(now(), first + 1));
    return opened;
  };
  return {
    append: (summary) => {
      file ??= begun();
      file.append(encodeSummary({ ...summary, time: now() }));
    },
    sync: () => file?.sync(),
    close: () => file?.close(),
  };
};

/** A file that would tell nothing any more goes. */
const cut = (file: string, step: number): void => {
  const bytes = readFileSync(file);
  const length = lengthUntil(bytes, step);
  if (length === lengthUntil(bytes, 0)) rmSync(file, { force: true });
  else if (length < bytes.length) truncateSync(file, length);
};

const now = (): number => Date.now() / 1000;
