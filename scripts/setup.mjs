// @ts-check
/**
 * Makes pspc ready to compute: packages, libtensorflow, the addon, and a proof that TensorFlow adds two numbers. In a
 * clone they go into node_modules, and src/ is compiled to dist/; for an installed package all goes into the shared
 * cache, and nothing of its project is touched. Plain Node without packages, since it runs before there are any. Each
 * step is skipped when its result is there.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { addonFile, addonName, addonSources, engineFile, provideAddon } from "./setup/addon.mjs";
import { alone, cached, cacheFolder } from "./setup/cache.mjs";
import { emit, staleFiles } from "./setup/dist.mjs";
import { findTools, requireSystem, requireTools } from "./setup/machine.mjs";
import { nativesVersion, provideNatives } from "./setup/natives.mjs";
import { installPackages, packagesMatch, sharedPackages, shareTfjs } from "./setup/packages.mjs";
import { calibrate, prove, signature } from "./setup/proof.mjs";
import { print, seconds, step } from "./setup/say.mjs";
import { stopOf } from "./setup/stop.mjs";
import { linkDeps, obtain } from "./setup/tensorflow.mjs";
import { writeWhole } from "./setup/whole.mjs";

const started = performance.now();
const root = fileURLToPath(new URL("..", import.meta.url));
const isClone = existsSync(join(root, "src"));
const home = isClone ? join(root, "node_modules") : sharedPackages(root);
const addon = join(home, "@tensorflow", "tfjs-node-gpu");
const record = join(home, ".pspc.json");

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]))
  process.on(signal, () => {
    print("set-up interrupted; nothing half-made is left, and the same command goes on from here");
    process.exit(130);
  });

try {
  await main();
} catch (error) {
  print(stopOf(error).print());
  process.exitCode = 1;
}

async function main() {
  const had = proven();
  if (had && !isStale() && triedNatives())
    return print(`set-up: all in place, ${had} (${seconds(started)})`);
  requireSystem();
  print(`set-up: cache ${cacheFolder()}`);
  await alone(
    () => print("  · another set-up is at work; waiting for it"),
    async () => {
      if (isClone) await installPackages(root, step("packages"));
      else await shareTfjs(root, step("packages"));
      const isNew = !proven() || !triedNatives();
      if (!proven()) await provideTensorFlow();
      if (isStale()) await compileDist();
      if (isNew) await provideNatives(addon, root, await findTools(), step);
      if (!proven()) await writeProof();
      else if (isNew) await measure();
    },
  );
  print(`set-up: all in place (${seconds(started)})`);
}

/** A package brings dist/ with it. */
function isStale() {
  return isClone && staleFiles(root).length > 0;
}

async function compileDist() {
  const compiling = step("compile");
  compiling.done(`${await emit(root)} files of src/ to dist/`);
}

async function provideTensorFlow() {
  const tools = await findTools();
  const fetching = step("tensorflow");
  const library = await obtain(addon, fetching, () => requireTools(tools.missing));
  await linkDeps(addon, library);
  fetching.done(`${sayVersion(library)}, from ${library.origin}`);
  const making = step("addon");
  if (library.folder === join(addon, "deps") && existsSync(addonFile(addon)))
    return making.done("as it came with the library");
  const name = await addonName(addon, library, tools);
  if (!cached(name)) requireTools(tools.missing);
  await provideAddon(addon, name, tools, making);
}

async function writeProof() {
  const proving = step("proof");
  const { version, device } = await prove(root);
  const said = `TensorFlow ${version} on the ${device}`;
  writeWhole(record, JSON.stringify({ said, signature: now(), asked: asked() }));
  proving.done(said);
  await measure();
}

/** Speeds are those of the kernels that are there. */
async function measure() {
  const { natives, said = "" } = recorded();
  if (natives === nativesVersion()) return;
  writeWhole(record, JSON.stringify({ ...recorded(), natives: nativesVersion() }));
  if (!said.endsWith("cpu") || process.env.PSPC_SPEEDS) return;
  const measuring = step("speeds");
  measuring.done(await calibrate(root));
}

/** @param {import("./setup/library.mjs").Library} library */
function sayVersion({ version, flavour }) {
  return version === "unknown" ? "a version of its own" : `${version} (${flavour})`;
}

/** @returns {string | undefined} what TensorFlow said when it was proved, if that still holds */
function proven() {
  if (isClone && !packagesMatch(root)) return undefined;
  const { said, signature: then, asked: askedThen } = recorded();
  return then === now() && (asked() === "" || asked() === askedThen) ? said : undefined;
}

/** Where there is no compiler, it is looked for once. */
function triedNatives() {
  return recorded().natives === nativesVersion();
}

/** @returns {{ said?: string, signature?: string, asked?: string, natives?: string }} nothing where there is no record, or half of one */
function recorded() {
  try {
    return JSON.parse(readFileSync(record, "utf8"));
  } catch {
    return {};
  }
}

function now() {
  const library = join(addon, "deps", "lib", "libtensorflow.so");
  return signature(addonFile(addon), engineFile(addon), ...addonSources, library);
}

/** What the user asks for by name: another wish is another set-up, and none is content with what is there. */
function asked() {
  return process.env.PSPC_TENSORFLOW || process.env.PSPC_FLAVOUR || "";
}
