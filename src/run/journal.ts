/** Files that only grow: lines of JSON, and the event files that TensorBoard reads. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { separate } from "fp-ts/lib/Array.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { TypeOf } from "io-ts";
import { writeFileAtomic } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { anything } from "../language/map.js";
import { closed, isMap } from "../language/section.js";
import { real } from "../language/value.js";
import {
  encodeSummary,
  fileVersion,
  lengthUntil,
  type Summary,
  sessionStart,
} from "../tensorflow/summary.js";
import { count, decoded, nullable, parseJson, share, textOf, words } from "./codec.js";
import { cannotAppend, damagedFile } from "./errors.js";
import { metricsFile } from "./folder.js";

export interface Growing {
  /** Kept in memory until a second has passed. */
  readonly append: (bytes: Uint8Array) => void;
  /** Everything is on the disk afterwards, and survives a power cut. */
  readonly sync: () => void;
  readonly close: () => void;
}

export interface Journal extends Pick<Growing, "sync" | "close"> {
  readonly append: (value: object) => void;
}

/** How long, in ms, bytes may wait in memory. */
const PATIENCE = 1000;

/** Asked before each writing: throws where this process must not write any more. */
export type Permit = () => void;

/** @throws Failed, as its functions do, where the file cannot be written. */
export const openGrowing = (file: string, demand: Permit = () => {}): Growing => {
  const trying = <A>(act: () => A): A => {
    try {
      return act();
    } catch (error) {
      throw new Failed(cannotAppend(file, error));
    }
  };
  const descriptor = trying(() => openSync(file, "a"));
  let waiting: Uint8Array[] = [];
  let written = performance.now();
  const flush = (): void => {
    let bytes = Buffer.concat(waiting);
    while (bytes.length > 0) {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
      // Where the disk is full in the midst, the rest alone is tried again.
      waiting = [bytes];
    }
    waiting = [];
    written = performance.now();
  };
  return {
    append: (bytes) => {
      waiting.push(bytes);
      if (performance.now() - written < PATIENCE) return;
      demand();
      trying(flush);
    },
    sync: () => {
      demand();
      trying(() => {
        flush();
        fsyncSync(descriptor);
      });
    },
    close: () => {
      try {
        if (waiting.length > 0) demand();
        trying(flush);
      } finally {
        trying(() => closeSync(descriptor));
      }
    },
  };
};

/** One JSON value a line. @throws Failed, as its functions do, where the file cannot be written. */
export const openJournal = (file: string, demand?: Permit): Journal => {
  const { append, ...rest } = openGrowing(file, demand);
  return { ...rest, append: (value) => append(Buffer.from(`${JSON.stringify(value)}\n`)) };
};

/** The values of a journal, without a last line that was cut short. None where there is no file. */
export const readJournal = async (file: string): Promise<readonly Readonly<Line>[]> => {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
  return lines.flatMap((line) => parsed(line));
};

type Line = Record<string, unknown>;

const parsed = (line: string): readonly Line[] => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? [value as Line] : [];
  } catch {
    return [];
  }
};

/**
 * Takes back a line cut short, and what was written of steps after `step`, which will be done again. Leaves the
 * values that stay.
 */
export const rewind = async (
  file: string,
  step: number,
  stays: (line: Readonly<Line>) => boolean = () => true,
): Promise<readonly Readonly<Line>[]> => {
  const known = await readJournal(file);
  const kept = known.filter((line) => !(Number(line.step) > step) && stays(line));
  await writeFileAtomic(file, kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return kept;
};

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
export const openBoard = (folder: string, first: number, demand?: Permit): Board => {
  const known = boardFiles(folder);
  for (const file of known) cut(file, first);
  let file: Growing | null = null;
  const begun = (): Growing => {
    const file = join(folder, nameOf(1 + Math.max(0, ...known.map(indexOf))));
    const opened = openGrowing(file, demand);
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

const metric = {
  step: closed(
    "a step",
    { step: count, loss: real(), main: real(), rate: real({ min: 0 }) },
    { auxiliary: real() },
  ),
  scores: closed(
    "the scores of a step",
    {
      step: count,
      split: words,
      images: count,
      miou: nullable(share),
      mean_accuracy: nullable(share),
      pixel_accuracy: nullable(share),
    },
    {},
  ),
  skipped: closed("a skipped sample", { step: count, skipped: words, replaced_by: words }, {}),
  recovered: closed("a recovery", { step: count, recovered: anything }, {}),
};

export type Metric = TypeOf<(typeof metric)[keyof typeof metric]>;

const metricOf = (line: Line): E.Either<string, Metric> => {
  if ("split" in line) return decoded(metric.scores)(line);
  if ("skipped" in line) return decoded(metric.skipped)(line);
  if ("recovered" in line) return decoded(metric.recovered)(line);
  return decoded(metric.step)(line);
};

export interface Metrics {
  readonly lines: readonly Metric[];
  /** Why some lines cannot be read. */
  readonly damaged: readonly Failure[];
}

/** The metrics of a run. A last line that was cut short is one that is being written. */
export const readMetrics = async (folder: string): Promise<Metrics> => {
  const file = metricsFile(folder);
  const text = textOf(file);
  if (E.isLeft(text)) return { lines: [], damaged: [damagedFile(file, text.left)] };
  const lines = (text.right ?? "").split("\n").slice(0, -1).map(metricIn);
  const { left: reasons, right } = separate(lines);
  const [first] = reasons;
  const at = lines.findIndex(E.isLeft) + 1;
  const damaged =
    first === undefined ? [] : [damagedFile(file, inLines(at, reasons.length, first))];
  return { lines: right, damaged };
};

const metricIn = (line: string): E.Either<string, Metric> =>
  pipe(
    parseJson(line),
    E.filterOrElse(isMap, () => "it is not a map"),
    E.chain(metricOf),
  );

const inLines = (at: number, count: number, reason: string): string =>
  `line ${at}: ${reason}${count === 1 ? "" : `, and ${count - 1} more such lines`}`;
