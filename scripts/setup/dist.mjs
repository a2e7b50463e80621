// @ts-check
/** src/ → dist/, compiled by tsc where src/ is newer. */

import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { run, tail } from "./command.mjs";
import { Stop } from "./stop.mjs";

const stamp = join("dist", ".checked");

/** @param {string} root @returns {boolean} whether dist/ is made of what src/ is now */
export function distIsFresh(root) {
  const made = statSync(join(root, stamp), { throwIfNoEntry: false });
  return made !== undefined && newest(root) < made.mtimeMs;
}

/** @param {string} root */
const newest = (root) =>
  Math.max(
    ...["tsconfig.json", "tsconfig.build.json"].map((file) => changed(join(root, file))),
    ...readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).map((file) =>
      changed(join(root, "src", file)),
    ),
  );

/** @param {string} file */
const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * @param {string} root
 * @param {import("./say.mjs").Step} step
 */
export async function compileDist(root, step) {
  const started = new Date();
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { code, output } = await run(process.execPath, [tsc, "-p", "tsconfig.build.json"], {
    cwd: root,
  });
  if (code !== 0)
    throw new Stop("src/ does not compile", {
      reason: tail(output, 30),
      help: "correct what tsc names",
    });
  if (!existsSync(join(root, "dist"))) throw new Stop("tsc wrote no dist/");
  writeFileSync(join(root, stamp), "");
  utimesSync(join(root, stamp), started, started);
  step.done("src/ compiled to dist/");
}
