/** HDF5 files as Keras writes its weights. The only file that knows h5wasm. */

import { closeSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import h5wasm, { type Dataset, type File, type Group } from "h5wasm/node";
import { openRegular } from "../file/regular.js";
import { product } from "../graph/type.js";
import { type Budget, budgetFor } from "../source/budget.js";
import { brokenReader, damagedHdf5, inexact, unknownType, unreadableWeights } from "./errors.js";
import type { Read, WeightsFile } from "./file.js";
import { type DType, numbersOf, type Outline } from "./tensor.js";

/** Deepest nesting of groups; a group may contain itself. */
const DEEPEST = 16;
/** Bytes of the file that a link to a group or a dataset takes at least. */
const LINK = 16;
/** Deflate, the only filter that gains much and that the library has, cannot pack better than 1032 to 1. */
const BEST_RATIO = 1032;

/** A file has made the library leave its own memory in disorder: what it would say of the next one is worth nothing. */
let isBroken = false;

interface Stored extends Outline {
  readonly dataset: Dataset;
}

export const openHdf5 = async (file: string): Promise<Read<WeightsFile>> => {
  if (isBroken) return E.left(brokenReader(file));
  const library = await h5wasm.ready;
  const asked = <A>(act: () => A): Read<A> => E.tryCatch(act, (error) => damage(file, error));
  const regular = openRegular(file);
  if (E.isLeft(regular)) return E.left(unreadableWeights(file, regular.left));
  const { descriptor, size } = regular.right;
  const opened = asked(() => {
    library.activate_throwing_error_handler();
    // By the descriptor: what has this name may have become another thing.
    return new h5wasm.File(`/proc/self/fd/${descriptor}`, "r");
  });
  const close = (): void => {
    if (E.isRight(opened)) asked(() => opened.right.close());
    closeSync(descriptor);
  };
  const tensors = pipe(
    opened,
    E.flatMap((root) => asked(() => tensorsIn(root, file, size))),
    E.flatten,
  );
  if (E.isRight(tensors)) return E.right(weightsFile(file, tensors.right, asked, close));
  close();
  return tensors;
};

const damage = (file: string, error: unknown) => {
  // What WebAssembly calls a trap.
  if (error instanceof Error && error.name === "RuntimeError") isBroken = true;
  return damagedHdf5(file, reasonOf(error));
};

const weightsFile = (
  file: string,
  tensors: ReadonlyMap<string, Stored>,
  asked: <A>(act: () => A) => Read<A>,
  close: () => void,
): WeightsFile => ({
  file,
  format: "HDF5",
  tensors,
  beside: [],
  metadata: {},
  read: (name) => {
    const stored = tensors.get(name);
    if (stored === undefined) return E.left(damagedHdf5(file, `it holds no ${name}`));
    const { dataset, dtype, shape } = stored;
    return pipe(
      asked(() => dataset.value),
      E.filterOrElse(ArrayBuffer.isView, () => damagedHdf5(file, `${name} holds no numbers`)),
      E.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()),
      E.map((bytes) => numbersOf(dtype, bytes)),
      E.flatMap(E.mapLeft((value) => inexact(file, name, value))),
      E.map((data) => ({ shape, data })),
    );
  },
  close,
});

