/** Archives of NumPy arrays. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { product } from "../graph/type.js";
import { damagedArray, inexact, unknownType } from "./errors.js";
import { type Read, viewOf, type WeightsFile } from "./file.js";
import { type DType, numbersOf, type Outline, sizes } from "./tensor.js";
import type { Zip, ZipMember } from "./zip.js";

/** NumPy's spelling of what is read; `>` (big-endian), complex numbers and objects are not. */
const types: Readonly<Record<string, DType>> = {
  "<f8": "F64",
  "<f4": "F32",
  "<f2": "F16",
  "<i8": "I64",
  "<i4": "I32",
  "<i2": "I16",
  "|i1": "I8",
  "|u1": "U8",
  "|b1": "BOOL",
};

interface NpyArray extends Outline {
  readonly member: ZipMember;
  /** Where in the member its numbers begin. */
  readonly start: number;
}

export const openNpz = (zip: Zip): Read<WeightsFile> => {
  const { file, close } = zip.bytes;
  const arrays = new Map<string, NpyArray>();
  for (const member of zip.members.values()) {
    if (!member.name.endsWith(".npy")) continue;
    const array = arrayIn(zip, member);
    if (E.isLeft(array)) return array;
    arrays.set(member.name.slice(0, -".npy".length), array.right);
  }
  return E.right({
    file,
    format: "NumPy .npz",
    tensors: arrays,
    beside: [...zip.members.keys()].filter((name) => !name.endsWith(".npy")),
    metadata: {},
    read: (name) => {
      const array = arrays.get(name);
      if (array === undefined) return E.left(damagedArray(file, name, "it is not there"));
      const { member, start, dtype, shape } = array;
      return pipe(
        zip.piece(member, start, product(shape) * sizes[dtype]),
        E.map((bytes) => numbersOf(dtype, bytes)),
        E.flatMap(E.mapLeft((value) => inexact(file, name, value))),
        E.map((data) => ({ shape, data })),
      );
    },
    close,
  });
};

/** The header is a Python literal: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
const literal =
  /^\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(((?:\d{1,16}(?:, ?)?){0,32})\), *\}\s*$/;
const LONGEST = 4096;

const arrayIn = (zip: Zip, member: ZipMember): Read<NpyArray> => {
  const { file } = zip.bytes;
  const damage = (reason: string) => E.left(damagedArray(file, member.name, reason));
  const head = zip.begin(member, LONGEST);
  if (E.isLeft(head)) return head;
  const view = viewOf(head.right);
  if (view.byteLength < 12 || view.getUint32(0) !== 0x934e554d)
    return damage("it does not begin as one");
  const isShort = view.getUint8(6) === 1;
  const from = isShort ? 10 : 12;
  const long = isShort ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = from + long;
  if (start > view.byteLength) return damage(`its header claims ${long} bytes`);
  const text = Buffer.from(head.right).toString("latin1", from, start);
  const [, type = "", order, list = ""] = literal.exec(text) ?? [];
  if (order === undefined) return damage("its header is of another form");
  if (order === "True") return damage("its numbers stand column by column (fortran_order)");
  const dtype = Object.hasOwn(types, type) ? types[type] : undefined;
  if (dtype === undefined) return E.left(unknownType(file, member.name, type));
  const shape = list.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  return start + product(shape) * sizes[dtype] === member.size
    ? E.right({ member, start, dtype, shape })
    : damage(`[${shape}] of ${type} do not fill its ${member.size} bytes`);
};
