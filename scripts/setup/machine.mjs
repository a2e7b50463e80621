// @ts-check
/** This machine → what it lacks, every missing thing at once with what to do; and whether it has an NVIDIA GPU. */

import { existsSync } from "node:fs";
import process from "node:process";
import { run, which } from "./command.mjs";
import { Stop } from "./stop.mjs";

/** The oldest Nodes that run pspc: in their lines, and in all later ones. */
const oldest = [
  [20, 19],
  [22, 12],
];

/** @returns {boolean} as `engines` in package.json has it */
const isSupported = () => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return oldest.some(([line = 0, least = 0]) => major === line && minor >= least) || major > 22;
};

/** Fails where no set-up can help: a Node too old, or a system for which nobody makes a libtensorflow. */
export function requireSystem() {
  if (!isSupported())
    throw new Stop(`Node ${process.versions.node} is too old`, {
      help: "install Node 20.19 or newer, or 22.12 or newer; `node --version` must say so",
    });
  if (process.platform !== "linux")
    throw new Stop(`${process.platform} is not supported: pspc runs TensorFlow on Linux only`, {
      help: "use Linux on x64, a container, or WSL 2 on Windows",
    });
  if (!glibc())
    throw new Stop("this Linux has no glibc (Alpine?): there is no TensorFlow for it", {
      help: "use a distribution with glibc, such as Debian, Ubuntu or Fedora",
    });
}

/** @returns {string | undefined} its version */
const glibc = () => {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    /** @type {unknown} */ (process.report.getReport())
  );
  return report.header.glibcVersionRuntime;
};

/**
 * @typedef {object} Tools
 * @property {string} [python]
 * @property {string} [compiler] a C++ compiler
 * @property {string} [compilerVersion] the first line of what it says of itself
 */

/**
 * What the machine has of the tools that download and compile.
 * @returns {Promise<Tools & { missing: string[] }>}
 */
export async function findTools() {
  const python = which(process.env.PYTHON || "python3");
  const pip = python && (await run(python, ["-m", "pip", "--version"])).code === 0;
  const compiler = [process.env.CXX, "c++", "g++", "clang++"].find((name) => name && which(name));
  const version = compiler ? await run(compiler, ["--version"]) : { code: 1, output: "" };
  const missing = [
    ...(python
      ? []
      : [
          "python3: it fetches TensorFlow and node-gyp runs on it → apt install python3 python3-pip",
        ]),
    ...(python && !pip
      ? [`pip for ${python}: it fetches TensorFlow → apt install python3-pip`]
      : []),
    ...(version.code === 0 ? [] : ["a C++ compiler: it compiles the addon → apt install g++"]),
    ...(which("make") ? [] : ["make: node-gyp runs on it → apt install make"]),
  ];
  return {
    ...(python ? { python } : {}),
    ...(compiler ? { compiler, compilerVersion: version.output.split("\n", 1)[0] ?? "" } : {}),
    missing,
  };
}

/** @param {readonly string[]} missing */
export function requireTools(missing) {
  if (missing.length === 0) return;
  throw new Stop(
    `this machine lacks ${missing.length === 1 ? "a tool" : `${missing.length} tools`}`,
    {
      reason: missing.join("\n"),
      help: "install what is named (the commands are Debian's and Ubuntu's), then run the same command again",
    },
  );
}

/** @returns {Promise<boolean>} whether an NVIDIA GPU is here */
export const hasNvidiaGpu = async () =>
  existsSync("/dev/nvidia0") || (await run("nvidia-smi", ["-L"])).code === 0;
