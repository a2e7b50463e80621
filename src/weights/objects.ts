/** Recognises tensors among the calls that a pickle describes: PyTorch's, over storages, and NumPy's arrays. */

import * as E from "fp-ts/lib/Either.js";
import { product } from "../graph/type.js";
import { type Call, isCall, isMade, type Value } from "./pickle-machine.js";
import { type DType, isDType, type Outline, sizes } from "./tensor.js";

/** Where PyTorch keeps numbers: outside the pickle, under a key. */
export interface Storage {
  readonly key: string;
  readonly dtype: DType;
  /** In numbers. */
  readonly length: number;
  /** Where in what lies under the key this storage begins, in numbers; files of PyTorch 0.3 share storages so. */
  readonly from: number;
}

/** Numbers of a storage, where they begin in it, and how far it is to the next one along each axis. */
export interface StridedTensor extends Outline {
  readonly kind: "strided";
  readonly storage: Storage;
  readonly offset: number;
  readonly strides: readonly number[];
}

/** Numbers that stand in the pickle itself, row by row. */
export interface InlineTensor extends Outline {
  readonly kind: "inline";
  readonly bytes: Uint8Array;
}

export type PickledTensor = StridedTensor | InlineTensor;

/** The name of the global that a value calls, or that it is. */
export const globalName = (value: Value | undefined): string => {
  const of = isCall(value) ? value.callee : value;
  return isMade(of) && of.kind === "global" ? of.name : "";
};

/** Of each call, a tensor or why it is none. */
type Recognise = (call: Call) => E.Either<string, PickledTensor>;

/** The first axes of PyTorch and NumPy: more have no network. */
const MOST_AXES = 64;

const areSizes = (value: Value | undefined): value is number[] =>
  Array.isArray(value) &&
  value.length <= MOST_AXES &&
  value.every((n) => Number.isSafeInteger(n) && Number(n) >= 0);

const isSize = (value: Value | undefined): value is number => areSizes([value ?? null]);

const strided: Recognise = ({ args: [of, offset, shape, strides] }) => {
  const storage = storageOf(of);
  if (E.isLeft(storage)) return storage;
  const { dtype, length } = storage.right;
  if (!isSize(offset) || !areSizes(shape) || !areSizes(strides))
    return E.left("a tensor's shape is no list of sizes");
  const count = product(shape);
  const last = shape.reduce((at, size, i) => at + (size - 1) * (strides[i] ?? 0), offset);
  const fits = strides.length === shape.length && count <= length;
  return fits && (count === 0 || last < length)
    ? E.right({ kind: "strided", dtype, shape, storage: storage.right, offset, strides })
    : E.left(`a tensor of [${shape}] does not lie in its ${length} numbers`);
};

const first: Recognise = ({ args: [tensor] }) =>
  isCall(tensor) ? pickledTensor(tensor) : E.left("a parameter has no data");

/** Calls another function with the arguments beside it. */
const indirect: Recognise = ({ args: [callee = null, , args], ...rest }) =>
  Array.isArray(args)
    ? pickledTensor({ ...rest, callee, args })
    : E.left("a tensor of a class of its own has no data");

const reconstructed: Recognise = ({ state }) => {
  const [, shape, type, isFortran, data] = Array.isArray(state) ? state : [];
  return inline(shape, type, data, isFortran === true);
};

const fromBuffer: Recognise = ({ args: [data, type, shape, order] }) =>
  inline(shape, type, data, order === "F");

const recognised: Readonly<Record<string, Recognise>> = {
  "torch._utils._rebuild_tensor": strided,
  "torch._utils._rebuild_tensor_v2": strided,
  "torch._utils._rebuild_parameter": first,
  "torch._utils._rebuild_parameter_with_state": first,
  "torch._tensor._rebuild_from_type_v2": indirect,
  "numpy.core.multiarray._reconstruct": reconstructed,
  "numpy._core.multiarray._reconstruct": reconstructed,
  "numpy.core.numeric._frombuffer": fromBuffer,
  "numpy._core.numeric._frombuffer": fromBuffer,
};

