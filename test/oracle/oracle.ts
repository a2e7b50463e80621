/**
 * What PyTorch says: a request enters; its tensors leave, whole where PyTorch is at hand, else as the summaries that
 * it left in test/golden/oracle. PSPC_TORCH names a folder for PYTHONPATH; PSPC_ORACLE=record writes the summaries
 * anew; PSPC_ORACLE=full also runs the cases that take a minute.
 */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valueOrThrow } from "../../src/diagnostic/failure.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/weights/safetensors.js";
import type { Tensor } from "../../src/weights/tensor.js";

export interface Request {
  readonly task: "forward" | "evaluate" | "train" | "half";
  readonly experiment: Experiment;
  /** Rate of each step; one step a rate. */
  readonly rates?: readonly number[];
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Of PyTorch's floats: 32 unless written out. */
  readonly bits?: 32 | 64;
}

/** Enough of a tensor to tell it from another. */
export interface Summary {
  readonly size: number;
  readonly norm: number;
  readonly largest: number;
  /** At `places`. */
  readonly samples: readonly number[];
}

export type Answer = Readonly<Record<string, Summary | ArrayLike<number>>>;

const mode = process.env.PSPC_ORACLE ?? "";
const full = mode === "full";

export const environment = (): NodeJS.ProcessEnv => {
  const { PSPC_TORCH: folder, PYTHONPATH: others } = process.env;
  const path = [folder, others].filter((each) => each !== undefined && each !== "").join(":");
  return path === "" ? process.env : { ...process.env, PYTHONPATH: path };
};

const version = (): string | undefined => {
  try {
    const options = { env: environment(), stdio: "pipe", encoding: "utf8" } as const;
    return execFileSync(
      "python3",
      ["-c", "import torch; print(torch.__version__)"],
      options,
    ).trim();
  } catch {
    return undefined;
  }
};
export const torch = version();
/** What the tests are held against, in words. */
export const source = torch === undefined ? "its recorded summaries" : `PyTorch ${torch}`;

/** Where a tensor is sampled: small ones everywhere, others in strides that meet no size of a map or kernel. */
const places = (size: number): number[] => {
  const count = size <= 24 ? size : size > 10_000 ? 128 : 8;
  return Array.from({ length: count }, (_, i) => (size <= 24 ? i : (i * 1_000_003) % size));
};

const largestOf = (values: ArrayLike<number>): number => {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
};
const normOf = (values: ArrayLike<number>): number => {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  return Math.sqrt(squares);
};
const short = (value: number): number => Number(value.toPrecision(7));

const summarise = (values: ArrayLike<number>): Summary => ({
  size: values.length,
  norm: short(normOf(values)),
  largest: short(largestOf(values)),
  samples: places(values.length).map((i) => short(values[i]!)),
});

const isSummary = (of: Summary | ArrayLike<number>): of is Summary => "samples" in of;

/** The numbers themselves of a tensor so small that its summary holds them all. */
export const numbersOf = (of: Answer[string]): readonly number[] =>
  Array.from(isSummary(of) ? of.samples : of);

export interface Difference {
  /** ‖got − wanted‖ / ‖wanted‖ */
  readonly relative: number;
  /** max |got − wanted| / max |wanted| */
  readonly largest: number;
}

/** Differences from PyTorch. Of a summary's tensor only samples, norm and largest number can be compared. */
export const compare = (got: ArrayLike<number>, wanted: Answer[string]): Difference => {
  const summary = isSummary(wanted) ? wanted : undefined;
  const reference = isSummary(wanted) ? wanted.samples : wanted;
  const size = summary?.size ?? reference.length;
  if (got.length !== size) return { relative: Number.NaN, largest: Number.NaN };
  const at = summary === undefined ? undefined : places(size);
  if (at !== undefined && at.length !== reference.length) {
    throw new Error("the summaries were recorded with other samples: PSPC_ORACLE=record");
  }
  const off = Array.from(reference, (value, i) => got[at?.[i] ?? i]! - value);
  const norm = summary?.norm ?? normOf(reference);
  const share = norm * Math.sqrt(off.length / size);
  const ofNorms = summary === undefined ? 0 : Math.abs(normOf(got) - norm) / norm;
  return {
    relative: Math.max(ofNorms, normOf(off) / Math.max(share, normOf(reference))),
    largest: largestOf(off) / (summary?.largest ?? largestOf(reference)),
  };
};

const start = () => {
  const script = join(import.meta.dirname, "oracle.py");
  const python = spawn("python3", [script], {
    env: environment(),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(python, "exit").then(() => {
    throw new Error("PyTorch ended without an answer");
  });
  ended.catch(() => {});
  return async (...files: readonly string[]): Promise<void> => {
    python.stdin.write(`${JSON.stringify(files)}\n`);
    await Promise.race([once(python.stdout, "data"), ended]);
  };
};

/** One PyTorch for a file of tests; it ends with the process that asks. One request at a time. */
let answering: ReturnType<typeof start> | undefined;

const run = async ({
  task,
  experiment,
  rates = [],
  tensors,
  bits = 32,
}: Request): Promise<Map<string, Tensor>> => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-oracle-"));
  try {
    const file = (name: string): string => join(folder, name);
    const [request, weights, result] = [file("request.json"), file("in"), file("out")];
    writeFileSync(request, JSON.stringify({ ...experiment, task, rates, bits }));
    writeFileSync(weights, encodeSafetensors(tensors));
    answering ??= start();
    await answering(request, weights, result);
    return new Map(valueOrThrow(decodeSafetensors(readFileSync(result), result)).tensors);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const golden = (name: string): string => join("test/golden/oracle", `${name}.json`);

/** One tensor a line, so that a change shows where it is. */
const print = (answer: Answer): string =>
  `{\n${Object.entries(answer)
    .map(([name, summary]) => `${JSON.stringify(name)}: ${JSON.stringify(summary)}`)
    .join(",\n")}\n}\n`;

export const hasGolden = (name: string): boolean => existsSync(golden(name));

/** Cases that can be asked about here and now: the slow ones where PyTorch is at hand and all are wanted. */
export const askable = <A extends { readonly name: string; readonly slow?: true }>(
  all: readonly A[],
): readonly A[] =>
  all.filter(({ name, slow }) =>
    slow ? full && torch !== undefined : torch !== undefined || hasGolden(name),
  );

export const ask = async (name: string, request: Request): Promise<Answer> => {
  if (torch === undefined) return JSON.parse(readFileSync(golden(name), "utf8")) as Answer;
  const answer = Object.fromEntries(
    [...(await run(request))].map(([key, { data }]) => [key, data]),
  );
  if (mode === "record") {
    const summaries = Object.entries(answer).map(([key, data]) => [key, summarise(data)]);
    mkdirSync("test/golden/oracle", { recursive: true });
    writeFileSync(golden(name), print(Object.fromEntries(summaries)));
  }
  return answer;
};
