// @ts-check
/**
 * The packages: a clone's node_modules as package-lock.json says, or tfjs-node-gpu with what it needs in the shared
 * cache, as tfjs-lock.json says. Install scripts never run.
 */

import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, keep } from "./cache.mjs";
import { run, tail } from "./command.mjs";
import { npm } from "./npm.mjs";
import { Stop } from "./stop.mjs";

const tfjs = "@tensorflow/tfjs-node-gpu";
/** Exports to TensorFlow.js are checked in it. */
const wasm = "@tensorflow/tfjs-backend-wasm";

/**
 * @typedef {{ version?: string, optional?: boolean, link?: boolean }} Locked
 * @typedef {{ packages?: Record<string, Locked> }} Lock
 */

/**
 * @param {string} root
 * @returns {boolean} whether every package of the lock file is installed in its version
 */
export function packagesMatch(root) {
  const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
  const locked = packagesOf(join(root, "package-lock.json"));
  // Of the optional ones only those for this machine are installed, and tfjs-node-gpu, which npm drops when its script
  // fails; the WebAssembly backend fits every machine.
  const needed = new Set([tfjs, wasm].map((name) => `node_modules/${name}`));
  const mayLack = (/** @type {string} */ path) => !needed.has(path);
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === "" ||
      (optional && !installed[path] && mayLack(path)) ||
      installed[path]?.version === version,
  );
}

/** @param {string} file @returns {Record<string, Locked>} */
const packagesOf = (file) => {
  try {
    return /** @type {Lock} */ (JSON.parse(readFileSync(file, "utf8"))).packages ?? {};
  } catch {
    // It is not there yet, or npm was stopped while it wrote it.
    return {};
  }
};

/**
 * @param {string} root
 * @param {import("./say.mjs").Step} step
 */
export async function installPackages(root, step) {
  if (packagesMatch(root)) return step.done("as package-lock.json says");
  step.note("npm ci: installing what package-lock.json names");
  await npmCi(root);
  const count = Object.keys(packagesOf(join(root, "node_modules", ".package-lock.json"))).length;
  step.done(`${count} packages installed`);
}

/** @param {string} folder */
async function npmCi(folder) {
  const quiet = ["--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];
  const { code, output } = await run(
    ...npm(["ci", "--ignore-scripts", "--prefer-offline", ...quiet]),
    { cwd: folder },
  );
  if (code !== 0)
    throw new Stop("npm ci failed", {
      reason: errors(output),
      help: "npm must reach its registry (see `npm config get registry`), or have the packages in its cache",
    });
}

/** @param {string} root @returns {string} the version that pspc's package.json asks for */
const wanted = (root) =>
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")).optionalDependencies[tfjs];

/** @param {string} root */
const sharedName = (root) => `tfjs-${wanted(root)}`;

/** @param {string} root @returns {string} the node_modules of the cache for an installed pspc */
export const sharedPackages = (root) => join(cacheFolder(), sharedName(root), "node_modules");

/**
 * tfjs-node-gpu in the cache, whatever npm made of it beside pspc.
 * @param {string} root
 * @param {import("./say.mjs").Step} step
 */
export async function shareTfjs(root, step) {
  step.note(`${tfjs} goes into the cache: ${beside(root)}`);
  await keep(sharedName(root), async (folder) => {
    step.note("npm ci: installing what tfjs-lock.json names");
    const project = { name: "pspc-tfjs", private: true, dependencies: { [tfjs]: wanted(root) } };
    writeFileSync(join(folder, "package.json"), JSON.stringify(project));
    const lock = fileURLToPath(new URL("tfjs-lock.json", import.meta.url));
    copyFileSync(lock, join(folder, "package-lock.json"));
    await npmCi(folder);
  });
  step.done(`${tfjs} ${wanted(root)}`);
}

/** What npm's own installation of the package came to. @param {string} root */
function beside(root) {
  const folder = folderBeside(root);
  if (folder === undefined) return "npm left it out beside pspc, because its install script failed";
  if (!existsSync(join(folder, "deps"))) return "its install script was not run beside pspc";
  return "beside pspc its install script brought another TensorFlow, which is left alone";
}

/** @param {string} root */
function folderBeside(root) {
  try {
    return dirname(createRequire(join(root, "package.json")).resolve(`${tfjs}/package.json`));
  } catch {
    return undefined;
  }
}

/** What npm says, without its page of usage. @param {string} output */
const errors = (output) => {
  const lines = output.split("\n").filter((line) => /^npm error \S/.test(line));
  return lines.slice(0, 8).join("\n") || tail(output);
};
