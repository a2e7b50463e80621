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
  /** Tensors that tfjs holds: constant between calls. */
  readonly tensors: () => number;
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

/**
 * Loads `model`: no variable has a value until `write`.
 * @throws Failed where TensorFlow cannot be loaded or the device that was asked for is absent.
 */
export const openSession = async (model: SavedModel, device: Want): Promise<Session> => {
  const tf = await loadTensorFlow(device);
  const refused = (error: unknown): never => {
    throw new Failed(noTemporary(tmpdir(), error));
  };
  const folder = await mkdtemp(join(tmpdir(), "pspc-")).catch(refused);
  try {
    await writeFile(join(folder, "saved_model.pb"), encode(model)).catch(refused);
    const names = Object.keys(model.signatures).filter((name) => !name.startsWith("__"));
    const loaded = new Map<string, Awaited<ReturnType<typeof tf.node.loadSavedModel>>>();
    for (const name of names)
      loaded.set(name, await tf.node.loadSavedModel(folder, ["serve"], name));

    const signatureOf = (name: string): Signature => {
      const signature = model.signatures[name];
      invariant(signature !== undefined && loaded.has(name), `there is no signature ${name}`);
      return signature;
    };
    const call: Session["run"] = (name, inputs) => {
      const { inputs: expected } = signatureOf(name);
      const given: NamedTensorMap = {};
      for (const [key, info] of Object.entries(expected)) {
        const input = inputs[key];
        invariant(input !== undefined, `${name} wants ${key}`);
        const values = valuesFor(info, input);
        invariant(
          values.length === product(info.shape ?? []),
          `${key} has ${values.length} numbers, not [${info.shape}]`,
        );
        given[key] = tf.tensor(
          values,
          [...(info.shape ?? [])],
          info.dtype === "f32" ? "float32" : "int32",
        );
      }
      const results = loaded.get(name)!.predict(given) as NamedTensorMap;
      tf.dispose(given);
      return Object.fromEntries(
        Object.entries(results).map(([key, tensor]) => [key, take(tensor)]),
      );
    };
    const run = settling(model, call);
    return {
      run,
      write: (state) => {
        run("write", Object.fromEntries([...state].map(([name, { data }]) => [name, data])));
      },
      read: () => new Map(Object.entries(run("read", {}))),
      tensors: () => tf.memory().numTensors,
      dispose: () => {
        for (const each of loaded.values()) each.dispose();
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Settles before a question what the weights decide, once for all questions until they move. */
const settling = (
  { settling: of, signatures }: SavedModel,
  call: Session["run"],
): Session["run"] => {
  if (of === undefined) return call;
  const forget = (): void => {
    if ("forget" in signatures) call("forget", {});
  };
  let isSettled = false;
  return (name, inputs) => {
    if (of.asking.has(name) && !isSettled) {
      call("settle", {});
      if (of.forgetsWeights) forget();
      isSettled = true;
    }
    if (of.moving.has(name) && isSettled) {
      if (!of.forgetsWeights) forget();
      isSettled = false;
    }
    return call(name, inputs);
  };
};

const take = (tensor: Tensor): NumberArray => {
  const data = tensor.dataSync() as NumberArray["data"];
  const shape = [...tensor.shape];
  tensor.dispose();
  return { shape, data };
};
