/** Runs an exported network on pictures, in a runtime that did not write it: what it answers, or nothing where the runtime is absent. */

import { execFile, fork } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NamedTensorMap } from "@tensorflow/tfjs-node-gpu";
import * as E from "fp-ts/lib/Either.js";
import { Failed } from "../diagnostic/failure.js";
import { compiled } from "../file/places.js";
import type { Size } from "../language/geometry.js";
import { noTemporary } from "./errors.js";
import { describe, loadTensorFlow } from "./library.js";

/** Pictures of one size that are asked together. */
export interface Call extends Size {
  /** Bytes `[count, H, W, 3]`. */
  readonly pixels: Uint8Array;
  readonly count: number;
}

/** What an exported network is asked. */
export interface Question {
  /** The folder or file as it was written. */
  readonly path: string;
  readonly calls: readonly Call[];
  /** Results by name, and whether they are whole numbers. */
  readonly results: readonly { readonly name: string; readonly isWhole: boolean }[];
}

export type Answer = Readonly<Record<string, Float32Array | Int32Array>>;

export interface Told {
  /** With its version. */
  readonly runtime: string;
  /** One a call, as are their times. The first call of a network is slow. */
  readonly answers: readonly Answer[];
  readonly milliseconds: readonly number[];
}

/** Where it cannot run here, why not. @throws Failed or Error where it runs and the network fails. */
export type Runtime = (question: Question) => Promise<E.Either<string, Told>>;

/** A SavedModel, in TensorFlow's own loader. */
export const inTensorFlow: Runtime = async ({ path, calls, results }) => {
  const tf = await loadTensorFlow();
  const model = await tf.node.loadSavedModel(join(path, "1"), ["serve"], "serving_default");
  const answers: Answer[] = [];
  const milliseconds: number[] = [];
  try {
    for (const { pixels, count, height, width } of calls) {
      const images = tf.tensor4d(pixels, [count, height, width, 3], "int32");
      const start = performance.now();
      const given = model.predict({ images }) as NamedTensorMap;
      const answer = results.map(({ name }) => [name, given[name]?.dataSync()] as const);
      milliseconds.push(performance.now() - start);
      // Sound: the signature gives floats and whole numbers.
      answers.push(Object.fromEntries(answer) as Answer);
      tf.dispose([images, given]);
    }
  } finally {
    model.dispose();
  }
  return E.right({ runtime: `TensorFlow ${describe(tf).version}`, answers, milliseconds });
};

/** Runtimes that have a process of their own: what they register is for a whole process, and would meet tfjs-node's. */
export type EngineName = "wasm" | "onnx";

/** What the program of such a process says: what it found, or why it cannot. */
export type Said =
  | ({ readonly kind: "told" } & Told)
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

/** A process that keeps the network which it was asked last. Questions come one after the other. */
export interface Kept {
  readonly ask: Runtime;
  readonly close: () => void;
}

/** `wasm` runs GraphModels in TensorFlow.js on WebAssembly, `onnx` ONNX files in onnxruntime-node. */
export const openApart = (engine: EngineName): Kept => {
  // Ctrl-C reaches every process of a terminal's group: it is this one that stops the other.
  const child = fork(compiled("runtime/apart/program.js"), [], {
    serialization: "advanced",
    execArgv: [],
    // What nobody reads would fill its pipe.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    detached: true,
  });
  // It ends with the channel, which ends with this process. Only while it is asked is it waited for: the channel alone
  // keeps no process alive, and this one would end without a word.
  child.unref();
  let gone: Said | null = null;
  const over = (reason: string): void => {
    gone ??= { kind: "failed", reason };
    child.emit("over", gone);
  };
  child.once("error", ({ message }) => over(message));
  child.once("exit", (code, signal) => over(`its process ended (${signal ?? code})`));
  const said = (question: Question): Promise<Said> =>
    new Promise((resolve) => {
      const settle = (answer: Said): void => {
        child.off("message", settle).off("over", settle).unref();
        resolve(answer);
      };
      child.once("message", settle).once("over", settle).ref();
      if (gone === null) child.send({ engine, question });
      else settle(gone);
    });
  return {
    ask: async (question) => {
      const answer = await said(question);
      if (answer.kind === "failed") throw new Error(answer.reason);
      return answer.kind === "absent" ? E.left(answer.reason) : E.right(answer);
    },
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
};

const once =
  (engine: EngineName): Runtime =>
  async (question) => {
    const kept = openApart(engine);
    try {
      return await kept.ask(question);
    } finally {
      kept.close();
    }
  };

/** A GraphModel. */
export const inWasm: Runtime = once("wasm");

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
milliseconds = []
for i, shape in enumerate(asked["shapes"]):
    pixels = numpy.fromfile(f"{folder}/{i}.bin", "uint8").reshape(shape)
    start = time.perf_counter()
    given = session.run(asked["names"], {"images": pixels})
    milliseconds.append(1000 * (time.perf_counter() - start))
    for name, values in zip(asked["names"], given):
        values.tofile(f"{folder}/{i}.{name}.bin")
print(json.dumps({"runtime": "onnxruntime " + onnxruntime.__version__, "milliseconds": milliseconds}))
`;

/** An ONNX file: in onnxruntime-node where it is installed, else in Python's onnxruntime. */
export const inOnnxRuntime: Runtime = async (question) => {
  const node = await once("onnx")(question);
  if (E.isRight(node)) return node;
  const other = await inPython(question);
  return E.isRight(other) ? other : E.left(`${node.left}; ${other.left}`);
};

const inPython: Runtime = async ({ path, calls, results }) => {
  const folder = await mkdtemp(join(tmpdir(), "pspc-")).catch((error: unknown) => {
    throw new Failed(noTemporary(tmpdir(), error));
  });
  const file = (name: string): string => join(folder, name);
  try {
    const names = results.map(({ name }) => name);
    const shapes = calls.map(({ count, height, width }) => [count, height, width, 3]);
    await writeFile(file("asked.json"), JSON.stringify({ names, shapes }));
    for (const [i, { pixels }] of calls.entries()) await writeFile(file(`${i}.bin`), pixels);
    const said = await runPython([path, folder]);
    if (E.isLeft(said)) return said;
    const read = async (i: number): Promise<Answer> => {
      const all = results.map(async ({ name, isWhole }) => {
        const { buffer, byteOffset, length } = await readFile(file(`${i}.${name}.bin`));
        const bytes = buffer.slice(byteOffset, byteOffset + length);
        return [name, isWhole ? new Int32Array(bytes) : new Float32Array(bytes)] as const;
      });
      return Object.fromEntries(await Promise.all(all));
    };
    return E.right({ ...said.right, answers: await Promise.all(calls.map((_, i) => read(i))) });
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
