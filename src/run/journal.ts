/** Files that only grow, of JSON values or of records: values enter, lines and bytes on the disk leave. */

import { closeSync, existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { cannotAppend } from "./errors.js";

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

/** @throws Failed, as its functions do, where the file cannot be written. */
export const openGrowing = (file: string): Growing => {
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
      if (performance.now() - written > PATIENCE) trying(flush);
    },
    sync: () =>
      trying(() => {
        flush();
        fsyncSync(descriptor);
      }),
    close: () =>
      trying(() => {
        try {
          flush();
        } finally {
          closeSync(descriptor);
        }
      }),
  };
};

/** One JSON value a line. @throws Failed, as its functions do, where the file cannot be written. */
export const openJournal = (file: string): Journal => {
  const { append, ...rest } = openGrowing(file);
  return { ...rest, append: (value) => append(Buffer.from(`${JSON.stringify(value)}\n`)) };
};

/** The values of a journal, without a last line that was cut short. None where there is no file. */
export const readJournal = async (file: string): Promise<readonly Readonly<Entry>[]> => {
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
  return lines.flatMap((line) => parsed(line));
};

type Entry = Record<string, unknown>;

const parsed = (line: string): readonly Entry[] => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? [value as Entry] : [];
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
  stays: (entry: Readonly<Entry>) => boolean = () => true,
): Promise<readonly Readonly<Entry>[]> => {
  const known = await readJournal(file);
  const kept = known.filter((entry) => !(Number(entry.step) > step) && stays(entry));
  await writeFileAtomic(file, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return kept;
};
