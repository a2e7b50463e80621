// @ts-check
/**
 * Writes scripts/setup/tfjs-lock.json: of package-lock.json what tfjs-node-gpu needs, for set-up in an installed
 * package, which has no lock of its own. Run after package-lock.json has changed (`npm run lock:tfjs`).
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * @typedef {{ version?: string, optional?: boolean, dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>, [more: string]: unknown }} Locked
 * @typedef {{ packages: Record<string, Locked>, [more: string]: unknown }} Lock
 */

const name = "@tensorflow/tfjs-node-gpu";

/** @param {Lock} lock a whole package-lock.json @returns {Lock} its part for the one package */
export function tfjsLock(lock) {
  /** @type {Map<string, Locked>} */
  const needed = new Map();
  /** @param {string} from @param {string} wanted */
  const need = (from, wanted) => {
    const path = placeOf(lock, from, wanted);
    const found = path === undefined ? undefined : lock.packages[path];
    if (path === undefined || found === undefined || needed.has(path)) return;
    const { optional: _, devOptional: __, ...locked } = found;
    needed.set(path, locked);
    for (const each of Object.keys({ ...found.dependencies, ...found.optionalDependencies }))
      need(path, each);
  };
  need("", name);
  const version = lock.packages[`node_modules/${name}`]?.version ?? "";
  return {
    name: "pspc-tfjs",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": { name: "pspc-tfjs", dependencies: { [name]: version } },
      ...Object.fromEntries([...needed].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

/**
 * Where Node finds `wanted` from a package: in its own node_modules, or in one further up.
 * @param {Lock} lock @param {string} from @param {string} wanted
 * @returns {string | undefined}
 */
function placeOf(lock, from, wanted) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const path = `${at === "" ? "" : `${at}/`}node_modules/${wanted}`;
    if (lock.packages[path]) return path;
    if (at === "") return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = new URL("..", import.meta.url);
  const lock = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8"));
  const text = `${JSON.stringify(tfjsLock(lock), null, 2)}\n`;
  writeFileSync(new URL("scripts/setup/tfjs-lock.json", root), text);
}
