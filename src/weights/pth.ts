/** Files of PyTorch of every form, and pickles of NumPy arrays (PaddleSeg's `.pdparams`). Nothing in them is run. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { product } from "../graph/type.js";
import { type Budget, budgetFor } from "../source/budget.js";
import { damagedTorch, inexact, noStateDict, unknownArray } from "./errors.js";
import { type Bytes, type Read, viewOf, type WeightsFile } from "./file.js";
import { type PickledTensor, pickledTensor, type StridedTensor, storageOf } from "./objects.js";
import { type Unpickled, unpickle } from "./pickle.js";
import { CUT_SHORT, type Outside, type Value } from "./pickle-machine.js";
import { findStateDict } from "./state-dict.js";
import { numbersOf, sizes } from "./tensor.js";
import type { Zip } from "./zip.js";

/** Bytes that belong to a storage, wherever the form of file keeps them. */
interface Storages {
  /** In bytes; `undefined` where there is no such storage. */
  readonly size: (key: string) => number | undefined;
  readonly piece: (key: string, from: number, length: number) => Read<Uint8Array<ArrayBuffer>>;
}

/** PyTorch packs no pickle; whoever packed one again gained less than this. */
const PACKED = 16;
/** A thousand layers take a tenth of it; more would not fit into memory. */
const MOST_STEPS = 4_000_000;

const budgetOf = ({ size }: Bytes): Budget =>
  budgetFor(size, {
    bytes: PACKED * size,
    steps: Math.min(PACKED * size, MOST_STEPS),
  });

/** The form since PyTorch 1.6: an archive of a pickle and a member a storage. */
export const openPth = (zip: Zip): Read<WeightsFile> => {
  const { bytes, members } = zip;
  const damage = (reason: string) => E.left(damagedTorch(bytes.file, reason));
  const pickle = [...members.values()].find(({ name }) => /(^|\/)data\.pkl$/.test(name));
  if (pickle === undefined) return damage("it holds no data.pkl");
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const order = members.get(`${folder}byteorder`);
  const written = order === undefined ? E.right(Buffer.from("little")) : zip.begin(order, 6);
  if (E.isLeft(written)) return written;
  if (Buffer.from(written.right).toString() !== "little")
    return damage("its numbers are big-endian");
  const budget = budgetOf(bytes);
  if (!budget.spend("bytes", pickle.size)) return damage(budget.overrun() ?? "");
  const storages: Storages = {
    size: (key) => members.get(`${folder}data/${key}`)?.size,
    piece: (key, from, length) => {
      const member = members.get(`${folder}data/${key}`);
      return member === undefined
        ? damage(`the storage ${key} is missing`)
        : zip.piece(member, from, length);
    },
  };
  return pipe(
    zip.piece(pickle, 0, pickle.size),
    E.flatMap((code) => torchError(bytes, unpickle(code, budget))),
    E.flatMap(({ value }) => weightsIn(bytes, value, budget, storages, "PyTorch")),
  );
};

/** What the form before 1.6 begins with: a pickled number. */
export const LEGACY_TORCH = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/** The form before PyTorch 1.6: five pickles, then each storage behind its length. */
export const openLegacyPth = (bytes: Bytes): Read<WeightsFile> => {
  const budget = budgetOf(bytes);
  const weights = (pickles: LegacyPickles): Read<WeightsFile> =>
    pipe(
      legacyStorages(bytes, pickles),
      E.flatMap((storages) =>
        weightsIn(bytes, pickles.value, budget, storages, "PyTorch, as before 1.6"),
      ),
    );
  return pipe(picklesOf(bytes, budget), E.flatMap(weights));
};

interface LegacyPickles extends Unpickled {
  /** The storages, in the order in which they lie behind the pickles. */
  readonly keys: Value;
}

/** Magic number, protocol, the writer's machine, the object, the keys of its storages. */
const picklesOf = (bytes: Bytes, budget: Budget): Read<LegacyPickles> => {
  const start = LEGACY_TORCH.length;
  return pipe(
    pickleAt(bytes, start, budget),
    E.flatMap(({ end }) => pickleAt(bytes, end, budget)),
    E.filterOrElse(
      ({ value }) => !(value instanceof Map && value.get("little_endian") === false),
      () => damagedTorch(bytes.file, "its numbers are big-endian"),
    ),
    E.flatMap(({ end }) => pickleAt(bytes, end, budget)),
    E.flatMap((object) =>
      E.Functor.map(pickleAt(bytes, object.end, budget), ({ value, end }) => ({
        ...object,
        keys: value,
        end,
      })),
    ),
  );
};

/** Bytes read at first of a pickle whose length nobody knows. */
const WINDOW = 2 ** 20;

/** The pickle from a byte of the file on; more of the file is read as long as it is cut short. */
const pickleAt = (bytes: Bytes, from: number, budget: Budget): Read<Unpickled> => {
  for (let window = WINDOW; ; window *= 4) {
    const length = Math.max(0, Math.min(window, bytes.size - from));
    const code = bytes.piece(from, length);
    if (E.isLeft(code)) return code;
    const read = unpickle(code.right, budget);
    const isCutByUs = E.isLeft(read) && read.left === CUT_SHORT && from + length < bytes.size;
    if (!isCutByUs)
      return torchError(
        bytes,
        E.Functor.map(read, (all) => ({ ...all, end: from + all.end })),
      );
  }
};

