/** Runs an exported network on pictures, in a runtime that did not write it: what it answers, or nothing where the runtime is absent. */

import { execFile, fork } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { NamedTensorMap } from "@tensorflow/tfjs-node-gpu";
import * as E from "fp-ts/lib/Either.js";
import { Failed } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import { noTemporary } from "./errors.js";
import { describe, loadTensorFlow } from "./library.js";

/** What an exported network is asked. */
export interface Question extends Size {
  /** The folder or file as it was written. */
  readonly path: string;
  /** Bytes `[H, W, 3]`. */
  readonly pictures: readonly Uint8Array[];
  /** Results by name, and whether they are whole numbers. */
  readonly results: readonly { readonly name: string; readonly isWhole: boolean }[];
}

export type Answer = Readonly<Record<string, Float32Array | Int32Array>>;

export interface Told {
  /** With its version. */
  readonly runtime: string;
  /** One a picture. */
  readonly answers: readonly Answer[];
  /** Of the last picture: the first call of a network is slow and says nothing. */
  readonly milliseconds: number;
}

/** Where it cannot run here, why not. @throws Failed or Error where it runs and the network fails. */
export type Runtime = (question: Question) => Promise<E.Either<string, Told>>;

/** A SavedModel, in TensorFlow's own loader. */
export const inTensorFlow: Runtime = async ({ path, pictures, height, width, results }) => {
  const tf = await loadTensorFlow();
  const model = await tf.node.loadSavedModel(join(path, "1"), ["serve"], "serving_default");
  const answers: Answer[] = [];
  let milliseconds = 0;
  try {
    for (const picture of pictures) {
      const images = tf.tensor4d(picture, [1, height, width, 3], "int32");
      const start = performance.now();
      const given = model.predict({ images }) as NamedTensorMap;
      const answer = results.map(({ name }) => [name, given[name]?.dataSync()] as const);
      milliseconds = performance.now() - start;
      // Sound: the signature gives floats and whole numbers.
      answers.push(Object.fromEntries(answer) as Answer);
      tf.dispose([images, given]);
    }
  } finally {
    model.dispose();
  }
  return E.right({ runtime: `TensorFlow ${describe(tf).version}`, answers, milliseconds });
};

/** What the program of a process of its own says: what it found, or why it cannot. */
export type Said =
  | ({ readonly kind: "told" } & Told)
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * A GraphModel, in TensorFlow.js on WebAssembly: in a process of its own, because kernels register for the whole
 * process and would meet those of tfjs-node.
 */
export const inWasm: Runtime = async (question) => {
  const said = await new Promise<Said>((resolve, reject) => {
    const child = fork(program(), [], { serialization: "advanced", execArgv: [], silent: true });
    child.once("message", (message) => {
      resolve(message as Said);
      child.disconnect();
    });
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      resolve({ kind: "failed", reason: `its process ended (${signal ?? code})` }),
    );
    child.send(question);
  });
  if (said.kind === "failed") throw new Error(said.reason);
  return said.kind === "absent" ? E.left(said.reason) : E.right(said);
};

/** It runs from dist/, also where this file is read from src/ (the tests). */
const program = (): string => {
  const path = fileURLToPath(new URL("./wasm/program.js", import.meta.url));
  return path.replace(/([\\/])src([\\/]runtime[\\/]wasm[\\/]program\.js)$/, "$1dist$2");
};

const python = `
import json, sys, time
try:
    import numpy, onnxruntime
except ImportError as error:
    print(json.dumps({"absent": str(error)}))
    sys.exit()
path, folder = sys.argv[1:]
asked = json.load(open(folder + "/asked.json"))
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
seconds = 0
for i in range(asked["count"]):
    pixels = numpy.fromfile(f"{folder}/{i}.bin", "uint8").reshape(1, asked["height"], asked["width"], 3)
    start = time.perf_counter()
    given = session.run(asked["names"], {"images": pixels})
    seconds = time.perf_counter() - start
    for name, values in zip(asked["names"], given):
        values.tofile(f"{folder}/{i}.{name}.bin")
print(json.dumps({"runtime": "onnxruntime " + onnxruntime.__version__, "milliseconds": 1000 * seconds}))
`;

/** An ONNX file, in Python's onnxruntime. */
export const inOnnxRuntime: Runtime = async ({ path, pictures, height, width, results }) => {
  const folder = await mkdtemp(join(tmpdir(), "pspc-")).catch((error: unknown) => {
    throw new Failed(noTemporary(tmpdir(), error));
  });
  const file = (name: string): string => join(folder, name);
  try {
    const names = results.map(({ name }) => name);
    const asked = { count: pictures.length, height, width, names };
    await writeFile(file("asked.json"), JSON.stringify(asked));
    for (const [i, picture] of pictures.entries()) await writeFile(file(`${i}.bin`), picture);
    const said = await runPython([path, folder]);
    if (E.isLeft(said)) return said;
    const { runtime, milliseconds } = said.right;
    const read = async (i: number): Promise<Answer> => {
      const all = results.map(async ({ name, isWhole }) => {
        const { buffer, byteOffset, length } = await readFile(file(`${i}.${name}.bin`));
        const bytes = buffer.slice(byteOffset, byteOffset + length);
        return [name, isWhole ? new Int32Array(bytes) : new Float32Array(bytes)] as const;
      });
      return Object.fromEntries(await Promise.all(all));
    };
    const answers = await Promise.all(pictures.map((_, i) => read(i)));
    return E.right({ runtime, answers, milliseconds });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const runPython = async (
  words: readonly string[],
): Promise<E.Either<string, Pick<Told, "runtime" | "milliseconds">>> => {
  try {
    const { stdout } = await promisify(execFile)("python3", ["-c", python, ...words]);
    const said = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    return "absent" in said ? E.left(`Python says: ${said.absent}`) : E.right(said);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return E.left("there is no python3");
    throw new Error(lastLine(error));
  }
};

/** Of Python's error, which stands at the end of what it printed. */
const lastLine = (error: unknown): string =>
  (error instanceof Error && "stderr" in error ? `${error.stderr}` : String(error))
    .trim()
    .split("\n")
    .at(-1) ?? "";
