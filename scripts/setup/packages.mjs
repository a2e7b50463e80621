// @ts-check
/** package-lock.json and node_modules → node_modules as the lock says; install scripts never run (.npmrc). */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run, tail } from "./command.mjs";
import { npm } from "./npm.mjs";
import { Stop } from "./stop.mjs";

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
  // Of the optional ones only those for this machine are installed.
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      path === "" || (optional && !installed[path]) || installed[path]?.version === version,
  );
}

/** @param {string} file @returns {Record<string, Locked>} */
const packagesOf = (file) =>
  existsSync(file)
    ? /** @type {Lock} */ (JSON.parse(readFileSync(file, "utf8")).packages ?? {})
    : {};

/**
 * @param {string} root
 * @param {import("./say.mjs").Step} step
 */
export async function installPackages(root, step) {
  if (packagesMatch(root)) return step.done("as package-lock.json says");
  step.note("npm ci: installing what package-lock.json names");
  const { code, output } = await run(
    ...npm(["ci", "--ignore-scripts", "--no-progress", "--loglevel=error"]),
    {
      cwd: root,
    },
  );
  if (code !== 0)
    throw new Stop("npm ci failed", {
      reason: errors(output),
      help: "npm must reach its registry (see `npm config get registry`), or have the packages in its cache",
    });
  const count = Object.keys(packagesOf(join(root, "node_modules", ".package-lock.json"))).length;
  step.done(`${count} packages installed`);
}

/** What npm says, without its page of usage. @param {string} output */
const errors = (output) => {
  const lines = output.split("\n").filter((line) => /^npm error \S/.test(line));
  return lines.slice(0, 8).join("\n") || tail(output);
};