/** Each storage is a count of numbers, in 64 bits, and the numbers. */
const legacyStorages = (bytes: Bytes, { keys, end, outside }: LegacyPickles): Read<Storages> => {
  const damage = (reason: string) => E.left(damagedTorch(bytes.file, reason));
  const widths = widthsOf(outside);
  if (E.isLeft(widths)) return damage(widths.left);
  const places = new Map<string, { readonly from: number; readonly size: number }>();
  let at = end;
  for (const key of Array.isArray(keys) ? keys : []) {
    const width = typeof key === "string" ? widths.right.get(key) : undefined;
    if (typeof key !== "string" || width === undefined)
      return damage("it lists a storage that no tensor has");
    const count = bytes.piece(at, 8);
    if (E.isLeft(count)) return count;
    const size = width * Number(viewOf(count.right).getBigUint64(0, true));
    places.set(key, { from: at + 8, size });
    at += 8 + size;
  }
  if (at > bytes.size) return damage(`it ends at ${bytes.size}, and its storages at ${at}`);
  return E.right({
    size: (key) => places.get(key)?.size,
    piece: (key, from, length) => {
      const place = places.get(key);
      return place === undefined || from + length > place.size
        ? damage(`the storage ${key} is not whole`)
        : bytes.piece(place.from + from, length);
    },
  });
};

/** Bytes a number of each storage. */
const widthsOf = (outside: readonly Outside[]): E.Either<string, ReadonlyMap<string, number>> => {
  const widths = new Map<string, number>();
  for (const each of outside) {
    if (!Array.isArray(each.id) || each.id[0] !== "storage") continue;
    const storage = storageOf(each);
    if (E.isLeft(storage)) return storage;
    widths.set(storage.right.key, sizes[storage.right.dtype]);
  }
  return E.right(widths);
};

/** A file that is one pickle: a dictionary of NumPy arrays, as PaddleSeg saves `.pdparams`. */
export const openPickle = (bytes: Bytes): Read<WeightsFile> => {
  const budget = budgetOf(bytes);
  const none: Storages = {
    size: () => undefined,
    piece: (key) => E.left(damagedTorch(bytes.file, `the storage ${key} is missing`)),
  };
  return pipe(
    pickleAt(bytes, 0, budget),
    E.flatMap(({ value }) => weightsIn(bytes, value, budget, none, "a pickle of arrays")),
  );
};

const torchError = <A>({ file }: Bytes, read: E.Either<string, A>): Read<A> =>
  pipe(
    read,
    E.mapLeft((reason) => damagedTorch(file, reason)),
  );

const weightsIn = (
  bytes: Bytes,
  whole: Value,
  budget: Budget,
  storages: Storages,
  form: string,
): Read<WeightsFile> => {
  const { file, close } = bytes;
  const found = findStateDict(whole, budget);
  if (E.isLeft(found)) return torchError(bytes, found);
  if (!("inside" in found.right)) return E.left(noStateDict(file, found.right));
  const { inside, beside } = found.right;
  const tensors = new Map<string, PickledTensor>();
  for (const [name, call] of found.right.tensors) {
    const tensor = pickledTensor(call);
    if (E.isLeft(tensor)) return E.left(unknownArray(file, name, tensor.left));
    const isWhole = tensor.right.kind === "inline" || holds(storages, tensor.right);
    if (!isWhole) return torchError(bytes, E.left(`the storage of ${name} is not whole`));
    tensors.set(name, tensor.right);
  }
  return E.right({
    file,
    format: inside === "" ? form : `${form}, inside \`${inside}\``,
    tensors,
    beside,
    metadata: {},
    read: (name) => {
      const of = tensors.get(name);
      if (of === undefined) return E.left(damagedTorch(file, `it holds no ${name}`));
      return pipe(
        of.kind === "inline" ? E.right(Uint8Array.from(of.bytes)) : rowByRow(storages, of),
        E.map((numbers) => numbersOf(of.dtype, numbers)),
        E.flatMap(E.mapLeft((value) => inexact(file, name, value))),
        E.map((data) => ({ shape: of.shape, data })),
      );
    },
    close,
  });
};

/** A storage that a part is named of is larger than the part. */
const holds = (storages: Storages, { storage, dtype }: StridedTensor): boolean => {
  const size = storages.size(storage.key) ?? -1;
  const end = (storage.from + storage.length) * sizes[dtype];
  return storage.from === 0 ? size === end || size > end : size >= end;
};

/** A tensor's bytes row by row, whatever its strides. */
const rowByRow = (storages: Storages, of: StridedTensor): Read<Uint8Array<ArrayBuffer>> => {
  const { dtype, offset, shape, strides, storage } = of;
  const size = sizes[dtype];
  const count = product(shape);
  const rows = shape.map((_, axis) => product(shape.slice(axis + 1)));
  const piece = (from: number, length: number) =>
    storages.piece(storage.key, (storage.from + from) * size, length * size);
  if (shape.every((n, axis) => n === 1 || strides[axis] === rows[axis]))
    return piece(offset, count);
  const gathered = (whole: Uint8Array): Uint8Array<ArrayBuffer> => {
    const out = new Uint8Array(count * size);
    for (let i = 0; i < count; i++) {
      const at = shape.reduce(
        (sum, n, axis) => sum + (Math.floor(i / (rows[axis] ?? 1)) % n) * (strides[axis] ?? 0),
        offset,
      );
      out.set(whole.subarray(at * size, (at + 1) * size), i * size);
    }
    return out;
  };
  return pipe(piece(0, storage.length), E.map(gathered));
};
