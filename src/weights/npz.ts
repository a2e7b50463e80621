/** An archive of NumPy arrays enters; a file of weights leaves. */

import { Failed } from "../diagnostic/failure.js";
import { product } from "../graph/type.js";
import { damagedArray, unknownType } from "./errors.js";
import { viewOf, type WeightsFile } from "./file.js";
import { type DType, numbersOf, type Outline, sizes } from "./tensor.js";
import type { Member, Zip } from "./zip.js";

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
  readonly member: Member;
  /** Where in the member its numbers begin. */
  readonly start: number;
}

export const openNpz = (zip: Zip): WeightsFile => {
  const { file, close } = zip.bytes;
  const arrays = new Map(
    [...zip.members.values()]
      .filter(({ name }) => name.endsWith(".npy"))
      .map((member) => [member.name.slice(0, -4), arrayIn(zip, member)]),
  );
  return {
    file,
    format: "NumPy .npz",
    tensors: arrays,
    metadata: {},
    read: (name) => {
      const { member, start, dtype, shape } = arrays.get(name)!;
      const bytes = zip.piece(member, start, product(shape) * sizes[dtype]);
      return { shape, data: numbersOf(dtype, bytes, file, name) };
    },
    close,
  };
};

/** The header is a Python literal: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
const literal =
  /^\{'descr': '([^']{1,16})', 'fortran_order': (True|False), 'shape': \(((?:\d{1,16}(?:, ?)?){0,32})\), *\}\s*$/;
const LONGEST = 4096;

const arrayIn = (zip: Zip, member: Member): NpyArray => {
  const { file } = zip.bytes;
  const demand = (holds: boolean, reason: string): void => {
    if (!holds) throw new Failed(damagedArray(file, member.name, reason));
  };
  const head = zip.begin(member, LONGEST);
  const view = viewOf(head);
  demand(head.length >= 12 && view.getUint32(0) === 0x934e554d, "it does not begin as one");
  const isShort = head[6] === 1;
  const [from, long] = isShort ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const start = from + long;
  demand(start <= head.length, `its header claims ${long} bytes`);
  const text = Buffer.from(head).toString("latin1", from, start);
  const [, type = "", order, list = ""] = literal.exec(text) ?? [];
  demand(order !== undefined, "its header is of another form");
  demand(order === "False", "its numbers stand column by column (fortran_order)");
  const dtype = Object.hasOwn(types, type) ? types[type] : undefined;
  if (dtype === undefined) throw new Failed(unknownType(file, member.name, type));
  const shape = list.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  demand(
    start + product(shape) * sizes[dtype] === member.size,
    `[${shape}] of ${type} do not fill its ${member.size} bytes`,
  );
  return { member, start, dtype, shape };
};
