/** ZIP archives: the names and sizes of the members, and a member's bytes on demand, within bounds. */

import { constants, inflateRawSync } from "node:zlib";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { type Budget, budgetFor } from "../source/budget.js";
import { damagedZip } from "./errors.js";
import { type Bytes, type Read, viewOf } from "./file.js";

export interface ZipMember {
  readonly name: string;
  /** Bytes when unpacked, as the archive claims. */
  readonly size: number;
  readonly packed: number;
  readonly isDeflated: boolean;
  /** Of its local header. */
  readonly offset: number;
}

export interface Zip {
  readonly bytes: Bytes;
  readonly members: ReadonlyMap<string, ZipMember>;
  /** A piece of a member that is stored as it is; any other is unpacked whole. */
  readonly piece: (
    member: ZipMember,
    from: number,
    length: number,
  ) => Read<Uint8Array<ArrayBuffer>>;
  /** The member's first bytes, at most `length`. */
  readonly begin: (member: ZipMember, length: number) => Read<Uint8Array>;
}

/** A local header, and a member's line of the directory, without the name. */
const LOCAL = 30;
const LINE = 46;
/** Deflate cannot pack better than 1032 to 1. */
const BEST_RATIO = 1032;

/** An archive whose directory does not hold, or whose members overlap, is refused. */
export const openZip = (bytes: Bytes): Read<Zip> => {
  const { file } = bytes;
  const damage = (reason: string) => E.left(damagedZip(file, reason));
  const start = ({ name, offset }: ZipMember): Read<number> => {
    const local = bytes.piece(offset, LOCAL);
    if (E.isLeft(local)) return local;
    const view = viewOf(local.right);
    return view.getUint32(0, true) === 0x04034b50
      ? E.right(offset + LOCAL + view.getUint16(26, true) + view.getUint16(28, true))
      : damage(`${name} has no local header`);
  };
  const contents = (member: ZipMember, from: number, length: number) =>
    pipe(
      start(member),
      E.flatMap((at) => bytes.piece(at + from, length)),
    );
  const inflate = ({ name }: ZipMember, packed: Uint8Array, options: object): Read<Uint8Array> =>
    E.tryCatch(
      () => inflateRawSync(packed, options),
      () => damagedZip(file, `${name} cannot be unpacked`),
    );
  const piece: Zip["piece"] = (member, from, length) => {
    const { name, size, packed, isDeflated } = member;
    if (from + length > size) return damage(`it ends within ${name}`);
    if (!isDeflated) return contents(member, from, length);
    return pipe(
      contents(member, 0, packed),
      E.flatMap((all) => inflate(member, all, { maxOutputLength: Math.max(1, size) })),
      E.filterOrElse(
        (whole) => whole.length === size,
        () => damagedZip(file, `${name} is shorter than it claims`),
      ),
      E.map((whole) => Uint8Array.from(whole.subarray(from, from + length))),
    );
  };
  const begin: Zip["begin"] = (member, length) => {
    if (!member.isDeflated) return piece(member, 0, Math.min(length, member.size));
    return pipe(
      contents(member, 0, Math.min(member.packed, length)),
      E.flatMap((some) => inflate(member, some, { finishFlush: constants.Z_SYNC_FLUSH })),
      E.map((some) => some.subarray(0, length)),
    );
  };
  const membersOf = ({ count, size, offset }: Directory) =>
    pipe(
      bytes.piece(offset, size),
      E.map((lines) => membersIn(viewOf(lines), count, bytes.size)),
      E.flatMap(E.mapLeft((reason) => damagedZip(file, reason))),
    );
  return pipe(
    findDirectory(bytes),
    E.flatMap(membersOf),
    E.map((members) => ({ bytes, members, piece, begin })),
  );
};

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

