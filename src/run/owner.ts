/** Who holds a lock: this process enters as a few words; whether the process behind such words lives, leaves. */

import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

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
