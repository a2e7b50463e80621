// @ts-check
/**
 * The package's own sources and a libtensorflow → its addon, and with it the one for several devices (engine/engine.cc):
 * both compiled once for each pair and kept in the cache.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { cp, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { cached, keep } from "./cache.mjs";
import { run, tail } from "./command.mjs";
import { nodeGyp } from "./npm.mjs";
import { Stop } from "./stop.mjs";
import { writeWhole } from "./whole.mjs";

/** The N-API version that the package's loader picks on every Node from 16 on. */
const napi = "8";

/** tfjs-node-gpu's own, and ours. */
const modules = /** @type {const} */ (["tfjs_binding", "pspc_engine"]);

/** @typedef {typeof modules[number]} Module */

const sources = fileURLToPath(new URL("engine", import.meta.url));
/** What tfjs-node's sources are compiled with, so that memory is given back by the thread that lent it. */
const references = fileURLToPath(new URL("references.h", import.meta.url));
/** What is ours in the addons: other sources ask for other addons. */
export const addonSources = [join(sources, "engine.cc"), references];

/** @param {string} addon the folder of @tensorflow/tfjs-node-gpu @param {Module} module */
const fileOf = (addon, module) => join(addon, "lib", `napi-v${napi}`, `${module}.node`);

/** @param {string} addon the folder of @tensorflow/tfjs-node-gpu */
export const addonFile = (addon) => fileOf(addon, "tfjs_binding");

/** @param {string} addon the folder of @tensorflow/tfjs-node-gpu */
export const engineFile = (addon) => fileOf(addon, "pspc_engine");

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
  const ours = addonSources.map((file) => readFileSync(file, "utf8"));
  const made = [compilerVersion, process.platform, process.arch, size, library.version, ...ours];
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
  const folder = there ?? (await keep(name, (target) => compileAll(addon, target, tools, step)));
  // A copy, not a link: its rpath starts from where it lies.
  for (const module of modules)
    writeWhole(fileOf(addon, module), readFileSync(binding(folder, module)));
  step.done(there ? "from the cache" : `compiled by ${tools.compiler}`);
}

/** @param {string} folder @param {Module} module */
const binding = (folder, module) => join(folder, `${module}.node`);

/** A disk that was full leaves a file that is empty. @param {string} folder */
const isWhole = (folder) =>
  modules.every(
    (module) => (statSync(binding(folder, module), { throwIfNoEntry: false })?.size ?? 0) > 0,
  );

/**
 * @param {string} addon
 * @param {string} target
 * @param {import("./machine.mjs").Tools} tools
 * @param {import("./say.mjs").Step} step
 */
async function compileAll(addon, target, tools, step) {
  step.note("node-gyp: compiling the package's own sources, and those for several devices");
  await compile(addon, "tfjs_binding", target, tools);
  await rm(join(addon, "build"), { recursive: true, force: true });
  const ours = join(target, "engine");
  await cp(sources, ours, { recursive: true });
  const deps = realpathSync(join(addon, "deps"));
  await compile(ours, "pspc_engine", target, tools, `--tensorflow=${deps}`);
  await rm(ours, { recursive: true, force: true });
  if (!isWhole(target)) throw new Stop("the addon does not compile", { help: remedy("") });
}

/**
 * @param {string} cwd
 * @param {Module} module
 * @param {string} target
 * @param {import("./machine.mjs").Tools} tools
 * @param {readonly string[]} more
 */
async function compile(cwd, module, target, { python, compiler }, ...more) {
  const [program, first] = nodeGyp();
  const options = [
    `--module_name=${module}`,
    `--module_path=${target}`,
    `--napi_version=${napi}`,
    `--napi_build_version=${napi}`,
  ];
  const env = { ...process.env, CXX: compiler, npm_config_python: python };
  const included = `-include '${references.replaceAll("'", "'\\''")}'`;
  const { code, output } = await run(
    program,
    [...first, "rebuild", ...options, ...headers(), ...more],
    { cwd, env: { ...env, CXXFLAGS: `${process.env.CXXFLAGS ?? ""} ${included}` } },
  );
  if (code === 0) return;
  await rm(join(cwd, "build"), { recursive: true, force: true });
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
