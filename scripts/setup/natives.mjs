// @ts-check
/**
 * A compiler → the libraries that pspc runs without, in more memory and slower: what gives back libtensorflow's clean
 * pages (clean-pages.cc), what asks for large ones (large-pages.cc), and kernels of our own for TensorFlow (kernels/).
 * Each is compiled once, kept in the cache, and tried in a process of its own before it counts.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { cached, keep } from "./cache.mjs";
import { run, tail } from "./command.mjs";
import { writeWhole } from "./whole.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const read = (/** @type {string} */ file) => readFileSync(join(here, file), "utf8");

const sources = [
  "natives.mjs",
  "clean-pages.cc",
  "large-pages.cc",
  "kernels/pool.h",
  "kernels/tiles.h",
  "kernels/tiles.cc",
  "kernels/largest.h",
  "kernels/largest.cc",
  "kernels/kernels.cc",
];

/** What the libraries are made of, for the record that set-up keeps. */
export const nativesVersion = () =>
  createHash("sha256")
    .update([process.arch, ...sources.map(read)].join("\n"))
    .digest("hex")
    .slice(0, 12);

/**
 * @typedef {object} Native
 * @property {string} name as a file
 * @property {string} what it is to a reader
 * @property {string} without what is missing where it cannot be made
 * @property {readonly (readonly string[])[]} commands of the compiler, in a folder of their own
 */

/** The units for which the arithmetic is compiled, with the floats of a vector. */
const units =
  process.arch === "x64"
    ? [
        ["wide", "16", "-mavx512f", "-mavx512vl", "-mavx512dq", "-mfma"],
        ["middle", "8", "-mavx2", "-mfma"],
        ["narrow", "4"],
      ]
    : [["narrow", "4"]];

const common = ["-std=c++17", "-fPIC"];

/** @param {string} source @param {string} name */
const alone = (source, name) => [...common, "-O2", "-shared", "-o", name, join(here, source)];

/** @param {string} addon the folder of @tensorflow/tfjs-node-gpu @returns {readonly Native[]} */
const natives = (addon) => [
  {
    name: "pspc_clean_pages.so",
    what: "pages",
    without: "240 MiB more memory",
    commands: [alone("clean-pages.cc", "pspc_clean_pages.so")],
  },
  {
    name: "pspc_large_pages.so",
    what: "large pages",
    without: "steps are slower where the system gives large pages",
    commands: [alone("large-pages.cc", "pspc_large_pages.so")],
  },
  {
    name: "pspc_kernels_3.so",
    what: "kernels",
    without: "3×3 layers by TensorFlow's own kernels",
    commands: [
      ...units.map(([unit, lanes, ...flags]) => [
        ...[...common, "-O3", ...flags, `-DPSPC_UNIT=${unit}`, `-DPSPC_LANES=${lanes}`],
        ...["-c", join(here, "kernels", "tiles.cc"), "-o", `${unit}.o`],
      ]),
      [
        ...[...common, "-O3", "-ffp-contract=off"],
        ...["-c", join(here, "kernels", "largest.cc"), "-o", "largest.o"],
      ],
      [
        ...[...common, "-O2", "-pthread", "-shared", `-I${join(addon, "deps", "include")}`],
        ...[
          join(here, "kernels", "kernels.cc"),
          "largest.o",
          ...units.map(([unit]) => `${unit}.o`),
        ],
        ...[`-L${join(addon, "deps", "lib")}`, "-l:libtensorflow_framework.so.2"],
        ...["-o", "pspc_kernels_3.so"],
      ],
    ],
  },
];

/** @param {string} addon @param {string} name */
export const nativeFile = (addon, name) => join(addon, "lib", name);

/**
 * @param {string} addon
 * @param {string} root of pspc
 * @param {import("./machine.mjs").Tools} tools
 * @param {(name: string) => import("./say.mjs").Step} step
 */
export async function provideNatives(addon, root, { compiler }, step) {
  for (const native of natives(addon)) {
    const { name, what, without } = native;
    const providing = step(what);
    const file = nativeFile(addon, name);
    const key = `${name.replace(/\.so$/, "")}-${nativesVersion()}`;
    const known = cached(key);
    try {
      const folder = await keep(key, (target) => compile(native, compiler ?? "c++", target));
      writeWhole(file, readFileSync(join(folder, name)));
      await tried(root);
      providing.done(known ? "from the cache" : `compiled by ${compiler}`);
    } catch (error) {
      await rm(file, { force: true });
      providing.done(`left out: ${without} (${error instanceof Error ? error.message : error})`);
    }
  }
}

/** @param {Native} native @param {string} compiler @param {string} folder */
async function compile({ name, commands }, compiler, folder) {
  for (const args of commands) {
    const { code, output } = await run(compiler, [...args], { cwd: folder });
    if (code !== 0) throw new Error(output.trim().split("\n")[0] || "no C++ compiler");
  }
  if (!existsSync(join(folder, name))) throw new Error("the compiler wrote nothing");
}

/** TensorFlow loads, with what there is of libraries. @param {string} root */
async function tried(root) {
  const library = pathToFileURL(join(root, "dist", "runtime", "library.js"));
  if (!existsSync(library)) return;
  const program = `
    const { loadTensorFlow } = await import(${JSON.stringify(library.href)});
    await loadTensorFlow("cpu");
    process.stdout.write("loaded");
  `;
  const { code, output } = await run(process.execPath, ["--input-type=module", "-e", program]);
  if (code !== 0 || !output.endsWith("loaded")) throw new Error(tail(output, 1));
}
