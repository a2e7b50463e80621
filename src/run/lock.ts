/** One process a run: a folder enters, the right to write in it leaves, until it is given back. */

import {
  closeSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { unwritable } from "../data/errors.js";
import { makeFolder } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { runLocked } from "./errors.js";
import { isAlive, type Owner, self } from "./owner.js";

export const lockFile = (folder: string): string => join(folder, "lock");

/** How often, in ms, a holder shows that it lives: whoever cannot see its process sees the file's time. */
const PULSE = 20_000;

/**
 * Takes the lock, also from a process that is gone. What leaves gives it back, and with it a folder that was made for
 * it and in which nothing came to stand.
 * @throws Failed naming the process that holds it.
 */
export const lock = (folder: string): (() => void) => {
  const file = lockFile(folder);
  const made = makeFolder(folder);
  const owner = self();
  if (!claimed(file, owner)) {
    const other = ownerOf(file);
    if (other !== null && isAlive(other, pulse(file))) throw held(folder, other);
    rmSync(file, { force: true });
    // Whoever was faster than we in taking it from the dead has it now.
    if (!claimed(file, owner)) throw held(folder, ownerOf(file) ?? owner);
  }
  const beating = setInterval(() => beat(file), PULSE).unref();
  return () => {
    clearInterval(beating);
    rmSync(file, { force: true });
    if (made) removeIfEmpty(folder);
  };
};

const held = (folder: string, owner: Owner): Failed =>
  new Failed(runLocked(folder, lockFile(folder), owner, pulse(lockFile(folder))));

/** Creates the file, unless it is there. */
const claimed = (file: string, owner: Owner): boolean => {
  try {
    const descriptor = openSync(file, "wx");
    writeSync(descriptor, JSON.stringify(owner));
    closeSync(descriptor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new Failed(unwritable(file, error));
  }
};

/** `null` where the file was cut short, as by a power cut. */
const ownerOf = (file: string): Owner | null => {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Owner;
  } catch {
    return null;
  }
};

/** Seconds since the holder last showed that it lives. */
const pulse = (file: string): number => {
  const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
  return Math.max(0, (Date.now() - mtimeMs) / 1000);
};

const beat = (file: string): void => {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Whoever deleted it has been told what that means.
  }
};

const removeIfEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // It holds a run, which is the rule.
  }
};
