// @ts-check
/** Where npm and the node-gyp that it brings lie, however npm was installed. */

import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { which } from "./command.mjs";
import { Stop } from "./stop.mjs";

/**
 * @param {readonly string[]} args
 * @returns {[string, string[]]} program and arguments that run npm with them
 */
export function npm(args) {
  // Beneath `npm run` npm says where it is; otherwise the PATH does.
  const script = process.env.npm_execpath;
  if (script && existsSync(script) && /npm-cli\.c?js$/.test(script))
    return [process.execPath, [script, ...args]];
  const program = which("npm");
  if (program) return [program, [...args]];
  throw new Stop("npm is missing", { help: "install npm; Node's own downloads bring it" });
}

/**
 * @returns {[string, string[]]} program and first arguments that run node-gyp: npm's own, or one that npx fetches
 */
export function nodeGyp() {
  const script = npmFolders()
    .map((folder) => join(folder, "node_modules", "node-gyp", "bin", "node-gyp.js"))
    .find((file) => existsSync(file));
  if (script) return [process.execPath, [script]];
  const [program, args] = npm(["exec", "--yes", "--", "node-gyp@11.4.2"]);
  return [program, args];
}

/** @returns {string[]} the folders where npm may stand, the likeliest first */
function npmFolders() {
  const [program, args] = npm(["root", "--global"]);
  const script = program === process.execPath ? args[0] : program;
  return [
    ...(script ? [dirname(dirname(realpathSync(script)))] : []),
    join(
      execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(),
      "npm",
    ),
  ];
}
