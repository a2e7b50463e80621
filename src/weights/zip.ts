/** A ZIP archive enters; the names and sizes of its members leave, and a member's bytes on demand, within bounds. */

import { constants, inflateRawSync } from "node:zlib";
import { Failed } from "../diagnostic/failure.js";
import { damagedZip } from "./errors.js";
import { type Bytes, viewOf } from "./file.js";

export interface Member {
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
  readonly members: ReadonlyMap<string, Member>;
  /** A piece of a member that is stored as it is; any other is unpacked whole. */
  readonly piece: (member: Member, from: number, length: number) => Uint8Array;
  /** The member's first bytes, at most `length`. */
  readonly begin: (member: Member, length: number) => Uint8Array;
}

/** Members, and bytes of the directory, beyond which an archive holds no weights. */
const MOST_MEMBERS = 100_000;
const LONGEST = 64 * 2 ** 20;
/** Deflate cannot pack better than 1032 to 1. */
const BEST_RATIO = 1032;

/** @throws Failed where the archive's directory does not hold. */
export const openZip = (bytes: Bytes): Zip => {
  const { file } = bytes;
  const demand = (holds: boolean, reason: string): void => {
    if (!holds) throw new Failed(damagedZip(file, reason));
  };
  const { count, size, offset } = findDirectory(bytes, demand);
  demand(count <= MOST_MEMBERS && size <= LONGEST, `it claims ${count} members`);
  const members = directory(viewOf(bytes.piece(offset, size)), count, demand);
  const start = (member: Member): number => {
    const local = viewOf(bytes.piece(member.offset, 30));
    demand(local.getUint32(0, true) === 0x04034b50, `${member.name} has no local header`);
    return member.offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  };
  const unpack = (member: Member): Uint8Array => {
    try {
      const packed = bytes.piece(start(member), member.packed);
      return inflateRawSync(packed, { maxOutputLength: Math.max(1, member.size) });
    } catch (error) {
      if (error instanceof Failed) throw error;
      throw new Failed(damagedZip(file, `${member.name} cannot be unpacked`));
    }
  };
  const piece: Zip["piece"] = (member, from, length) => {
    demand(from + length <= member.size, `it ends within ${member.name}`);
    if (!member.isDeflated) return bytes.piece(start(member) + from, length);
    const whole = unpack(member);
    demand(whole.length === member.size, `${member.name} is shorter than it claims`);
    return Uint8Array.from(whole.subarray(from, from + length));
  };
  const begin: Zip["begin"] = (member, length) => {
    if (!member.isDeflated) return piece(member, 0, Math.min(length, member.size));
    const some = bytes.piece(start(member), Math.min(member.packed, length));
    try {
      return inflateRawSync(some, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, length);
    } catch {
      throw new Failed(damagedZip(file, `${member.name} cannot be unpacked`));
    }
  };
  return { bytes, members, piece, begin };
};

type Demand = (holds: boolean, reason: string) => void;

interface Directory {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

/** The record at the end of the archive, or its 64-bit sister, which stands before it. */
const findDirectory = (bytes: Bytes, demand: Demand): Directory => {
  const length = Math.min(bytes.size, 22 + 0xffff);
  const tail = Buffer.from(bytes.piece(bytes.size - length, length));
  const at = tail.lastIndexOf("PK\x05\x06", undefined, "latin1");
  demand(at >= 0 && at + 22 <= length, "it has no directory at its end");
  const end = viewOf(tail);
  const short = {
    count: end.getUint16(at + 10, true),
    size: end.getUint32(at + 12, true),
    offset: end.getUint32(at + 16, true),
  };
  const locator = at - 20;
  if (locator < 0 || end.getUint32(locator, true) !== 0x07064b50) return short;
  const record = viewOf(bytes.piece(whole(end, locator + 8), 56));
  demand(record.getUint32(0, true) === 0x06064b50, "its 64-bit directory is missing");
  return { count: whole(record, 32), size: whole(record, 40), offset: whole(record, 48) };
};

/** 64 bits; beyond 2⁵³ it is no place in any file, and the bounds refuse it. */
const whole = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

const directory = (view: DataView, count: number, demand: Demand): ReadonlyMap<string, Member> => {
  const members = new Map<string, Member>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    demand(at + 46 <= view.byteLength, "its directory is cut short");
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const next = at + 46 + name! + extra! + comment!;
    demand(next <= view.byteLength, "its directory is cut short");
    const member = memberAt(view, at, name!, extra!);
    demand(view.getUint32(at, true) === 0x02014b50, "its directory is damaged");
    demand(!members.has(member.name), `it holds ${member.name} twice`);
    const method = view.getUint16(at + 10, true);
    demand(method === 0 || method === 8, `${member.name} is packed by method ${method}`);
    demand(
      member.isDeflated ? member.size <= member.packed * BEST_RATIO : member.size === member.packed,
      `${member.name} claims ${member.size} bytes, packed as ${member.packed}`,
    );
    members.set(member.name, member);
    at = next;
  }
  return members;
};

const FULL = 0xffffffff;

/** Sizes and the offset; where 32 bits are too few, from the extra field 1, in this order. */
const memberAt = (view: DataView, at: number, nameLength: number, extra: number): Member => {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at + 46, nameLength);
  const wide = wideFields(view, at + 46 + nameLength, extra);
  const [size, packed, offset] = [24, 20, 42].map((field) => {
    const value = view.getUint32(at + field, true);
    return value === FULL ? (wide.shift() ?? value) : value;
  });
  const isDeflated = view.getUint16(at + 10, true) === 8;
  const name = new TextDecoder().decode(bytes);
  return { name, size: size!, packed: packed!, isDeflated, offset: offset! };
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
