/** An HDF5 file, as Keras writes its weights, enters; a file of weights leaves. The only room that knows h5wasm. */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import h5wasm, { type Dataset, type Entity, type File, type Group } from "h5wasm/node";
import { Failed } from "../diagnostic/failure.js";
import { product } from "../graph/type.js";
import { brokenReader, damagedHdf5, unknownType } from "./errors.js";
import type { WeightsFile } from "./file.js";
import { type DType, numbersOf, type Outline } from "./tensor.js";

/** Beyond these a file holds no network; a group may contain itself. */
const DEEPEST = 16;
const MOST = 100_000;

/** A file has made the library leave its own memory in disorder: what it would say of the next one is worth nothing. */
let isBroken = false;

interface Stored extends Outline {
  readonly dataset: Dataset;
}

/** @throws Failed where the file is damaged, or packs its numbers. */
export const openHdf5 = async (file: string): Promise<WeightsFile> => {
  if (isBroken) throw new Failed(brokenReader(file));
  const library = await h5wasm.ready;
  const told = <A>(act: () => A): A => {
    try {
      return act();
    } catch (error) {
      if (error instanceof Failed) throw error;
      // What WebAssembly calls a trap.
      if (error instanceof Error && error.name === "RuntimeError") isBroken = true;
      throw new Failed(damagedHdf5(file, reasonOf(error)));
    }
  };
  told(() => library.activate_throwing_error_handler());
  const opened = told(() => new h5wasm.File(resolve(file), "r"));
  const close = (): void => void told(() => opened.close());
  try {
    const tensors = told(() => tensorsIn(opened, file));
    return {
      file,
      format: "HDF5",
      tensors,
      metadata: {},
      read: (name) => told(() => read(tensors.get(name)!, file, name)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
};

/** The library's own account ends in a stack of its calls. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]!.trim();

const read = ({ dataset, dtype, shape }: Stored, file: string, name: string) => {
  const { buffer, byteOffset, byteLength } = dataset.value as Float32Array<ArrayBuffer>;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return { shape, data: numbersOf(dtype, bytes, file, name) };
};

const tensorsIn = (opened: File, file: string): ReadonlyMap<string, Stored> => {
  const found = new Map<string, Stored>();
  const { size } = statSync(file);
  let seen = 0;
  const visit = (group: Group, path: readonly string[]): void => {
    if (path.length > DEEPEST) throw new Failed(damagedHdf5(file, "its groups do not end"));
    for (const key of group.keys()) {
      if (++seen > MOST) throw new Failed(damagedHdf5(file, "its groups do not end"));
      const entity: Entity | null = group.get(key);
      const inside = [...path, key];
      if (entity instanceof h5wasm.Group) visit(entity, inside);
      else if (entity instanceof h5wasm.Dataset) {
        const name = nameOf(inside);
        const stored = { dataset: entity, ...outlineOf(entity, file, name, size) };
        if (found.has(name)) throw new Failed(damagedHdf5(file, `it holds ${name} twice`));
        found.set(name, stored);
      }
    }
  };
  visit(opened, []);
  return found;
};

/** `model_weights/conv1/conv1/kernel:0` is `conv1.kernel`: Keras says things twice, and numbers what is one. */
const nameOf = (path: readonly string[]): string =>
  path
    .map((step) => step.replace(/:0$/, ""))
    .filter((step, i, all) => step !== all[i - 1] && !(i === 0 && step === "model_weights"))
    .join(".");

/** HDF5's classes 0 and 1: whole numbers and floats. */
const types: Readonly<Record<string, DType>> = {
  "1.8": "F64",
  "1.4": "F32",
  "0.8": "I64",
  "0.4": "I32",
  "0.2": "I16",
  "0.1": "I8",
};

/** Only numbers that lie as they are: what is packed may be far more than the file. */
const outlineOf = (dataset: Dataset, file: string, name: string, size: number): Outline => {
  const { type, size: bytes, shape, littleEndian, chunks, signed } = dataset.metadata;
  const dtype = types[`${type}.${bytes}`];
  const isWhole = type === 0 && !signed;
  if (dtype === undefined || !littleEndian || isWhole || shape === null)
    throw new Failed(unknownType(file, name, `HDF5 type ${type} of ${bytes} bytes`));
  const isThere = chunks === null && product(shape) * bytes <= size;
  if (!isThere)
    throw new Failed(damagedHdf5(file, `the numbers of ${name} do not lie in it whole`));
  return { dtype, shape };
};
