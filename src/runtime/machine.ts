/** This machine as far as it decides how a graph is computed; TensorFlow is not loaded to tell. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { Failed } from "../diagnostic/failure.js";
import type { Machine } from "../tensorflow/machine.js";
import { fewerDevices } from "./errors.js";
import { expectedDevice, libraryVersion } from "./library.js";
import { hasKernels, hasLargePages } from "./tfjs.js";

export type Device = "cpu" | "gpu";
/** What is asked for; `auto` takes a GPU where TensorFlow sees one. */
export type Want = "auto" | Device;

export interface ThisMachine extends Machine {
  /**
   * The processor by its name and its instruction set, its threads and the TensorFlow that is set up; or the GPU by its
   * name: times that were measured on one say nothing of another.
   */
  readonly name: string;
}

/** oneDNN's kernels are those of x86; without it TensorFlow's refuse gradients of dilated convolutions. */
const hasOneDnn = (): boolean =>
  process.arch === "x64" && process.env.TF_ENABLE_ONEDNN_OPTS !== "0";

export const thisMachine = (want: Want): ThisMachine => {
  const device = expectedDevice(want);
  const threads = process.env.TF_NUM_INTRAOP_THREADS ?? availableParallelism();
  const units = vectorUnits().join(" ") || process.arch;
  const most = process.env.ONEDNN_MAX_CPU_ISA ?? process.env.DNNL_MAX_CPU_ISA;
  const own = `${hasKernels() ? ", kernels of pspc's own" : ""}${hasLargePages() ? ", large pages" : ""}`;
  const limit = most === undefined ? "" : `, at most ${most}`;
  const model = cpus()[0]?.model.trim() ?? "processor";
  const processor = `${model}, ${units}${limit}, ${threads} threads, TensorFlow ${libraryVersion()}${own}`;
  return {
    device,
    dilatedGradients: device === "gpu" || hasOneDnn(),
    ownKernels: device === "cpu" && hasKernels(),
    dilatedGradientsInBf16: device === "gpu" || (hasOneDnn() && vectorUnits().includes("avx512f")),
    name: device === "gpu" ? gpuNames() : `${processor}${hasOneDnn() ? "" : ", without oneDNN"}`,
  };
};

const DRIVEN = "/proc/driver/nvidia/gpus";

/** As the driver lists them. */
const gpuNames = (): string => {
  if (!existsSync(DRIVEN)) return "GPU";
  const names = readdirSync(DRIVEN).map((gpu) => {
    const text = readFileSync(join(DRIVEN, gpu, "information"), "utf8");
    return /^Model:\s*(.+)$/m.exec(text)?.[1] ?? "GPU";
  });
  return names.join(", ") || "GPU";
};

/** How many GPUs this process may use, as far as can be told before TensorFlow is loaded. */
export const gpuCount = (): number => {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  const listed = visible?.split(",").filter((gpu) => gpu !== "" && gpu !== "-1");
  return listed?.length ?? (existsSync(DRIVEN) ? readdirSync(DRIVEN).length : 0);
};

/** On how many devices to train: `all` are the GPUs that are seen, or else the processor. @throws Failed where there are fewer. */
export const deviceCount = (asked: number | "all", want: Want): number => {
  const gpus = expectedDevice(want) === "gpu" ? gpuCount() : null;
  if (asked === "all") return Math.max(1, gpus ?? 1);
  if (gpus !== null && asked > Math.max(1, gpus)) throw new Failed(fewerDevices(asked, gpus));
  return asked;
};

const known = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"] as const;

/** The vector and matrix units that TensorFlow's kernels use here; none where the system does not tell. */
export const vectorUnits = (): readonly string[] => {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo())?.[1]?.trim().split(" "));
  return known.filter((unit) => flags.has(unit));
};

const cpuinfo = (): string => {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
};

export const hasBf16Units = (units: readonly string[]): boolean =>
  units.some((unit) => unit.endsWith("_bf16"));

/** Whether bf16 is computed in hardware, as far as can be told at once: a GPU is taken at its driver's word. */
export const computesBf16 = (): boolean =>
  existsSync("/proc/driver/nvidia/version") || hasBf16Units(vectorUnits());
