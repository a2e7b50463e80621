/** A session: loads a SavedModel and runs its signatures; the variables live on the device. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NamedTensorMap, Tensor } from "@tensorflow/tfjs-node-gpu";
import { Failed } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import { product } from "../graph/type.js";
import { encode, type SavedModel, type Signature, type TensorInfo } from "../tensorflow/proto.js";
import { noTemporary } from "./errors.js";
import { loadTensorFlow } from "./library.js";
import type { Want } from "./machine.js";
import { collectGarbage } from "./memory.js";
import { giveBackPages } from "./tfjs.js";

/** Numbers with a shape, row by row. Bytes are `Uint8Array`. */
export interface NumberArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Values of variables, by name. */
export type State = ReadonlyMap<string, NumberArray>;

export interface Session {
  /** Calls one signature. Bytes may be given as they are; results are copied out and their tensors freed. */
  readonly run: (
    signature: string,
    inputs: Readonly<Record<string, NumberArray["data"] | Uint16Array | number>>,
  ) => Record<string, NumberArray>;
  /** Sets every variable. */
  readonly write: (state: State) => void;
  /** Every variable as it stands. */
  readonly read: () => Map<string, NumberArray>;
  /** Variables as they stand, in the order of their names here: one after the other in JavaScript's memory. */
  readonly each: (names: readonly string[], use: Use) => Promise<void>;
  /** Tensors that tfjs holds: constant between calls. */
  readonly tensors: () => number;
  readonly dispose: () => void;
}

/** What is done with a value, which is nobody's afterwards. */
export type Use = (name: string, value: NumberArray) => Promise<void>;

type Answer<A> = A | Promise<A>;

/** What a training asks of its session, which over several devices answers later. */
export interface TrainingSession {
  readonly run: (...asked: Parameters<Session["run"]>) => Answer<ReturnType<Session["run"]>>;
  readonly write: (state: State) => Answer<void>;
  readonly read: () => Answer<Map<string, NumberArray>>;
  readonly each: Session["each"];
  /** How many devices can be asked at one time (`ofReplica`); one unless said. */
  readonly devices?: number;
  readonly dispose: () => void;
}

/** A byte input as the 32-bit words in which it crosses the border; padded at the end where it must be. */
const words = (bytes: Uint8Array): Int32Array => {
  if (bytes.byteLength % 4 === 0 && bytes.byteOffset % 4 === 0) {
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  }
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
  padded.set(bytes);
  return new Int32Array(padded.buffer);
};

const valuesFor = (
  { dtype }: TensorInfo,
  given: NumberArray["data"] | Uint16Array | number,
): Float32Array | Int32Array => {
  if (typeof given === "number")
    return dtype === "f32" ? Float32Array.of(given) : Int32Array.of(given);
  if (given instanceof Uint16Array) return Int32Array.from(given);
  return given instanceof Uint8Array ? words(given) : given;
};

/** What a signature is fed, by its keys and as its tensors want it. */
export const fedTo = (
  name: string,
  { inputs: expected }: Signature,
  inputs: Parameters<Session["run"]>[1],
): readonly (readonly [string, TensorInfo, Float32Array | Int32Array])[] =>
  Object.entries(expected).map(([key, info]) => {
    const input = inputs[key];
    invariant(input !== undefined, `${name} wants ${key}`);
    const values = valuesFor(info, input);
    const wanted = product(info.shape ?? []);
    invariant(values.length === wanted, `${key} has ${values.length} numbers, not [${info.shape}]`);
    return [key, info, values];
  });

