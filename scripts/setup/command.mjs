// @ts-check
/** A program and its arguments → its exit code and what it said; it ends when set-up does. */

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Programs that are still running: none outlives set-up. @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGTERM");
});

/**
 * @typedef {object} Ended
 * @property {number} code 0 when all went well; 127 when there is no such program
 * @property {string} output both of its streams
 */

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, heard?: (text: string) => void }} [how]
 * @returns {Promise<Ended>}
 */
export function run(program, args, { cwd, env = process.env, heard } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    let output = "";
    const hear = (/** @type {Buffer} */ chunk) => {
      output += chunk;
      heard?.(String(chunk));
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const end = (/** @type {number} */ code) => {
      running.delete(child);
      resolve({ code, output });
    };
    child.on("error", () => end(127));
    child.on("close", (code) => end(code ?? 1));
  });
}

/**
 * Where a program lies on the PATH.
 * @param {string} program
 * @returns {string | undefined}
 */
export const which = (program) =>
  (program.includes("/") ? [""] : (process.env.PATH ?? "").split(delimiter))
    .map((folder) => join(folder, program))
    .find(executable);

/** @param {string} file */
const executable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

/**
 * The last lines of what a program said: where it failed stands at the end.
 * @param {string} output
 * @param {number} [lines]
 */
export const tail = (output, lines = 12) => output.trim().split("\n").slice(-lines).join("\n");
