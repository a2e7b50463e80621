// @ts-check
/** The other end of bench/peer.mjs, for peers in Node: what answers a request enters; nothing leaves until stdin ends. */

import process from "node:process";
import { createInterface } from "node:readline";

/**
 * @typedef {import("../src/normalize/experiment.js").Experiment} Experiment
 * @typedef {object} Request
 * @property {"train" | "infer" | "product"} task
 * @property {string} entry the spec
 * @property {readonly string[]} overrides
 * @property {Experiment} experiment as JSON has it
 * @property {number} batch
 * @property {number} size of a product's matrices
 * @typedef {{ about: Readonly<Record<string, unknown>>, step: () => number }} Ready
 */

/** A line of JSON is the request; every further line asks for one step. @param {(request: Request) => Promise<Ready>} prepare */
export const serve = async (prepare) => {
  const say = (/** @type {object} */ answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  /** @type {(() => number) | undefined} */
  let step;
  for await (const line of createInterface({ input: process.stdin })) {
    if (step !== undefined) say({ value: step() });
    else {
      const ready = await prepare(JSON.parse(line));
      step = ready.step;
      say(ready.about);
    }
  }
};

/** Bytes below a bound that look drawn. @param {number} count @param {number} below */
export const bytes = (count, below) =>
  Uint8Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 20) % below);
