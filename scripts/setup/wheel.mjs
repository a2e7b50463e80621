// @ts-check
/** A flavour of TensorFlow → its wheels, fetched by pip into the cache; wheels → the parts of them that pspc needs. */

import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { cacheFolder, temporary } from "./cache.mjs";
import { run, tail, which } from "./command.mjs";
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
  if (flavour === "cpu") return main;
  const needs = await cudaNeeds(main[0] ?? "");
  const nvidia = await fetchWheels("nvidia_", needs, step);
  return nvidia && [...main, ...nvidia];
}

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

/** @param {string} name of an entry @returns {string | undefined} where it goes */
const destination = (name) => {
  for (const { from, to } of parts) {
    const match = from.exec(name);
    if (match) return `${to}${match[1]}`;
  }
  return undefined;
};
