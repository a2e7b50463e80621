// @ts-check
/** The package's own sources and a libtensorflow → its addon, compiled once for each pair and kept in the cache. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { cached, keep } from "./cache.mjs";
import { run, tail } from "./command.mjs";
import { nodeGyp } from "./npm.mjs";
import { Stop } from "./stop.mjs";
import { writeWhole } from "./whole.mjs";

/** The N-API version that the package's loader picks on every Node from 16 on. */
const napi = "8";

/** @param {string} addon the folder of @tensorflow/tfjs-node-gpu */
export const addonFile = (addon) => join(addon, "lib", `napi-v${napi}`, "tfjs_binding.node");

/**
 * What an addon is made of: the same parts give the same addon. It speaks N-API, which every Node understands.
 * @param {string} addon
 * @param {import("./library.mjs").Library} library
 * @param {import("./machine.mjs").Tools} tools
 */
export async function addonName(addon, library, { compilerVersion }) {
  const { version } = JSON.parse(readFileSync(join(addon, "package.json"), "utf8"));
  const main = realpathSync(join(library.folder, "lib", "libtensorflow.so"));
  const { size } = await stat(main);
  const made = [compilerVersion, process.platform, process.arch, size, library.version];
  const id = createHash("sha256").update(made.join("\n")).digest("hex").slice(0, 12);
  return `addon-${version}-tensorflow-${library.version}-${id}`;
}

/**
 * @param {string} addon
 * @param {string} name
 * @param {import("./machine.mjs").Tools} tools
 * @param {import("./say.mjs").Step} step
 */
export async function provideAddon(addon, name, tools, step) {
  const known = cached(name);
  const there = known && isWhole(known) ? known : undefined;
  if (known && !there) await rm(known, { recursive: true });
  const folder = there ?? (await keep(name, (target) => compile(addon, target, tools, step)));
  // A copy, not a link: its rpath starts from where it lies.
  writeWhole(addonFile(addon), readFileSync(binding(folder)));
  step.done(there ? "from the cache" : `compiled by ${tools.compiler}`);
}

/** @param {string} folder */
const binding = (folder) => join(folder, "tfjs_binding.node");

/** A disk that was full leaves a file that is empty. @param {string} folder */
const isWhole = (folder) => (statSync(binding(folder), { throwIfNoEntry: false })?.size ?? 0) > 0;

/**
 * @param {string} addon
 * @param {string} target
 * @param {import("./machine.mjs").Tools} tools
 * @param {import("./say.mjs").Step} step
 */
async function compile(addon, target, { python, compiler }, step) {
  step.note("node-gyp: compiling the package's own sources");
  const [program, first] = nodeGyp();
  const options = [
    `--module_name=tfjs_binding`,
    `--module_path=${target}`,
    `--napi_version=${napi}`,
  ];
  const { code, output } = await run(
    program,
    [...first, "rebuild", ...options, `--napi_build_version=${napi}`, ...headers()],
    { cwd: addon, env: { ...process.env, CXX: compiler, npm_config_python: python } },
  );
  await rm(join(addon, "build"), { recursive: true, force: true });
  if (code !== 0 || !isWhole(target))
    throw new Stop("the addon does not compile", {
      reason: tail(output, 20),
      help: remedy(output),
    });
}

/** Node's headers, where they came with Node; else node-gyp fetches them. */
const headers = () => {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const own = existsSync(join(prefix, "include", "node", "node_api.h"));
  return own && !process.env.npm_config_nodedir ? [`--nodedir=${prefix}`] : [];
};

/** @param {string} output */
const remedy = (output) =>
  /getaddrinfo|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|network/.test(output)
    ? "node-gyp could not fetch Node's headers: go online once, or install a Node that brings include/node, and name its prefix: npm_config_nodedir=…"
    : "a C++17 compiler is needed (g++ 9 or newer)";
