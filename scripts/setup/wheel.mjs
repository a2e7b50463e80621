// @ts-check
/** A flavour of TensorFlow → its wheels, fetched by pip into the cache; wheels → the parts of them that pspc needs. */

import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { cacheFolder, temporary } from "./cache.mjs";
import { run, tail, which } from "./command.mjs";
import { Stop } from "./stop.mjs";
import { entries, extract, text } from "./unzip.mjs";

/**
 * @typedef {import("./library.mjs").Flavour} Flavour
 * @typedef {import("./say.mjs").Step} Step
 */

/** Where each wheel's parts go; the headers are those that the addon's sources reach. */
const parts = [
  { from: /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/, to: "lib/" },
  {
    from: /^tensorflow\/(include\/(?:tensorflow\/c|tensorflow\/core\/platform|tsl\/platform|xla\/tsl\/c)\/.+\.h)$/,
    to: "",
  },
  { from: /^(nvidia\/[^/]+\/(?:lib|bin|nvvm)\/.+)$/, to: "" },
];

/** What the wheel weighs, until pip says it. */
const guess = 260e6;

/**
 * @param {Flavour} flavour
 * @param {string} version
 * @param {Step} step
 * @returns {Promise<string[] | undefined>} the wheels, or undefined where pip has none
 */
export async function wheelsFor(flavour, version, step) {
  const name = flavour === "cuda" ? "tensorflow" : "tensorflow-cpu";
  const file = `${name.replace("-", "_")}-${version}-`;
  const main = await fetchWheels(file, [`${name}==${version}`], step);
  if (!main) return undefined;
  await demandKnown(main, step);
  if (flavour === "cpu") return main;
  const needs = (await cudaNeeds(main[0] ?? "")).map(pinned);
  const nvidia = await fetchWheels("nvidia_", needs, step);
  if (!nvidia) return undefined;
  await demandKnown(nvidia, step);
  return [...main, ...nvidia];
}

/** The SHA-256 of every wheel that pspc is known to work with, as PyPI has them. @type {Record<string, string>} */
const known = JSON.parse(readFileSync(new URL("wheels.json", import.meta.url), "utf8"));

/**
 * What is fetched runs with the user's rights: it is the file that is known here, or the user answers for it.
 * @param {readonly string[]} wheels
 * @param {Step} step
 * @throws Stop after a wheel that is not what its name says is gone from the cache
 */
async function demandKnown(wheels, step) {
  for (const wheel of wheels) {
    const name = basename(wheel);
    const [wanted, found] = [known[name], await sha256(wheel)];
    if (found === wanted) continue;
    if (wanted !== undefined) {
      await rm(wheel);
      throw new Stop(`${name} is not the file of that name that pspc knows`, {
        reason: `its SHA-256 is ${found}, and PyPI's is ${wanted}; it is gone from the cache`,
        help: "it was damaged on its way, or pip's index gives out another one (see `pip config list`): run the same command again",
      });
    }
    if (process.env.PSPC_UNPINNED !== "yes")
      throw new Stop(`pspc does not know the wheel ${name}`, {
        reason: `its SHA-256 is ${found}`,
        help: "compare it with the sums that the package index shows for this file; PSPC_UNPINNED=yes then takes it",
      });
    step.note(`${name} is taken unseen, as PSPC_UNPINNED says: its SHA-256 is ${found}`);
  }
}

/** @param {string} file */
const sha256 = async (file) => {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest("hex");
};

/**
 * A requirement of a range of versions becomes that of the version that is known.
 * @param {string} requirement `nvidia-cublas-cu12<13.0,>=12.5.3.2`
 */
const pinned = (requirement) => {
  const [name = ""] = /^[\w-]+/.exec(requirement) ?? [];
  const wheel = Object.keys(known).find((file) => file.startsWith(`${name.replaceAll("-", "_")}-`));
  return wheel === undefined || process.arch !== "x64"
    ? requirement
    : `${name}==${wheel.split("-")[1]}`;
};

/**
 * @param {string} prefix of the wheels' file names
 * @param {readonly string[]} wanted pip's requirements, one wheel each
 * @param {Step} step
 * @returns {Promise<string[] | undefined>}
 */
async function fetchWheels(prefix, wanted, step) {
  const folder = join(cacheFolder(), "wheels");
  await mkdir(folder, { recursive: true });
  const there = () =>
    readdirSync(folder)
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(folder, name));
  const whole = await keepWhole(there(), step);
  if (whole.length >= wanted.length) return whole;
  return (await temporary("wheels", (work) => pip(wanted, work, folder, step)))
    ? there()
    : undefined;
}

/**
 * Of the wheels that lie in the cache those that are whole; the others go.
 * @param {readonly string[]} wheels
 * @param {Step} step
 */
async function keepWhole(wheels, step) {
  const whole = [];
  for (const wheel of wheels) {
    if (
      await entries(wheel).then(
        () => true,
        () => false,
      )
    )
      whole.push(wheel);
    else {
      step.note(`${basename(wheel)} in the cache is damaged: fetching it again`);
      await rm(wheel);
    }
  }
  return whole;
}

