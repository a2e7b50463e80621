/** Who may write in a run folder: a lock that one process holds, and how the next one tells whether that process lives. */

import {
  closeSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { unwritable } from "../data/errors.js";
import { makeFolder } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { runLocked } from "./errors.js";

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

export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
  /** When the process began, in ticks since `boot`: numbers of processes are given again, these pairs are not. */
  readonly started: string | null;
  /** Of the machine's last start. */
  readonly boot: string | null;
  /** Numbers of processes mean something within one of these: a container has its own. */
  readonly namespace: string | null;
}

export const self = (): Owner => ({
  pid: process.pid,
  host: hostname(),
  since: new Date().toISOString(),
  started: startOf(process.pid),
  ...place(),
});

const place = (): Pick<Owner, "boot" | "namespace"> => ({
  boot: known(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  namespace: known(() => readlinkSync("/proc/self/ns/pid")),
});

/** The 22nd word of `/proc/PID/stat`; the second, the program's name, may hold anything but its last bracket. */
const startOf = (pid: number): string | null =>
  known(() => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19]!;
  });

const known = (read: () => string): string | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

/** How long, in seconds, the silence of a process that cannot be seen is no sign of its end. */
const SILENCE = 180;

/**
 * Of this machine it is seen. A process of another machine is believed to live; one of another container with this
 * one's name (which may be this one before it was started again), while it was heard of within three minutes.
 */
export const isAlive = (owner: Owner, silent: number): boolean => {
  const here = self();
  if (owner.host !== here.host) return true;
  if (owner.boot !== here.boot) return false;
  if (owner.namespace !== here.namespace) return silent < SILENCE;
  return exists(owner.pid) && startOf(owner.pid) === owner.started;
};

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};
