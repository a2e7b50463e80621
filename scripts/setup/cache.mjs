// @ts-check
/**
 * A name and how to make it → a folder in the cache, whole or absent. The cache lies outside every clone; what is
 * being made has a temporary name until it is whole, and one set-up at a time works on it.
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { mkdir, open, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

const beat = 500;
/** A lock that has not been touched for so long belongs to a set-up that was killed. */
const dead = 10_000;

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

/**
 * Holds the cache while `work` runs; waits while another set-up holds it.
 * @template T
 * @param {() => void} waiting called once, if another one is at work
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(waiting, work) {
  const lock = join(cacheFolder(), "lock");
  await mkdir(cacheFolder(), { recursive: true });
  for (let first = true; !(await take(lock)); first = false) {
    if (first) waiting();
    await pause(beat);
  }
  const alive = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => {}), beat);
  const leave = () => {
    clearInterval(alive);
    sweep();
    rmSync(lock, { force: true });
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

/** @param {string} lock */
async function take(lock) {
  try {
    await (await open(lock, "wx")).close();
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
  const held = await stat(lock).catch(() => undefined);
  if (held && Date.now() - held.mtimeMs > dead) {
    // Renaming is atomic: of two that find the lock dead, one removes it.
    const mine = `${lock}-${process.pid}`;
    await rename(lock, mine).then(
      () => rm(mine),
      () => {},
    );
  }
  return false;
}

/** What an interrupted set-up left half-made; only whoever holds the lock may look. */
function sweep() {
  for (const name of readdirSync(cacheFolder())) {
    if (name.startsWith(".tmp-"))
      rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  }
}
