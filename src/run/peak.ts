/** How much main memory this process needed at most: bytes leave, and the count can begin anew. */

import { readFileSync, writeFileSync } from "node:fs";

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
