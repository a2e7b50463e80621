/** Files of one JSON value a line that only grow: values enter, lines on the disk leave. */

import { closeSync, existsSync, fsyncSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { cannotAppend } from "./errors.js";

export interface Journal {
  /** Kept in memory until enough has come together, or a second has passed. */
  readonly append: (value: object) => void;
  /** Everything is on the disk afterwards, and survives a power cut. */
  readonly sync: () => void;
  readonly close: () => void;
}

/** How long, in ms, a line may wait in memory. */
const PATIENCE = 1000;

/** @throws Failed, as its functions do, where the file cannot be written. */
export const openJournal = (file: string): Journal => {
  const trying = <A>(act: () => A): A => {
    try {
      return act();
    } catch (error) {
      throw new Failed(cannotAppend(file, error instanceof Error ? error.message : String(error)));
    }
  };
  const descriptor = trying(() => openSync(file, "a"));
  let waiting = "";
  let written = performance.now();
  const flush = (): void => {
    const bytes = Buffer.from(waiting);
    let done = 0;
    while (done < bytes.length) done += writeSync(descriptor, bytes, done);
    waiting = "";
    written = performance.now();
  };
  return {
    append: (value) => {
      waiting += `${JSON.stringify(value)}\n`;
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

/** Takes back a line cut short, and what was written of steps after `step`: they will be done again. */
export const rewind = async (file: string, step: number): Promise<void> => {
  const kept = (await readJournal(file)).filter((entry) => !(Number(entry.step) > step));
  await writeFileAtomic(file, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
};
