/** Describes this machine and what of pspc runs on it: Node, TensorFlow, devices, oneDNN, bf16, and a small test step. */

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { promisify } from "node:util";
import type * as tf from "@tensorflow/tfjs-node-gpu";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { describe, loadTensorFlow } from "./library.js";
import { type Device, hasBf16Units, vectorUnits } from "./machine.js";
import { hasLargePages, type TensorFlow, tfjsVersion } from "./tfjs.js";

export interface Gpu {
  readonly name: string;
  readonly driver: string;
  /** CUDA compute capability, such as 9.0. */
  readonly capability: number;
  readonly memory_bytes: number;
  /** From compute capability 8 on. */
  readonly bf16: boolean;
}

export interface Cpu {
  readonly model: string;
  readonly cores: number;
  /** The vector and matrix units that TensorFlow's kernels use here. */
  readonly units: readonly string[];
  /** Whether bf16 is computed by the hardware (AVX512_BF16 or AMX_BF16). */
  readonly bf16: boolean;
}

export interface Toy {
  /** Whether the gradient of a dilated convolution came out right. */
  readonly right: boolean;
  /** Rate of a 1024×1024 matrix product in f32. */
  readonly gigaflops: number;
}

export interface TensorFlowReport {
  readonly version: string;
  readonly device: Device;
  /** Meaningful on the CPU: without it TensorFlow refuses gradients of dilated convolutions there. */
  readonly one_dnn: boolean;
  /** Meaningful on a GPU: whether products of f32 may keep ten bits of their factors. */
  readonly tf32: boolean;
  readonly toy: Toy;
}

export interface Report {
  readonly node: string;
  readonly npm: string | undefined;
  readonly tfjs: string;
  /** What TensorFlow itself says, or why it does not run. */
  readonly tensorflow: TensorFlowReport | Failure;
  readonly cpu: Cpu;
  /** What the NVIDIA driver lists, whether or not TensorFlow sees it. */
  readonly gpus: readonly Gpu[];
  readonly memory: {
    readonly total_bytes: number;
    readonly free_bytes: number;
    /** Whether TensorFlow's big blocks lie in large pages: set-up's library asks for them, and the system gives them. */
    readonly large_pages: "given" | "not given" | "not asked for";
  };
}

/** Loads TensorFlow on the device it takes by itself and says what works. Never fails: what is broken is in the report. */
export async function diagnose(): Promise<Report> {
  const [npm, gpus] = await Promise.all([npmVersion(), gpusOf()]);
  const cpu = cpuOf();
  return {
    node: process.versions.node,
    npm,
    tfjs: tfjsVersion() ?? "not installed",
    tensorflow: await tensorflow(),
    cpu,
    gpus,
    memory: { total_bytes: totalmem(), free_bytes: freemem(), large_pages: largePages() },
  };
}

const PAGES = "/sys/kernel/mm/transparent_hugepage/enabled";

const largePages = (): Report["memory"]["large_pages"] => {
  if (!hasLargePages()) return "not asked for";
  const isGiven = existsSync(PAGES) && !readFileSync(PAGES, "utf8").includes("[never]");
  return isGiven ? "given" : "not given";
};

async function tensorflow(): Promise<TensorFlowReport | Failure> {
  try {
    const library = await loadTensorFlow("auto");
    const gradient = dilatedGradient(library);
    return {
      ...describe(library),
      one_dnn: gradient !== undefined && process.env.TF_ENABLE_ONEDNN_OPTS !== "0",
      tf32: process.env.NVIDIA_TF32_OVERRIDE !== "0",
      toy: {
        right: gradient?.length === 9 && gradient.every((value) => value === 16),
        gigaflops: productRate(library),
      },
    };
  } catch (error) {
    if (error instanceof Failed) return error.failure;
    throw error;
  }
}

/** How the backend runs one op of TensorFlow; tfjs hides it, because its own ops are made of it. */
interface Eager {
  readonly binding: { readonly [constant: string]: number };
  executeSingleOutput(op: string, attributes: object[], inputs: tf.TensorInfo[]): tf.Tensor;
}

/**
 * The filter's gradient of a 3×3 convolution with dilation 2 over 8×8 ones: sixteen everywhere.
 * @returns undefined where TensorFlow's kernel refuses
 */
function dilatedGradient(library: TensorFlow): Float32Array | undefined {
  const backend = library.backend() as unknown as Eager;
  const { TF_ATTR_TYPE, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_BOOL, TF_FLOAT } = backend.binding;
  const attributes = [
    { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: "strides", type: TF_ATTR_INT, value: [1, 1, 1, 1] },
    { name: "dilations", type: TF_ATTR_INT, value: [1, 2, 2, 1] },
    { name: "padding", type: TF_ATTR_STRING, value: "VALID" },
    { name: "data_format", type: TF_ATTR_STRING, value: "NHWC" },
    { name: "use_cudnn_on_gpu", type: TF_ATTR_BOOL, value: true },
  ];
  try {
    return library.tidy(() => {
      const input = library.ones([1, 8, 8, 1]);
      const sizes = library.tensor1d([3, 3, 1, 1], "int32");
      const output = library.ones([1, 4, 4, 1]);
      const inputs = [input, sizes, output];
      return backend
        .executeSingleOutput("Conv2DBackpropFilter", attributes, inputs)
        .dataSync<"float32">();
    });
  } catch {
    return undefined;
  }
}

/** GFLOP/s of `[1024, 1024] · [1024, 1024]`, the best of five, so that the first one's warming up does not count. */
function productRate(library: TensorFlow): number {
  const size = 1024;
  return library.tidy(() => {
    const matrix = library.ones([size, size]);
    const seconds = Array.from({ length: 5 }, () => {
      const started = performance.now();
      library.matMul(matrix, matrix).max().dataSync();
      return (performance.now() - started) / 1000;
    });
    return (2 * size ** 3) / Math.min(...seconds) / 1e9;
  });
}

function cpuOf(): Cpu {
  const units = vectorUnits();
  return {
    model: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    units,
    bf16: hasBf16Units(units),
  };
}

async function gpusOf(): Promise<Gpu[]> {
  const query = "--query-gpu=name,driver_version,compute_cap,memory.total";
  const listed = await said("nvidia-smi", [query, "--format=csv,noheader,nounits"]);
  return (listed ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split(",").map((part) => part.trim()))
    .map(([name = "", driver = "", capability = "", mebibytes = ""]) => ({
      name,
      driver,
      capability: Number(capability),
      memory_bytes: Number(mebibytes) * 2 ** 20,
      bf16: Number(capability) >= 8,
    }));
}

const npmVersion = (): Promise<string | undefined> => said("npm", ["--version"]);

/** What a program prints, or undefined where it does not run. */
const said = (program: string, args: string[]): Promise<string | undefined> =>
  promisify(execFile)(program, args).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
