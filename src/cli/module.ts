/** The path of a spec in TypeScript or JavaScript enters; its text and what running it came to leave. */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import type { Evaluated } from "../source/module.js";

export const isModule = (path: string): boolean => /\.[cm]?[jt]s$/.test(path);

/** Longer than any spec needs, shorter than a person waits. */
const PATIENCE_MS = 10_000;

/**
 * In a process of its own, so that nothing a spec does reaches the compiler: it may throw, exit, print or never end.
 * What it prints goes to stderr.
 */
export const evaluate = (path: string, text: string, patience = PATIENCE_MS): Evaluated => {
  const { output, error, signal } = spawnSync(
    process.execPath,
    ["--no-warnings", program(), path],
    {
      stdio: ["ignore", 2, 2, "pipe"],
      timeout: patience,
      killSignal: "SIGKILL",
      maxBuffer: 64 * 2 ** 20,
    },
  );
  const told = (output as readonly (Buffer | null)[] | null)?.[3];
  if (told && told.length > 0) return deserialize(told) as Evaluated;
  const late = error !== undefined && "code" in error && error.code === "ETIMEDOUT";
  const reason = late
    ? `it did not end within ${patience / 1000} seconds`
    : `its process ended${signal === null ? "" : ` by ${signal}`} and left no spec`;
  return { text, code: text, outcome: { kind: "unfinished", reason } };
};

/** It runs from dist/, also where this file is read from src/ (the tests). */
const program = (): string => {
  const path = fileURLToPath(new URL("./module/program.js", import.meta.url));
  return path.replace(/([\\/])src([\\/]cli[\\/]module[\\/]program\.js)$/, "$1dist$2");
};