/** Lends a model to `open` as a folder. @throws Failed where the disk refuses it. */
export const inFolder = async <A>(
  model: SavedModel,
  open: (folder: string) => A | Promise<A>,
): Promise<A> => {
  const refused = (error: unknown): never => {
    throw new Failed(noTemporary(tmpdir(), error));
  };
  const folder = await mkdtemp(join(tmpdir(), "pspc-")).catch(refused);
  try {
    await writeFile(join(folder, "saved_model.pb"), encode(model)).catch(refused);
    return await open(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Settles before a question what the weights decide, once for all questions until they move: what to call first. */
export const settling = ({ settling: of, signatures }: SavedModel) => {
  const forget = "forget" in signatures ? ["forget"] : [];
  let isSettled = false;
  return (name: string): readonly string[] => {
    if (of === undefined) return [];
    if (of.asking.has(name) && !isSettled) {
      isSettled = true;
      return ["settle", ...(of.forgetsWeights ? forget : [])];
    }
    if (!of.moving.has(name) || !isSettled) return [];
    isSettled = false;
    return of.forgetsWeights ? [] : forget;
  };
};

/**
 * Loads `model`: no variable has a value until `write`.
 * @throws Failed where TensorFlow cannot be loaded or the device that was asked for is absent.
 */
export const openSession = async (model: SavedModel, device: Want): Promise<Session> => {
  const tf = await loadTensorFlow(device);
  const names = Object.keys(model.signatures).filter((name) => !name.startsWith("__"));
  const loaded = new Map<string, Awaited<ReturnType<typeof tf.node.loadSavedModel>>>();
  await inFolder(model, async (folder) => {
    for (const name of names)
      loaded.set(name, await tf.node.loadSavedModel(folder, ["serve"], name));
  });
  const before = settling(model);
  const run: Session["run"] = (name, inputs) => {
    for (const first of before(name)) call(first, {});
    return call(name, inputs);
  };
  const called = new Set<string>();
  const call: Session["run"] = (name, inputs) =>
    Object.fromEntries(
      Object.entries(answer(name, inputs)).map(([key, tensor]) => [key, take(tensor)]),
    );
  const answer = (name: string, inputs: Parameters<Session["run"]>[1]): NamedTensorMap => {
    const [signature, on] = [model.signatures[name], loaded.get(name)];
    invariant(signature !== undefined && on !== undefined, `there is no signature ${name}`);
    const given: NamedTensorMap = {};
    for (const [key, { shape, dtype }, values] of fedTo(name, signature, inputs))
      given[key] = tf.tensor(values, [...(shape ?? [])], dtype === "f32" ? "float32" : "int32");
    const results = on.predict(given) as NamedTensorMap;
    tf.dispose(given);
    // A first call optimises and prepares its graph, by code that no later call needs.
    if (!called.has(name)) giveBackPages();
    called.add(name);
    return results;
  };
  return {
    run,
    write: (state) => {
      run("write", valuesIn(state));
    },
    read: () => new Map(Object.entries(run("read", {}))),
    each: async (names, use) => {
      const tensors = answer("read", {});
      try {
        await oneByOne(names, (name) => takenFrom(tensors, name), use);
      } finally {
        tf.dispose(tensors);
      }
    },
    tensors: () => tf.memory().numTensors,
    dispose: () => {
      for (const each of loaded.values()) each.dispose();
    },
  };
};

export const valuesIn = (state: State): Record<string, NumberArray["data"]> =>
  Object.fromEntries([...state].map(([name, { data }]) => [name, data]));

/** Used values are garbage that V8, which sees small objects, would gather until there were as many bytes as the state. */
const GARBAGE = 2 ** 26;

export const oneByOne = async (
  names: readonly string[],
  take: (name: string) => NumberArray,
  use: Use,
): Promise<void> => {
  let garbage = 0;
  for (const name of names) {
    garbage += await used(name, take(name), use);
    if (garbage < GARBAGE) continue;
    collectGarbage();
    garbage = 0;
  }
  collectGarbage();
};

/** Holds the value no longer than it is used; its bytes leave. */
const used = async (name: string, value: NumberArray, use: Use): Promise<number> => {
  await use(name, value);
  return value.data.byteLength;
};

/** TensorFlow's copy stays the variable's own. */
const takenFrom = (tensors: NamedTensorMap, name: string): NumberArray => {
  const tensor = tensors[name];
  invariant(tensor !== undefined, `there is no variable ${name}`);
  delete tensors[name];
  return take(tensor);
};

const take = (tensor: Tensor): NumberArray => {
  const data = tensor.dataSync() as NumberArray["data"];
  const shape = [...tensor.shape];
  tensor.dispose();
  return { shape, data };
};
