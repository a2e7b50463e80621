// @ts-check
/** A case and what to do with it enter; its sides run a step each in turns, and the times and peaks of all leave. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { plan } from "../dist/report/plan.js";
import { lower } from "../dist/tensorflow/target.js";
import { sides } from "./cases.mjs";
import { experimentOf, overridesOf } from "./compiled.mjs";
import { environment } from "./machine.mjs";
import { openPeer } from "./peer.mjs";

/**
 * @typedef {import("./cases.mjs").SideName} SideName
 * @typedef {import("./order.mjs").Run} Run
 * @typedef {import("./peer.mjs").Peer} Peer
 * @typedef {object} Times of one side
 * @property {SideName} name
 * @property {string} label
 * @property {string} device "cpu", or what a GPU is called there
 * @property {number} load seconds until it is ready
 * @property {number} first seconds of the first step
 * @property {readonly number[]} seconds of each step, round by round
 * @property {number | null} peak bytes
 * @typedef {{ title: string, task: Run["task"], flops: number, times: readonly Times[], failed: readonly string[] }} Measured
 * @typedef {{ name: SideName, peer: Peer, first: number, seconds: number[] }} Running
 * @typedef {object} Means
 * @property {Readonly<Record<string, string>>} found Python packages
 * @property {number} seconds to spend on the rounds
 * @property {(text: string) => void} tell
 */

/** Rounds: at least so many however long they take, and no more than make a median. */
const [LEAST, MOST] = [5, 25];

/** Threads of whoever had the last turn go to sleep. */
const PAUSE_MS = 30;

/** @param {Run} run */
const requestFor = (run) => {
  const { task, entry, batch } = run;
  const overrides = overridesOf(run);
  const experiment = experimentOf(entry, overrides);
  const { training, recompute, fingerprint } = lower(experiment);
  const of = { experiment, training, recompute, fingerprint: fingerprint.graph };
  const { macs, parameters } = plan({ ...of, variants: [], images: null });
  // As the paper draws the network; the backward pass computes two products for each of the forward pass.
  const flops = 2 * batch * (task === "train" ? 3 * macs.training : macs.inference);
  return { request: { task, entry, overrides, experiment, batch }, flops, parameters };
};

/** @param {SideName} name @param {Means["found"]} found */
const isInstalled = (name, found) => (sides[name].wheels ?? []).every((wheel) => wheel in found);

/** @param {object} request @param {string} file */
const exportOnnx = async (request, file) => {
  const asked = { ...request, task: "export", file, way: sides.torch.way };
  await (await openPeer(sides.torch.command, asked, environment())).close();
};

/**
 * Opened, found to be the same network, and warm.
 * @param {SideName} name @param {ReturnType<typeof requestFor>} of @param {string} folder for files @returns {Promise<Running>}
 */
const open = async (name, { request, parameters: { training } }, folder) => {
  const { command, way, overrides = [], env } = sides[name];
  const file = join(folder, "network.onnx");
  if (name === "onnxruntime") await exportOnnx(request, file);
  const asked = { ...request, way, file, overrides: [...request.overrides, ...overrides] };
  const peer = await openPeer(command, asked, { ...environment(), ...env });
  try {
    const { parameters = training } = peer.about;
    if (parameters !== training) throw new Error(`${parameters} parameters, not ${training}`);
    const first = await peer.step();
    await peer.step();
    return { name, peer, first, seconds: [] };
  } catch (error) {
    await peer.close();
    throw error;
  }
};

/** @param {readonly Running[]} running @param {number} seconds */
const takeTurns = async (running, seconds) => {
  const started = performance.now();
  const isOver = () => performance.now() - started > 1000 * seconds;
  for (let round = 0; round < LEAST || (round < MOST && !isOver()); round++)
    for (const { peer, seconds: each } of running) {
      await pause(PAUSE_MS);
      each.push(await peer.step());
    }
};

/** @param {Running} running @returns {Times} */
const timesOf = ({ name, peer, first, seconds }) => ({
  name,
  label: sides[name].label,
  device: `${peer.about.device}`,
  load: peer.load,
  first,
  seconds,
  peak: peer.peak(),
});

/** @param {Run} run @param {Means} means @returns {Promise<Measured>} */
export const measure = async (run, { found, seconds, tell }) => {
  const of = requestFor(run);
  const folder = await mkdtemp(join(tmpdir(), "pspc-bench-"));
  /** @type {string[]} */
  const failed = [];
  /** @type {Running[]} */
  const running = [];
  tell(`${run.title}, ${run.task}`);
  try {
    for (const name of run.sides.filter((each) => isInstalled(each, found))) {
      try {
        const each = await open(name, of, folder);
        running.push(each);
        tell(
          `  ${name}: ready in ${each.peer.load.toFixed(1)} s, first step ${each.first.toFixed(2)} s`,
        );
      } catch (error) {
        failed.push(`${sides[name].label}: ${error instanceof Error ? error.message : error}`);
        tell(`  ${failed.at(-1)}`);
      }
    }
    await takeTurns(running, seconds);
    const { title, task } = run;
    return { title, task, flops: of.flops, times: running.map(timesOf), failed };
  } finally {
    for (const { peer } of running) await peer.close();
    await rm(folder, { recursive: true });
  }
};

/** Side of the matrices whose product says what a machine can do. */
const SIZE = 2048;

/** GFLOP/s of a large product of matrices, by TensorFlow and by PyTorch, in turns. @param {Means["found"]} found */
export const limits = async (found) => {
  /** @type {{ name: string, rates: number[], peer: Peer }[]} */
  const open = [];
  for (const side of /** @type {const} */ (["tfjs", "torch"])) {
    if (!isInstalled(side, found)) continue;
    const peer = await openPeer(
      sides[side].command,
      { task: "product", size: SIZE },
      environment(),
    );
    await peer.step();
    open.push({ name: side === "tfjs" ? "TensorFlow" : "PyTorch", rates: [], peer });
  }
  for (let round = 0; round < 2 * LEAST; round++)
    for (const { peer, rates } of open) rates.push((2 * SIZE ** 3) / (await peer.step()) / 1e9);
  for (const { peer } of open) await peer.close();
  return { size: SIZE, by: open.map(({ name, rates }) => ({ name, rates })) };
};