const recogniserOf = (value: Value | undefined): Recognise | undefined => {
  const name = globalName(value);
  return Object.hasOwn(recognised, name) ? recognised[name] : undefined;
};

/** Whether a value says that it is a tensor; `pickledTensor` tells which, or why it is damaged. */
export const isTensorCall = (value: Value): value is Call =>
  isCall(value) && recogniserOf(value) !== undefined;

export const pickledTensor: Recognise = (call) =>
  recogniserOf(call)?.(call) ?? E.left(`${globalName(call)} is no tensor`);

/** The classes that PyTorch calls its storages by; an untyped one counts bytes. */
const storageTypes: Readonly<Record<string, DType>> = {
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

/** What a reference to outside the pickle says of a storage. */
export const storageOf = (value: Value | undefined): E.Either<string, Storage> => {
  const id = isMade(value) && value.kind === "outside" ? value.id : null;
  const [word, type, key, , length, view] = Array.isArray(id) ? id : [];
  if (word !== "storage") return E.left("a tensor has no storage");
  const [, name = ""] = /^torch(?:\.storage|\.cuda)?\.(\w+)$/.exec(globalName(type)) ?? [];
  const dtype = Object.hasOwn(storageTypes, name) ? storageTypes[name] : undefined;
  if (dtype === undefined) return E.left(`a storage is of the type ${globalName(type)}`);
  if (typeof key !== "string" || !isSize(length)) return E.left("a storage has no length");
  if (!Array.isArray(view)) return E.right({ key, dtype, length, from: 0 });
  const [, from, part] = view;
  return isSize(from) && isSize(part) && from + part <= length
    ? E.right({ key, dtype, length: part, from })
    : E.left("a part of a storage does not lie in it");
};

const inline = (
  shape: Value | undefined,
  type: Value | undefined,
  data: Value | undefined,
  isFortran: boolean,
): E.Either<string, InlineTensor> => {
  const [dtype, bytes] = [numpyType(type), bytesOf(data)];
  if (dtype === undefined) return E.left("an array is of a type that pspc does not read");
  if (bytes === undefined || !areSizes(shape)) return E.left("an array has no numbers or no shape");
  if (isFortran && shape.length > 1)
    return E.left("the numbers of an array stand column by column (fortran_order)");
  return product(shape) * sizes[dtype] === bytes.length
    ? E.right({ kind: "inline", dtype, shape, bytes })
    : E.left(`an array of [${shape}] does not fill its ${bytes.length} bytes`);
};

/** NumPy's letters and bytes: `f4`. */
const letters: Readonly<Record<string, string>> = { f: "F", i: "I", u: "U", b: "BOOL" };

/** `numpy.dtype("f4", …)`, restored from `(3, "<", …)`: little-endian numbers alone. */
const numpyType = (value: Value | undefined): DType | undefined => {
  if (!isCall(value) || globalName(value) !== "numpy.dtype") return undefined;
  const [, order = "|"] = Array.isArray(value.state) ? value.state : [];
  const [, letter = "", bytes] = /^[<|=]?([fiub])(\d)$/.exec(String(value.args[0])) ?? [];
  const name = letter === "b" ? "BOOL" : `${letters[letter]}${8 * Number(bytes)}`;
  return order !== ">" && isDType(name) ? name : undefined;
};

/** Before protocol 3, bytes are written as text of the same codes. */
const bytesOf = (value: Value | undefined): Uint8Array | undefined => {
  if (value instanceof Uint8Array) return value;
  if (isCall(value) && globalName(value) === "_codecs.encode") return bytesOf(value.args[0]);
  if (isCall(value) && /^(__builtin__|builtins)\.bytearray$/.test(globalName(value)))
    return bytesOf(value.args[0]);
  return typeof value === "string" ? Buffer.from(value, "latin1") : undefined;
};
