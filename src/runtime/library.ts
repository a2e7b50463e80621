/** Loads TensorFlow on the device that is asked for, once a process; the only place that opens the native addon. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { Failed } from "../diagnostic/failure.js";
import { refusedBySystem } from "../file/system.js";
import {
  alreadyLoaded,
  type GpuEvidence,
  littleAddressSpace,
  noGpu,
  notInstalled,
} from "./errors.js";
import type { Device, Want } from "./machine.js";
import { addressSpace } from "./memory.js";
import { quietly } from "./quiet.js";
import {
  giveBackPages,
  openKernels,
  requireTfjs,
  STAY,
  type TensorFlow,
  takeLargePages,
  tfjsFolder,
} from "./tfjs.js";

/** What the addon tells of itself. */
interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

let loaded: { readonly tf: TensorFlow; readonly device: Device; readonly want: Want } | undefined;

/**
 * TensorFlow on the device that is wanted; `auto` takes a GPU where TensorFlow sees one.
 * Fails where a GPU is wanted and none is seen: there is no silent way back to the CPU.
 */
export async function loadTensorFlow(want: Want = "auto"): Promise<TensorFlow> {
  loaded ??= { ...open(want), want };
  const { tf, device } = loaded;
  if (want === "gpu" && loaded.want === "cpu") throw new Failed(alreadyLoaded("gpu", "cpu"));
  if (want === "gpu" && device === "cpu") throw new Failed(noGpu(gpuEvidence()));
  if (want === "cpu" && device === "gpu") throw new Failed(alreadyLoaded("cpu", "gpu"));
  await tf.ready();
  return tf;
}

/** The version of the libtensorflow behind the addon, and the device that it runs on. */
export const describe = (library: TensorFlow): { version: string; device: Device } => {
  const { binding } = library.backend() as unknown as { readonly binding: Binding };
  return { version: binding.TF_Version, device: binding.isUsingGpuDevice() ? "gpu" : "cpu" };
};

/** With less, TensorFlow ends the process as soon as it cannot have another thread: 4.5 GiB were used at most. */
const LEAST_ADDRESS_SPACE = 5 * 2 ** 30;

function open(want: Want): { tf: TensorFlow; device: Device } {
  const space = addressSpace();
  if (space !== null && space < LEAST_ADDRESS_SPACE) throw new Failed(littleAddressSpace(space));
  // Whoever sets the level wants to hear TensorFlow.
  const loud = process.env.TF_CPP_MIN_LOG_LEVEL !== undefined;
  setDefaults();
  // Hiding the GPUs is the only way to keep the addon from taking one.
  if (want === "cpu") process.env.CUDA_VISIBLE_DEVICES = "-1";
  try {
    preloadCuda();
    const library = loud ? requireTfjs() : quietly(requireTfjs);
    openKernels();
    takeLargePages();
    giveBackPages();
    return { tf: library, device: describe(library).device };
  } catch (error) {
    const reason = error instanceof Error ? firstLine(error) : String(error);
    throw new Failed(refusedBySystem(error) ?? notInstalled(reason));
  }
}

/** TensorFlow reads its environment when it loads; what the user has set stays. */
function setDefaults(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // Without oneDNN TensorFlow's CPU kernels refuse gradients of dilated convolutions; it is off by default on
  // processors without AVX-512.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  // f32 is f32: by itself TensorFlow gives the tensor cores of a GPU factors of ten bits (TF32).
  process.env.NVIDIA_TF32_OVERRIDE ??= "0";
}

/**
 * Opens the CUDA libraries that set-up laid beside libtensorflow, so that TensorFlow's own `dlopen` finds
 * them by name: LD_LIBRARY_PATH would count only when the process starts. cuDNN opens its own parts itself.
 */
function preloadCuda(): void {
  const nvidia = inDeps("nvidia");
  if (process.env.CUDA_VISIBLE_DEVICES === "-1" || nvidia === undefined) return;
  const files = readdirSync(nvidia, { recursive: true, encoding: "utf8" })
    .filter((file) => /\/lib\/lib[^/_]+\.so\.\d+$/.test(file))
    .map((file) => join(nvidia, file));
  // They need each other in an order that only the loader knows: two rounds reach them all.
  for (const file of [...files, ...files]) preload(file);
}

export function preload(file: string): void {
  const flags = constants.dlopen.RTLD_LAZY | constants.dlopen.RTLD_GLOBAL | STAY;
  try {
    process.dlopen({ exports: {} }, file, flags);
  } catch {
    // Always thrown: it is no addon. Whether it could be opened shows when TensorFlow asks for it.
  }
}

/** What lies beside libtensorflow: in set-up's link into the cache, or where the package's own installer put it. */
const inDeps = (name: string): string | undefined => {
  const folder = tfjsFolder();
  const path = folder && join(folder, "deps", name);
  return path !== undefined && existsSync(path) ? path : undefined;
};

/** What set-up wrote beside the library that it chose. */
const chosenBySetUp = (): { readonly flavour: string; readonly version?: string } | undefined => {
  const file = inDeps("pspc.json");
  return file === undefined ? undefined : JSON.parse(readFileSync(file, "utf8"));
};

const madeForCuda = (): boolean | undefined => {
  const chosen = chosenBySetUp();
  return chosen && chosen.flavour === "cuda";
};

/** Of the libtensorflow that set-up chose; it is not loaded to tell. */
export const libraryVersion = (): string => chosenBySetUp()?.version ?? "of its own";

const gpuEvidence = (): GpuEvidence => {
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  return {
    hidden: visible === "" || visible === "-1" ? visible : undefined,
    driver: nvidiaDriver(),
    cuda: madeForCuda(),
  };
};

/** The device that will be taken, as far as can be told before TensorFlow is loaded. */
export const expectedDevice = (want: Want): Device => {
  if (loaded !== undefined) return loaded.device;
  const { hidden, driver, cuda } = gpuEvidence();
  const seen = hidden === undefined && driver !== undefined && cuda !== false;
  return want === "gpu" || (want === "auto" && seen) ? "gpu" : "cpu";
};

/** The version of the NVIDIA driver, or undefined where there is none. */
export const nvidiaDriver = (): string | undefined => {
  const file = "/proc/driver/nvidia/version";
  return existsSync(file) ? /(\d+\.\d+(\.\d+)?)/.exec(readFileSync(file, "utf8"))?.[1] : undefined;
};

const firstLine = (error: Error): string => error.message.split("\n", 1)[0] ?? "";
