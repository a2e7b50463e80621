/** Native code that prints while it loads → the same, heard only where it is wanted. */

import { closeSync, fstatSync, openSync } from "node:fs";

const stderr = 2;

/**
 * Runs `load` with the process's stderr closed. libtensorflow announces oneDNN from a static initialiser, before it
 * reads TF_CPP_MIN_LOG_LEVEL, so that no setting silences it. Node has no `dup2`; but a file that is opened takes the
 * lowest free number, which is the one just closed. Only a terminal and a pipe are the same when opened again: a
 * file would lose its position, and a socket cannot be.
 */
export function quietly<T>(load: () => T): T {
  const kept = again();
  if (kept === undefined) return load();
  closeSync(stderr);
  openSync("/dev/null", "w");
  try {
    return load();
  } finally {
    closeSync(stderr);
    openSync(`/proc/self/fd/${kept}`, "a");
    closeSync(kept);
  }
}

/** A second number for what stderr writes to. */
function again(): number | undefined {
  try {
    const kind = fstatSync(stderr);
    if (!kind.isFIFO() && !kind.isCharacterDevice()) return undefined;
    return openSync(`/proc/self/fd/${stderr}`, "a");
  } catch {
    return undefined;
  }
}
