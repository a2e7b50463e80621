/** Main memory of this process: how much it needed at most, and giving back what nobody uses. */

import { readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Begins anew where the system can (Linux); elsewhere the peak is that of the whole process. */
export const resetPeakMemory = (): void => {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // The peak then holds what came before, too.
  }
};

/** Most bytes resident at once since the last reset. */
export const peakMemory = (): number => {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (line !== null) return 1024 * Number(line[1]);
  } catch {
    // No such file outside Linux.
  }
  return 1024 * process.resourceUsage().maxRSS;
};

let collect: (() => void) | undefined;

/**
 * Initial weights are hundreds of megabytes of buffers behind a few small objects: V8, which sees the objects, is in no
 * hurry to free them, and a training would carry them through its peak.
 */
export const collectGarbage = (): void => {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
};

/** Bytes of address space that this process may use (`ulimit -v`); `null` where there is no limit or none is told. */
export const addressSpace = (): number | null => {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const soft = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
};