/**
 * @param {readonly string[]} wanted
 * @param {string} work a temporary folder, where pip's own temporary files go too
 * @param {string} folder where whole wheels end
 * @param {Step} step
 * @returns {Promise<boolean>}
 */
async function pip(wanted, work, folder, step) {
  const python = which(process.env.PYTHON || "python3");
  if (!python) return false;
  step.note(`pip download ${wanted.join(" ")}`);
  const target = join(work, "wheels");
  let failed = "";
  // A Python for which there is no wheel can fetch another one's: the library in it is the same.
  for (const other of [[], ["--python-version", "3.12", "--platform", "manylinux_2_27_x86_64"]]) {
    const options = ["--no-deps", "--only-binary=:all:", "--progress-bar", "off", "--dest", target];
    const watch = watchDownload(work, step);
    const { code, output } = await run(
      python,
      ["-m", "pip", "download", ...options, ...other, ...wanted],
      {
        env: {
          PIP_RETRIES: "2",
          PIP_DISABLE_PIP_VERSION_CHECK: "1",
          ...process.env,
          ...quiet,
          TMPDIR: work,
        },
        heard: watch.heard,
      },
    );
    watch.stop();
    if (code === 0) return moveWheels(target, folder);
    failed ||= output;
    if (/No space left/.test(output)) break;
  }
  step.note(`pip has no ${wanted.join(" ")}: ${lastError(failed)}`);
  return false;
}

const quiet = { PYTHONUNBUFFERED: "1", PIP_NO_INPUT: "1" };

/** @param {string} target @param {string} folder */
async function moveWheels(target, folder) {
  for (const name of readdirSync(target)) await rename(join(target, name), join(folder, name));
  return true;
}

/**
 * pip tells each wheel's size before it fetches it; what has come lies in its temporary folder.
 * @param {string} work
 * @param {Step} step
 */
function watchDownload(work, step) {
  let total = 0;
  const timer = setInterval(() => {
    const done = sizeOf(work);
    if (done > 1e6) step.progress(done, Math.max(total || guess, done), "downloading");
  }, 250);
  return {
    heard: (/** @type {string} */ output) => {
      for (const [, size] of output.matchAll(/Downloading \S+ \(([\d.]+) MB\)/g))
        total += Number(size) * 1e6;
    },
    stop: () => clearInterval(timer),
  };
}

/** @param {string} folder @returns {number} bytes of all files in it */
const sizeOf = (folder) => {
  let size = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    // pip removes files while we look.
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    if (stat?.isFile()) size += stat.size;
  }
  return size;
};

/** @param {string} output */
const lastError = (output) => {
  const unreachable =
    /NewConnectionError|Failed to establish|Name or service not known|ConnectTimeout|ProxyError/;
  if (unreachable.test(output)) return "its index could not be reached";
  return output.split("\n").findLast((line) => line.startsWith("ERROR:")) ?? tail(output, 1);
};

/**
 * The wheels with CUDA's libraries that a TensorFlow wheel asks for in its extra `and-cuda`.
 * @param {string} wheel
 * @returns {Promise<string[]>}
 */
async function cudaNeeds(wheel) {
  const metadata = (await entries(wheel)).find(({ name }) => name.endsWith(".dist-info/METADATA"));
  const lines = metadata ? await text(wheel, metadata) : "";
  return [...lines.matchAll(/^Requires-Dist: (nvidia-[^;\s]+)[^;]*; extra == "and-cuda"/gm)].map(
    ([, need]) => need ?? "",
  );
}

/**
 * @param {readonly string[]} wheels
 * @param {string} target
 * @param {Step} step
 */
export async function unpackWheels(wheels, target, step) {
  const chosen = [];
  for (const wheel of wheels)
    for (const entry of await entries(wheel)) {
      const to = destination(entry.name);
      if (to) chosen.push({ wheel, entry, to: join(target, to) });
    }
  const total = chosen.reduce((sum, { entry }) => sum + entry.size, 0);
  let done = 0;
  for (const { wheel, entry, to } of chosen)
    await extract(wheel, entry, to, (bytes) => {
      done += bytes;
      step.progress(done, total, "unpacking");
    }).catch(async (error) => {
      // A damaged wheel must not lie in wait for the next set-up.
      if (existsSync(wheel)) await rm(wheel);
      throw error;
    });
}

/**
 * @param {string} name of an entry
 * @returns {string | undefined} where it goes
 * @throws where that lies outside of the folder
 */
export const destination = (name) => {
  if (name.split(/[\\/]/).includes("..") || /^[\\/]/.test(name))
    throw new Error(`an entry of the wheel would leave its folder: ${name}`);
  for (const { from, to } of parts) {
    const match = from.exec(name);
    if (match) return `${to}${match[1]}`;
  }
  return undefined;
};
