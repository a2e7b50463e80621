// @ts-check
/**
 * A compiler → the libraries that pspc runs without, in more memory and slower: what gives back libtensorflow's clean
 * pages (clean-pages.cc), what asks for large ones (large-pages.cc), what decodes plain JPEGs in place (plain-jpeg.cc),
 * and kernels of our own for TensorFlow (kernels/). Each is compiled once, kept in the cache, and tried in a process of
 * its own before it counts.
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
  "plain-jpeg.cc",
  "kernels/pool.h",
  "kernels/operation.h",
  "kernels/vectors.h",
  "kernels/tiles.h",
  "kernels/tiles.cc",
  "kernels/norms.h",
  "kernels/norms.cc",
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
 * @property {Trial} trial
 */

/**
 * What is run with the library in its place.
 * @typedef {object} Trial
 * @property {string} file of dist/, without which there is nothing to try
 * @property {string} program that says "right" at last; it has the file's module as `module` and its address as `url`
 */

/** TensorFlow loads, with what there is of libraries. @type {Trial} */
const loading = {
  file: "runtime/library.js",
  program: `await module.loadTensorFlow("cpu");`,
};

/** A JPEG comes out as sharp decodes it. @type {Trial} */
const decoding = {
  file: "data/plain-jpeg.js",
  program: `
    const { createRequire } = await import("node:module");
    const sharp = createRequire(url)("sharp");
    sharp.cache(false);
    const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * i) % 251);
    const bytes = await sharp(pixels, { raw: { width: 40, height: 30, channels: 3 } }).jpeg().toBuffer();
    const whole = await sharp(bytes).raw().toBuffer();
    const picture = module.plainDecoder()?.(bytes);
    if (!picture || picture.width !== 40 || picture.height !== 30 || whole.compare(picture.pixels))
      throw new Error("it decodes otherwise than sharp, or not at all");`,
};

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
    trial: loading,
  },
  {
    name: "pspc_large_pages.so",
    what: "large pages",
    without: "steps are slower where the system gives large pages",
    commands: [alone("large-pages.cc", "pspc_large_pages.so")],
    trial: loading,
  },
  {
    name: "pspc_jpeg_1.node",
    what: "pictures",
    without: "JPEGs are decoded by other threads, which takes a third longer",
    commands: [alone("plain-jpeg.cc", "pspc_jpeg_1.node")],
    trial: decoding,
  },
  {
    name: "pspc_kernels_3.so",
    what: "kernels",
    without: "3×3 layers by TensorFlow's own kernels",
    commands: [
      ...units.flatMap(([unit, lanes, ...flags]) =>
        ["tiles", "norms"].map((part) => [
          ...[...common, "-O3", ...flags, `-DPSPC_UNIT=${unit}`, `-DPSPC_LANES=${lanes}`],
          ...["-c", join(here, "kernels", `${part}.cc`), "-o", `${part}-${unit}.o`],
        ]),
      ),
      [
        ...[...common, "-O3", "-ffp-contract=off"],
        ...["-c", join(here, "kernels", "largest.cc"), "-o", "largest.o"],
      ],
      [
        ...[...common, "-O2", "-pthread", "-shared", `-I${join(addon, "deps", "include")}`],
        ...[
          join(here, "kernels", "kernels.cc"),
          "largest.o",
          ...units.flatMap(([unit]) => [`tiles-${unit}.o`, `norms-${unit}.o`]),
        ],
        ...[`-L${join(addon, "deps", "lib")}`, "-l:libtensorflow_framework.so.2"],
        ...["-o", "pspc_kernels_3.so"],
      ],
    ],
    trial: loading,
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
    const { name, what, without, trial } = native;
    const providing = step(what);
    const file = nativeFile(addon, name);
    const key = `${name.replace(/\.\w+$/, "")}-${nativesVersion()}`;
    const known = cached(key);
    try {
      const folder = await keep(key, (target) => compile(native, compiler ?? "c++", target));
      writeWhole(file, readFileSync(join(folder, name)));
      await tried(root, trial);
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

/** @param {string} root @param {Trial} trial */
async function tried(root, { file, program }) {
  const path = join(root, "dist", file);
  if (!existsSync(path)) return;
  const url = JSON.stringify(pathToFileURL(path).href);
  const whole = `
    const url = ${url};
    try {
      const module = await import(url);
      ${program}
      process.stdout.write("right");
    } catch (error) {
      process.stdout.write(String(error.message));
      process.exitCode = 1;
    }
  `;
  const { code, output } = await run(process.execPath, ["--input-type=module", "-e", whole]);
  if (code !== 0 || !output.endsWith("right")) throw new Error(tail(output, 1));
}
