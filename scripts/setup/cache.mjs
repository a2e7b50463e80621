// @ts-check
/**
 * A name and how to make it → a folder in the cache, whole or absent. The cache lies outside every clone; what is
 * being made has a temporary name until it is whole, and one set-up at a time works on it.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { Stop } from "./stop.mjs";

/** The lock of runs: in a clone before anything is compiled, in a package where there is no src/. @type {typeof import("../../src/file/lock.js")} */
const { take } = await import(
  existsSync(new URL("../../src/file/lock.js", import.meta.url))
    ? "../../src/file/lock.js"
    : "../../dist/file/lock.js"
);

/** How often, in ms, a set-up that waits looks again. */
const beat = 500;

/** @returns {string} the folder of downloads, libraries and compiled addons */
export const cacheFolder = () =>
  process.env.PSPC_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pspc");

/** @param {string} name */
export const cached = (name) => {
  const folder = join(cacheFolder(), name);
  return existsSync(folder) ? folder : undefined;
};

/**
 * The folder `name` of the cache, made by `make` in a temporary folder if it is not there.
 * @param {string} name
 * @param {(folder: string) => Promise<void>} make
 * @returns {Promise<string>}
 */
export async function keep(name, make) {
  const target = join(cacheFolder(), name);
  if (existsSync(target)) return target;
  await temporary(name, async (folder) => {
    await make(folder);
    demandHeld();
    await rename(folder, target);
  });
  return target;
}

/**
 * Work in a folder of the cache that is gone afterwards, however the work ends.
 * @template T
 * @param {string} name
 * @param {(folder: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function temporary(name, work) {
  const folder = join(cacheFolder(), `.tmp-${process.pid}-${name}`);
  await mkdir(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The lock of this set-up, while it has it. @type {import("../../src/file/lock.js").Hold | undefined} */
let hold;

/** Before anything takes its place in the cache. */
function demandHeld() {
  if (hold && !hold.isOurs())
    throw new Stop("another set-up has taken the cache", {
      reason: `${join(cacheFolder(), "lock")} was deleted, or this set-up stood still for more than three minutes`,
      help: "run the same command again: it goes on with what is there",
    });
}

/**
 * Holds the cache while `work` runs; waits while another set-up holds it.
 * @template T
 * @param {() => void} waiting called once, if another one is at work
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(waiting, work) {
  await mkdir(cacheFolder(), { recursive: true });
  hold = await holding(join(cacheFolder(), "lock"), waiting);
  const leave = () => {
    if (hold?.isOurs()) sweep();
    hold?.release();
    hold = undefined;
  };
  process.once("exit", leave);
  try {
    sweep();
    return await work();
  } finally {
    process.off("exit", leave);
    leave();
  }
}

/** @param {string} lock @param {() => void} waiting */
async function holding(lock, waiting) {
  for (let told = false; ; ) {
    const taking = take(lock);
    let next = await taking.next();
    const free = next.done && "held" in next.value;
    if (!free && !told) waiting();
    told ||= !free;
    while (!next.done) next = await taking.next();
    if ("held" in next.value) return next.value.held;
    await pause(beat);
  }
}

/** What an interrupted set-up left half-made; only whoever holds the lock may look. */
function sweep() {
  for (const name of readdirSync(cacheFolder())) {
    if (name.startsWith(".tmp-"))
      rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  }
}
