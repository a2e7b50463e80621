// @ts-check
/** A command and a request enter; a process that does one step whenever it is asked leaves, and sleeps in between. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * @typedef {object} Peer
 * @property {Readonly<Record<string, unknown>>} about what it says of itself
 * @property {number} load seconds from the process's start until it is ready
 * @property {() => Promise<number>} step seconds that one took, by this process's clock
 * @property {() => number | null} peak bytes of main memory that it has needed at most; null outside Linux
 * @property {() => Promise<void>} close
 */

/**
 * @param {readonly string[]} command @param {object} request @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Peer>}
 * @throws Error with the last of what it said, where it ends before it answers
 */
export const openPeer = async ([program, ...words], request, env) => {
  const started = performance.now();
  const child = spawn(program, words, { env, stdio: "pipe" });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said = `${said}${text}`.slice(-4000);
  });
  const ended = new Promise((resolve) => child.once("error", resolve).once("close", resolve));
  child.stdin.on("error", () => {}); // its end is told by `ask`
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  /** @param {string} line @returns {Promise<Readonly<Record<string, unknown>>>} */
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value);
    const error = await ended;
    throw new Error(error instanceof Error ? error.message : last(said));
  };

  const about = await ask(JSON.stringify(request));
  return {
    about,
    load: (performance.now() - started) / 1000,
    step: async () => {
      const asked = performance.now();
      const { value } = await ask("step");
      const took = (performance.now() - asked) / 1000;
      if (!Number.isFinite(value)) throw new Error(`a step gives ${value}`);
      return took;
    },
    peak: () => peakOf(child.pid),
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
};

/** The last line that names an error, or else the last. @param {string} text */
const last = (text) => {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /^\S*Error\b/.test(line)) ?? lines.at(-1) ?? "";
};

/** @param {number | undefined} id of a process */
const peakOf = (id) => {
  try {
    const [, kilobytes] =
      /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return null;
  }
};
