// @ts-check
/** A flavour (cpu or cuda) → a libtensorflow of it: one already there, else pip's wheel, else the package's installer. */

import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, realpathSync } from "node:fs";
import { rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { cached, cacheFolder, keep } from "./cache.mjs";
import { run, tail, which } from "./command.mjs";
import { describeLibrary, finish, librariesOf, link } from "./library.mjs";
import { hasNvidiaGpu } from "./machine.mjs";
import { Stop } from "./stop.mjs";
import { unpackWheels, wheelsFor } from "./wheel.mjs";

/**
 * @typedef {import("./library.mjs").Flavour} Flavour
 * @typedef {import("./library.mjs").Library} Library
 * @typedef {import("./say.mjs").Step} Step
 */

/** The version that pspc is tested with, and the only one that is taken without being named. */
const version = "2.21.0";

/**
 * @param {string} addon the folder of @tensorflow/tfjs-node-gpu
 * @param {Step} step
 * @param {() => void} ready called before anything is downloaded; throws where it would be in vain
 * @returns {Promise<Library>}
 */
export async function obtain(addon, step, ready) {
  const named = process.env.PSPC_TENSORFLOW;
  if (named) return fromFolder(named, "unknown", "PSPC_TENSORFLOW");
  const flavours = await wanted();
  for (const flavour of flavours) {
    const there = await present(flavour, addon);
    if (there) return there;
    ready();
    const fetched = await downloaded(flavour, step);
    if (fetched) return fetched;
    if (flavour === "cuda" && flavours.length > 1)
      step.note(
        "going on WITHOUT the GPU; runs that ask for it will fail. Later: PSPC_FLAVOUR=cuda npm run setup",
      );
  }
  return install(addon, flavours[0] ?? "cpu", step);
}

/** @returns {Promise<Flavour[]>} what to look for, the best first */
async function wanted() {
  const asked = process.env.PSPC_FLAVOUR;
  if (asked === "cpu" || asked === "cuda") return [asked];
  if (asked)
    throw new Stop(`PSPC_FLAVOUR=${asked} is no flavour`, { help: "set it to cpu or cuda" });
  return (await hasNvidiaGpu()) ? ["cuda", "cpu"] : ["cpu"];
}

/** @param {Flavour} flavour */
const nameOf = (flavour) => `tensorflow-${version}-${flavour}-${process.arch}`;

/**
 * One that needs no download: in the cache, put into the package's deps/ by hand, or installed for Python.
 * @param {Flavour} flavour
 * @param {string} addon
 */
async function present(flavour, addon) {
  const inCache = cached(nameOf(flavour));
  const library = inCache && describeLibrary(inCache);
  if (library) return library;
  if (inCache) await rm(inCache, { recursive: true });
  const deps = join(addon, "deps");
  const own = existsSync(deps) && !lstatSync(deps).isSymbolicLink() && describeLibrary(deps);
  return own || (await fromPython(flavour));
}

/** @param {Flavour} flavour */
async function fromPython(flavour) {
  const python = which(process.env.PYTHON || "python3");
  if (!python) return undefined;
  const { code, output } = await run(python, ["-c", whereIsTensorFlow]);
  const [found, folder] = output.trim().split("\n");
  if (code !== 0 || found !== version || !folder || !librariesOf(folder)) return undefined;
  if (pythonFlavour(folder) !== flavour) return undefined;
  return fromFolder(folder, version, "Python's tensorflow");
}

/** Finds the package without importing it, which would take seconds. */
const whereIsTensorFlow = `
import importlib.metadata as m, importlib.util as u, os
names = [n for n in ("tensorflow", "tensorflow-cpu", "tensorflow_cpu") if any(True for _ in m.distributions(name=n))]
print(m.version(names[0]))
print(os.path.dirname(u.find_spec("tensorflow").origin))
`;

/** @param {string} folder @returns {Flavour} */
function pythonFlavour(folder) {
  const info = join(folder, "python", "platform", "build_info.py");
  const cuda = existsSync(info) && /'is_cuda_build', True/.test(readFileSync(info, "utf8"));
  return cuda ? "cuda" : "cpu";
}

/**
 * @param {string} folder
 * @param {string} found its version
 * @param {string} origin
 * @returns {Promise<Library>}
 */
async function fromFolder(folder, found, origin) {
  if (!librariesOf(folder))
    throw new Stop(`${origin} names ${folder}, which holds no libtensorflow`, {
      help: "name a folder with libtensorflow_cc.so.2 (or lib/libtensorflow.so.2), libtensorflow_framework.so.2 and include/",
    });
  const source = realpathSync(folder);
  const flavour = existsSync(join(dirname(source), "nvidia")) ? "cuda" : pythonFlavour(source);
  const id = createHash("sha256").update(source).digest("hex").slice(0, 12);
  const facts = { version: found, flavour, origin: `${origin}: ${source}` };
  const made = await keep(`tensorflow-linked-${id}`, async (target) => {
    await link(source, target);
    await finish(target, facts);
  });
  return { folder: made, ...facts };
}

/**
 * @param {Flavour} flavour
 * @param {Step} step
 * @returns {Promise<Library | undefined>}
 */
async function downloaded(flavour, step) {
  const wheels = await wheelsFor(flavour, version, step);
  if (!wheels) return undefined;
  const facts = { version, flavour, origin: "pip's wheel" };
  const folder = await keep(nameOf(flavour), async (target) => {
    await unpackWheels(wheels, target, step).catch((error) => {
      throw new Stop("the wheel is damaged, and is gone from the cache", {
        reason: error.message,
        help: "run the same command again: it is fetched anew",
      });
    });
    await finish(target, facts);
  });
  await Promise.all(wheels.map((wheel) => rm(wheel)));
  return { folder, ...facts };
}

/**
 * The package's own installer, which brings an old libtensorflow and an addon made for it.
 * @param {string} addon
 * @param {Flavour} flavour
 * @param {Step} step
 * @returns {Promise<Library>}
 */
async function install(addon, flavour, step) {
  step.note(
    "last way: the package's own installer (libtensorflow 2.9.1, with which pspc is not tested)",
  );
  const kind = flavour === "cuda" ? "gpu" : "cpu";
  const path = `${join(addon, "..", "..", ".bin")}:${process.env.PATH}`;
  const { code, output } = await run(process.execPath, ["scripts/install.js", kind, "download"], {
    cwd: addon,
    env: { ...process.env, PATH: path },
  });
  const library = code === 0 ? describeInstalled(addon) : undefined;
  if (library) return library;
  await rm(join(addon, "deps"), { recursive: true, force: true });
  throw new Stop(
    "no libtensorflow could be had: not from the cache, Python, pip, or the package's installer",
    {
      reason:
        output
          .split("\n")
          .find((line) => /Error:/.test(line))
          ?.trim() ?? tail(output, 3),
      help: [
        `with a network: python3 -m pip download --no-deps tensorflow-cpu==${version} must work`,
        "without one: set PSPC_TENSORFLOW to the folder of an installed Python package tensorflow",
        "or set PSPC_CACHE to the cache folder of a machine where set-up went well",
      ].join("\n"),
    },
  );
}

/** @param {string} addon @returns {Library | undefined} */
const describeInstalled = (addon) => {
  const deps = join(addon, "deps");
  return librariesOf(deps)
    ? { folder: deps, version: "2.9.1", flavour: "unknown", origin: "the package's own installer" }
    : undefined;
};

/**
 * Makes the package's deps/ a link to the library's folder: one link, so that it is never half there.
 * @param {string} addon
 * @param {Library} library
 */
export async function linkDeps(addon, { folder }) {
  const deps = join(addon, "deps");
  if (folder === deps) return;
  const fresh = join(addon, `deps-${process.pid}`);
  await rm(fresh, { force: true });
  // Within the cache by a path that holds when the cache is moved or copied.
  const isShared = addon.startsWith(cacheFolder());
  await symlink(isShared ? relative(addon, folder) : folder, fresh);
  if (existsSync(deps) && !lstatSync(deps).isSymbolicLink()) await rm(deps, { recursive: true });
  await rename(fresh, deps);
}
