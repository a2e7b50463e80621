// @ts-check
/** The steps of set-up → one line each with its time; between them a bar on a terminal, plain lines in a pipe. */

import process from "node:process";

const terminal = process.stdout.isTTY === true;
const width = 24;

/**
 * @typedef {object} Step
 * @property {(text: string) => void} note one more line about what is happening
 * @property {(done: number, total: number, what: string) => void} progress in bytes
 * @property {(result: string) => void} done ends the step
 */

/**
 * @param {string} name
 * @returns {Step}
 */
export function step(name) {
  const started = performance.now();
  const title = name.padEnd(11);
  let said = "";
  return {
    note: (text) => print(`  · ${title} ${text}`),
    progress(done, total, what) {
      const part = Math.min(1, done / total);
      if (terminal) return draw(`  ${bar(part)} ${title} ${what} ${megabytes(done, total)}`);
      const quarter = `${what} ${Math.floor(part * 4)}`;
      if (quarter === said || part < 0.25) return;
      said = quarter;
      print(`  · ${title} ${what} ${megabytes(done, total)}`);
    },
    done: (result) => print(`  ✓ ${title} ${result} (${seconds(started)})`),
  };
}

/** @param {string} line */
export const print = (line) => {
  process.stdout.write(`${terminal ? "\r\x1b[K" : ""}${line}\n`);
};

/** @param {number} started */
export const seconds = (started) => `${((performance.now() - started) / 1000).toFixed(1)} s`;

/** @param {string} line */
const draw = (line) => {
  process.stdout.write(`\r\x1b[K${line.slice(0, (process.stdout.columns || 80) - 1)}`);
};

/** @param {number} part */
const bar = (part) => "█".repeat(Math.round(part * width)).padEnd(width, "░");

/** @param {number} done @param {number} total */
const megabytes = (done, total) => `${mb(Math.min(done, total))} of ${mb(total)} MB`;

/** @param {number} bytes */
const mb = (bytes) => Math.round(bytes / 1e6);