/** The record at the end of the archive, or its 64-bit sister, which stands before it. */
const findDirectory = (bytes: Bytes): Read<Directory> => {
  const length = Math.min(bytes.size, 22 + 0xffff);
  const tail = bytes.piece(bytes.size - length, length);
  if (E.isLeft(tail)) return tail;
  const at = Buffer.from(tail.right).lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (at < 0 || at + 22 > length)
    return E.left(damagedZip(bytes.file, "it has no directory at its end"));
  const end = viewOf(tail.right);
  const short = {
    count: end.getUint16(at + 10, true),
    size: end.getUint32(at + 12, true),
    offset: end.getUint32(at + 16, true),
  };
  const locator = at - 20;
  if (locator < 0 || end.getUint32(locator, true) !== 0x07064b50) return E.right(short);
  return pipe(
    bytes.piece(whole(end, locator + 8), 56),
    E.map(viewOf),
    E.filterOrElse(
      (record) => record.getUint32(0, true) === 0x06064b50,
      () => damagedZip(bytes.file, "its 64-bit directory is missing"),
    ),
    E.map((record) => ({
      count: whole(record, 32),
      size: whole(record, 40),
      offset: whole(record, 48),
    })),
  );
};

/** 64 bits; beyond 2⁵³ it is no place in any file, and the bounds refuse it. */
const whole = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Members must fit side by side into the archive: many lines over one member multiply what is read of it. */
const membersIn = (
  view: DataView,
  count: number,
  size: number,
): E.Either<string, ReadonlyMap<string, ZipMember>> => {
  const budget = budgetFor(size, { entries: size / (LINE + LOCAL), bytes: size });
  const members = new Map<string, ZipMember>();
  if (!budget.spend("entries", count)) return E.left(budget.overrun() ?? "");
  let at = 0;
  for (let i = 0; i < count; i++) {
    const line = memberAt(view, at, budget);
    if (E.isLeft(line)) return line;
    const { member, next } = line.right;
    if (members.has(member.name)) return E.left(`it holds ${member.name} twice`);
    members.set(member.name, member);
    at = next;
  }
  return E.right(members);
};

const FULL = 0xffffffff;

interface Line {
  readonly member: ZipMember;
  /** Where the next line begins. */
  readonly next: number;
}

/** Sizes and the offset; where 32 bits are too few, from the extra field 1, in this order. */
const memberAt = (view: DataView, at: number, budget: Budget): E.Either<string, Line> => {
  if (at + LINE > view.byteLength) return E.left("its directory is cut short");
  if (view.getUint32(at, true) !== 0x02014b50) return E.left("its directory is damaged");
  const long = view.getUint16(at + 28, true);
  const extra = view.getUint16(at + 30, true);
  const next = at + LINE + long + extra + view.getUint16(at + 32, true);
  if (next > view.byteLength) return E.left("its directory is cut short");
  const wide = wideFields(view, at + LINE + long, extra);
  const field = (place: number): number => {
    const value = view.getUint32(at + place, true);
    return value === FULL ? (wide.shift() ?? value) : value;
  };
  const [size, packed, offset] = [field(24), field(20), field(42)];
  const name = new TextDecoder().decode(
    new Uint8Array(view.buffer, view.byteOffset + at + LINE, long),
  );
  const method = view.getUint16(at + 10, true);
  if (method !== 0 && method !== 8) return E.left(`${name} is packed by method ${method}`);
  const isDeflated = method === 8;
  if (isDeflated ? size > packed * BEST_RATIO : size !== packed)
    return E.left(`${name} claims ${size} bytes, packed as ${packed}`);
  if (!budget.spend("bytes", LOCAL + packed)) return E.left(budget.overrun() ?? "");
  return E.right({ member: { name, size, packed, isDeflated, offset }, next });
};

const wideFields = (view: DataView, from: number, length: number): number[] => {
  for (let at = from; at + 4 <= from + length; ) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && at + 4 + size <= from + length)
      return Array.from({ length: Math.floor(size / 8) }, (_, i) => whole(view, at + 4 + 8 * i));
    at += 4 + size;
  }
  return [];
};
