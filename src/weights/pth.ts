/** A ZIP archive that PyTorch saved enters; a file of weights leaves. Nothing in it is run. */

import { Failed } from "../diagnostic/failure.js";
import { product } from "../graph/type.js";
import { damagedTorch, noStateDict, strangeGlobal } from "./errors.js";
import type { WeightsFile } from "./file.js";
import { type Dict, isThing, type Thing, Unpicklable, unpickle, type Value } from "./pickle.js";
import { type DType, numbersOf, sizes } from "./tensor.js";
import type { Zip } from "./zip.js";

/** The classes that PyTorch calls its storages by; an untyped one counts bytes. */
const storages: Readonly<Record<string, DType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
  UntypedStorage: "U8",
};

interface StorageType extends Thing {
  readonly kind: "storage type";
  readonly dtype: DType;
}

interface Storage extends Thing {
  readonly kind: "storage";
  readonly dtype: DType;
  /** Of the member `data/KEY`. */
  readonly key: string;
  readonly length: number;
}

interface Strided extends Thing {
  readonly kind: "tensor";
  readonly dtype: DType;
  readonly storage: Storage;
  /** In numbers, as strides are. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

interface Callee extends Thing {
  readonly kind: "callee";
  readonly make: (args: readonly Value[]) => Value;
}

const damage = (reason: string): never => {
  throw new Unpicklable(reason);
};

const areSizes = (value: Value | undefined): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && Number(n) >= 0);

const hasKind = <T extends Thing>(value: Value | undefined, kind: T["kind"]): value is T =>
  value !== undefined && isThing(value) && value.kind === kind;

/** A tensor is a storage, where it begins in it, and how far it is to the next number along each axis. */
const rebuildTensor = ([storage, offset, shape, strides]: readonly Value[]): Strided => {
  if (!hasKind<Storage>(storage, "storage")) return damage("a tensor has no storage");
  if (!areSizes([offset!]) || !areSizes(shape) || !areSizes(strides))
    return damage("a tensor's shape is no list of sizes");
  const count = product(shape);
  const last = shape.reduce((at, size, i) => at + (size - 1) * (strides[i] ?? 0), Number(offset));
  const fits = strides.length === shape.length && count <= storage.length;
  if (!fits || (count > 0 && last >= storage.length))
    return damage(`a tensor of [${shape}] does not lie in its ${storage.length} numbers`);
  const { dtype } = storage;
  return { kind: "tensor", dtype, storage, offset: Number(offset), shape, strides };
};

const callees: Readonly<Record<string, Callee["make"]>> = {
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_parameter": ([data]) => data ?? damage("a parameter has no data"),
  "collections.OrderedDict": () => new Map(),
};

const meaningIn = (file: string) => ({
  global: (name: string): Thing => {
    const make = Object.hasOwn(callees, name) ? callees[name] : undefined;
    if (make !== undefined) return { kind: "callee", make } as Callee;
    const [, type = ""] = /^torch(?:\.storage)?\.(\w+)$/.exec(name) ?? [];
    const dtype = Object.hasOwn(storages, type) ? storages[type] : undefined;
    if (dtype === undefined) throw new Failed(strangeGlobal(file, name));
    return { kind: "storage type", dtype } as StorageType;
  },
  call: (callee: Thing, args: readonly Value[]): Value =>
    hasKind<Callee>(callee, "callee") ? callee.make(args) : damage("it calls a storage"),
  outside: (id: Value): Value => {
    const [word, type, key, , length] = Array.isArray(id) ? id : [];
    if (word !== "storage" || !hasKind<StorageType>(type, "storage type"))
      return damage("it refers to something that is no storage");
    if (typeof key !== "string" || !areSizes([length!])) return damage("a storage has no length");
    return { kind: "storage", dtype: type.dtype, key, length: Number(length) } as Storage;
  },
});

/** Where training scripts put the network among other things, most usual first. */
const wrappers = ["state_dict", "model", "model_state_dict", "model_state", "net", "network"];

const tensorsOf = (value: Value | undefined): ReadonlyMap<string, Strided> | null => {
  if (!(value instanceof Map)) return null;
  const found = [...value].filter((entry): entry is [string, Strided] =>
    hasKind<Strided>(entry[1], "tensor"),
  );
  return found.length === 0 ? null : new Map(found);
};

/** Longest pickle: a network of a thousand layers has a hundredth of it. */
const LONGEST = 16 * 2 ** 20;

export const openPth = (zip: Zip): WeightsFile => {
  const { file, close } = zip.bytes;
  const demand = (holds: boolean, reason: string): void => {
    if (!holds) throw new Failed(damagedTorch(file, reason));
  };
  const pickle = [...zip.members.values()].find(({ name }) => /(^|\/)data\.pkl$/.test(name))!;
  const folder = pickle.name.slice(0, -"data.pkl".length);
  demand(pickle.size <= LONGEST, `its pickle has ${pickle.size} bytes`);
  const order = zip.members.get(`${folder}byteorder`);
  const isLittle = order === undefined || Buffer.from(zip.begin(order, 6)).toString() === "little";
  demand(isLittle, "its numbers are big-endian");
  const { inside, tensors } = stateDict(file, zip.piece(pickle, 0, pickle.size));
  for (const [name, { storage }] of tensors) {
    const size = zip.members.get(`${folder}data/${storage.key}`)?.size;
    demand(size === storage.length * sizes[storage.dtype], `the storage of ${name} is not whole`);
  }
  return {
    file,
    format: inside === "" ? "PyTorch" : `PyTorch, inside \`${inside}\``,
    tensors,
    metadata: {},
    read: (name) => {
      const of = tensors.get(name)!;
      const member = zip.members.get(`${folder}data/${of.storage.key}`)!;
      return { shape: of.shape, data: numbersOf(of.dtype, gather(zip, member, of), file, name) };
    },
    close,
  };
};

interface StateDict {
  /** The wrapper that it lay in; "" for none. */
  readonly inside: string;
  readonly tensors: ReadonlyMap<string, Strided>;
}

const stateDict = (file: string, pickle: Uint8Array): StateDict => {
  const whole = readPickle(file, pickle);
  const direct = tensorsOf(whole);
  if (direct !== null) return { inside: "", tensors: direct };
  for (const inside of whole instanceof Map ? wrappers : []) {
    const tensors = tensorsOf((whole as Dict).get(inside));
    if (tensors !== null) return { inside, tensors };
  }
  throw new Failed(noStateDict(file, whole instanceof Map ? [...whole.keys()] : []));
};

const readPickle = (file: string, pickle: Uint8Array): Value => {
  try {
    return unpickle(pickle, meaningIn(file));
  } catch (error) {
    if (error instanceof Unpicklable) throw new Failed(damagedTorch(file, error.message));
    throw error;
  }
};

/** A tensor's bytes row by row, whatever its strides. */
const gather = (zip: Zip, member: Parameters<Zip["piece"]>[0], of: Strided): Uint8Array => {
  const { dtype, offset, shape, strides, storage } = of;
  const size = sizes[dtype];
  const count = product(shape);
  const rows = shape.map((_, axis) => product(shape.slice(axis + 1)));
  if (shape.every((n, axis) => n === 1 || strides[axis] === rows[axis]))
    return zip.piece(member, offset * size, count * size);
  const whole = zip.piece(member, 0, storage.length * size);
  const out = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    const at = shape.reduce(
      (sum, n, axis) => sum + (Math.floor(i / rows[axis]!) % n) * strides[axis]!,
      offset,
    );
    out.set(whole.subarray(at * size, (at + 1) * size), i * size);
  }
  return out;
};
