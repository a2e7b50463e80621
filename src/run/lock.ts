/** One process a run: a folder enters, the right to write in it leaves, until it is given back. */

import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { Failed } from "../diagnostic/failure.js";
import { cannotAppend, runLocked } from "./errors.js";

export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

export const lockFile = (folder: string): string => join(folder, "lock");

/**
 * Takes the lock, also from a process of this machine that is gone. What leaves gives it back, and with it a folder
 * in which nothing came to stand.
 * @throws Failed naming the process that holds it.
 */
export const lock = (folder: string): (() => void) => {
  const file = lockFile(folder);
  const owner: Owner = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  if (!claimed(file, owner)) {
    const other = ownerOf(file);
    if (other !== null && isAlive(other)) throw new Failed(runLocked(folder, file, other));
    rmSync(file, { force: true });
    // Whoever was faster than we in taking it from the dead has it now.
    if (!claimed(file, owner)) throw new Failed(runLocked(folder, file, ownerOf(file) ?? owner));
  }
  return () => {
    rmSync(file, { force: true });
    try {
      rmdirSync(folder);
    } catch {
      // It holds a run, which is the rule.
    }
  };
};

/** Creates the file, unless it is there. */
const claimed = (file: string, owner: Owner): boolean => {
  try {
    mkdirSync(dirname(file), { recursive: true });
    const descriptor = openSync(file, "wx");
    writeSync(descriptor, JSON.stringify(owner));
    closeSync(descriptor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new Failed(cannotAppend(file, (error as Error).message));
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

/** A process of another machine is believed to live. One with our own number is the one before us. */
const isAlive = ({ pid, host }: Owner): boolean => {
  if (host !== hostname()) return true;
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
