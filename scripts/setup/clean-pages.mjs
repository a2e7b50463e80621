// @ts-check
/** A compiler → the library that gives back libtensorflow's clean pages when it is opened (clean-pages.cc). pspc runs without it, in more memory. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cached, keep } from "./cache.mjs";
import { run } from "./command.mjs";
import { writeWhole } from "./whole.mjs";

const source = fileURLToPath(new URL("clean-pages.cc", import.meta.url));

/** @param {string} addon the folder of @tensorflow/tfjs-node-gpu */
export const pagesFile = (addon) => join(addon, "lib", "pspc_clean_pages.so");

/** What the library is made of, for the record that set-up keeps. */
export const pagesVersion = () =>
  createHash("sha256")
    .update(`${process.arch} ${readFileSync(source)}`)
    .digest("hex")
    .slice(0, 12);

/**
 * @param {string} addon
 * @param {import("./machine.mjs").Tools} tools
 * @param {import("./say.mjs").Step} step
 */
export async function providePages(addon, { compiler }, step) {
  const name = `clean-pages-${pagesVersion()}`;
  const known = cached(name);
  try {
    const folder = await keep(name, (target) => compile(compiler ?? "c++", target));
    writeWhole(pagesFile(addon), readFileSync(join(folder, "clean-pages.so")));
    step.done(known ? "from the cache" : `compiled by ${compiler}`);
  } catch (error) {
    step.done(`left out: 240 MiB more memory (${error instanceof Error ? error.message : error})`);
  }
}

/** @param {string} compiler @param {string} folder */
async function compile(compiler, folder) {
  const file = join(folder, "clean-pages.so");
  const { code, output } = await run(compiler, ["-shared", "-fPIC", "-O2", "-o", file, source]);
  if (code !== 0 || !existsSync(file))
    throw new Error(output.trim().split("\n")[0] || "no C++ compiler");
}