/** The library's own account ends in a stack of its calls. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0]?.trim() ?? "";

const tensorsIn = (root: File, file: string, size: number): Read<ReadonlyMap<string, Stored>> => {
  const found = new Map<string, Stored>();
  const budget = budgetFor(size, { entries: size / LINK });
  const wrong = visit(root, [], budget, (path, dataset) => {
    const [name, outline] = [nameOf(path), outlineOf(dataset, size)];
    if (typeof outline === "string") return damagedHdf5(file, `${name} ${outline}`);
    if ("type" in outline) return unknownType(file, name, outline.type);
    if (found.has(name)) return damagedHdf5(file, `it holds ${name} twice`);
    found.set(name, { dataset, ...outline });
    return null;
  });
  if (typeof wrong === "string") return E.left(damagedHdf5(file, wrong));
  return wrong === null ? E.right(found) : E.left(wrong);
};

/** Every dataset under a group, until one is refused or the budget is spent. */
const visit = <Refusal extends object>(
  group: Group,
  path: readonly string[],
  budget: Budget,
  take: (path: readonly string[], dataset: Dataset) => Refusal | null,
): Refusal | string | null => {
  if (path.length > DEEPEST) return "its groups do not end";
  for (const key of group.keys()) {
    if (!budget.spend("entries")) return budget.overrun();
    const entity = group.get(key);
    const inside = [...path, key];
    const within =
      entity instanceof h5wasm.Group && key === "vars" ? layerPath(path, entity) : inside;
    const wrong =
      entity instanceof h5wasm.Group
        ? visit(entity, within, budget, take)
        : entity instanceof h5wasm.Dataset
          ? take(inside, entity)
          : null;
    if (wrong !== null) return wrong;
  }
  return null;
};

/** Keras 3 files a layer under its class and a number; its name is an attribute: `layers/conv2d_7/vars`. */
const layerPath = (path: readonly string[], vars: Group): readonly string[] => {
  const [owner, filed = ""] = path.slice(-2);
  const name: unknown = vars.attrs.name?.value;
  const [kind = ""] = filed.split(/_?\d+$/);
  const own = owner === "layers" && typeof name === "string" ? [name] : path.slice(-2);
  return [...path.slice(0, -2), ...own, `${VARIABLES}${kind}`];
};

/** Marks the place where Keras 3 numbers the variables of a layer of some class. */
const VARIABLES = "vars of ";

/** What it numbers, by class. */
const variables: Readonly<Record<string, readonly string[]>> = {
  conv2d: ["kernel", "bias"],
  dense: ["kernel", "bias"],
  batch_normalization: ["gamma", "beta", "moving_mean", "moving_variance"],
};

/**
 * `model_weights/conv1/conv1/kernel:0` is `conv1.kernel`: Keras says things twice, and numbers what is one. In Keras 3,
 * `layers/conv2d_7/vars/0` is the same, where `conv1` is the name of the layer.
 */
const nameOf = (path: readonly string[]): string => {
  const owner = path.at(-2) ?? "";
  const words = owner.startsWith(VARIABLES) ? variables[owner.slice(VARIABLES.length)] : undefined;
  return path
    .map((step, i) => (i === path.length - 1 ? (words?.[Number(step)] ?? step) : step))
    .map((step) => step.replace(/:0$/, ""))
    .filter((step, i, all) => step !== all[i - 1] && !step.startsWith(VARIABLES))
    .filter((step, i) => !(i === 0 && step === "model_weights"))
    .join(".");
};

/** HDF5's classes 0 and 1: whole numbers and floats. */
const types: Readonly<Record<string, DType>> = {
  "1.8": "F64",
  "1.4": "F32",
  "1.2": "F16",
  "0.8": "I64",
  "0.4": "I32",
  "0.2": "I16",
  "0.1": "I8",
};

/** HDF5's filters that the library has: deflate, shuffle, and Fletcher's checksum. */
const FILTERS: readonly number[] = [1, 2, 3];

/** Chunks may be missing or packed: what a dataset claims is bounded by what its file could hold. */
const outlineOf = (
  dataset: Dataset,
  size: number,
): Outline | { readonly type: string } | string => {
  const { type, size: bytes, shape, littleEndian, chunks, signed } = dataset.metadata;
  const dtype = types[`${type}.${bytes}`];
  if (dtype === undefined || !littleEndian || (type === 0 && !signed) || shape === null)
    return { type: `HDF5 type ${type} of ${bytes} bytes` };
  const strange = dataset.filters.find(({ id }) => !FILTERS.includes(id));
  if (strange !== undefined) return `is packed by ${strange.name || `filter ${strange.id}`}`;
  const most = size * (chunks === null ? 1 : BEST_RATIO);
  return product(shape) * bytes <= most ? { dtype, shape } : "does not lie in it whole";
};
