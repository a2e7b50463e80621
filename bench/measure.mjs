// @ts-check
/** A case and what to do with it enter; its sides run a step each in turns, and the times and peaks of all leave. */

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { either } from "fp-ts";
import { lower } from "../dist/plan/program.js";
import { plan } from "../dist/report/plan.js";
import { checkSpec } from "../dist/validate/check.js";
import { sides } from "./cases.mjs";
import { environment } from "./machine.mjs";
import { openPeer } from "./peer.mjs";

/**
 * @typedef {import("./cases.mjs").Case} Case
 * @typedef {import("./cases.mjs").SideName} SideName
 * @typedef {"train" | "infer"} Task
 * @typedef {object} Times of one side
 * @property {SideName} name
 * @property {string} label
 * @property {string} device "cpu", or what a GPU is called there
 * @property {number} load seconds until it is ready
 * @property {number} first seconds of the first step
 * @property {readonly number[]} seconds of each step, round by round
 * @property {number | null} peak bytes
 * @typedef {{ title: string, task: Task, flops: number, times: readonly Times[], failed: readonly string[] }} Measured
 * @typedef {object} Order
 * @property {Readonly<Record<string, string>>} found Python packages
 * @property {number} seconds to spend on the rounds
 * @property {(text: string) => void} tell
 */

/** Rounds: at least so many however long they take, and no more than make a median. */
const [LEAST, MOST] = [5, 25];

/** Threads of whoever had the last turn go to sleep. */
const PAUSE_MS = 30;

/** Prediction as it is where only the classes are wanted: the whole image once, without a softmax. */
const plainly = ["evaluate.mode=whole", "evaluate.mirror=false", "evaluate.average=logits"];

/** @param {Case} of @param {Task} task */
const requestFor = ({ entry, overrides: more = [], batch }, task) => {
  const overrides = [...more, ...(task === "train" ? [`train.batch=${batch}`] : plainly)];
  const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
  const { result } = checkSpec({ entry, overrides, cwd: process.cwd(), read });
  if (either.isLeft(result)) throw new Error(`${entry} is wrong: \`pspc check\` says why`);
  const { experiment } = result.right;
  const { training, fingerprint } = lower(experiment);
  const of = { experiment, training, fingerprint: fingerprint.graph, variants: [], images: null };
  const { macs, parameters } = plan(of);
  // As the paper draws the network; the backward pass computes two products for each of the forward pass.
  const flops = 2 * batch * (task === "train" ? 3 * macs.training : macs.inference);
  return { request: { task, entry, overrides, experiment, batch }, flops, parameters };
};

/** @param {SideName} name @param {Order["found"]} found @returns {readonly string[]} packages */
export const missing = (name, found) =>
  (sides[name].wheels ?? []).filter((wheel) => !(wheel in found));

/** @param {object} request @param {string} file */
const exportOnnx = async (request, file) => {
  const asked = { ...request, task: "export", file, way: sides.torch.way };
  await (await openPeer(sides.torch.command, asked, environment())).close();
};

/** @param {Case} of @param {Task} task @param {Order} order @returns {Promise<Measured>} */
export const measure = async (of, task, { found, seconds, tell }) => {
  const { request, flops, parameters } = requestFor(of, task);
  const folder = await mkdtemp(join(tmpdir(), "pspc-bench-"));
  /** @type {string[]} */
  const failed = [];
  const open = [];
  try {
    for (const name of of[task] ?? []) {
      const { label, command, way, overrides = [] } = sides[name];
      if (missing(name, found).length > 0) continue;
      try {
        const file = join(folder, "network.onnx");
        if (name === "onnxruntime") await exportOnnx(request, file);
        const asked = { ...request, way, file, overrides: [...request.overrides, ...overrides] };
        const peer = await openPeer(command, asked, environment());
        open.push({ name, label, peer, first: 0, seconds: /** @type {number[]} */ ([]) });
        const { parameters: theirs = parameters.training } = peer.about;
        if (theirs !== parameters.training)
          throw new Error(`its network has ${theirs} parameters, not ${parameters.training}`);
        const last = open[open.length - 1];
        last.first = await peer.step();
        await peer.step();
        tell(
          `  ${label}: ready in ${peer.load.toFixed(1)} s, first step ${last.first.toFixed(2)} s`,
        );
      } catch (error) {
        failed.push(`${label}: ${error instanceof Error ? error.message : error}`);
        tell(`  ${failed.at(-1)}`);
      }
    }
    const running = open.filter(({ first }) => first > 0);
    const started = performance.now();
    const spent = () => (performance.now() - started) / 1000;
    for (let round = 0; round < LEAST || (round < MOST && spent() < seconds); round++) {
      for (const { peer, seconds: each } of running) {
        await pause(PAUSE_MS);
        each.push(await peer.step());
      }
    }
    const times = running.map(({ peer, ...rest }) => ({
      ...rest,
      device: `${peer.about.device}`,
      load: peer.load,
      peak: peer.peak(),
    }));
    return { title: of.title, task, flops, times, failed };
  } finally {
    for (const { peer } of open) await peer.close();
    await rm(folder, { recursive: true });
  }
};

/** Side of the matrices whose product says what a machine can do. */
const SIZE = 2048;

/** GFLOP/s of a large product of matrices, by TensorFlow and by PyTorch, in turns. @param {Order["found"]} found */
export const limits = async (found) => {
  /** @type {{ name: string, rates: number[], peer: import("./peer.mjs").Peer }[]} */
  const open = [];
  for (const name of /** @type {const} */ (["tfjs", "torch"])) {
    if (missing(name, found).length > 0) continue;
    const request = { task: "product", size: SIZE };
    const peer = await openPeer(sides[name].command, request, environment());
    await peer.step();
    open.push({ name: name === "tfjs" ? "TensorFlow" : "PyTorch", rates: [], peer });
  }
  for (let round = 0; round < 2 * LEAST; round++)
    for (const { peer, rates } of open) rates.push((2 * SIZE ** 3) / (await peer.step()) / 1e9);
  for (const { peer } of open) await peer.close();
  return { size: SIZE, by: open.map(({ name, rates }) => ({ name, rates })) };
};
