/**
 * A pickle enters; plain data leave: numbers, texts, lists, maps, and what PyTorch's files refer to.
 *
 * A pickle is a program for a machine with a stack. This one has the instructions that data need (protocols 2 to 5) and
 * calls nothing: a global that is not in the caller's list is refused by its name. Every instruction takes at least a
 * byte and adds at most a value, so that time and memory are bounded by the pickle's length.
 */

import { viewOf } from "./file.js";

export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | Dict | Thing;

/** Keys that are no text are not looked up by anyone, and are left out. */
export type Dict = Map<string, Value>;

/** What a global stands for, or what calling one makes: told apart by `kind`, which the caller gives. */
export interface Thing {
  readonly kind: string;
}

/** How the globals, and the objects outside the pickle, are understood. Each may throw. */
export interface Meaning {
  /** `collections.OrderedDict` and the like. */
  readonly global: (name: string) => Thing;
  readonly call: (callee: Thing, args: readonly Value[]) => Value;
  /** A persistent id. */
  readonly outside: (id: Value) => Value;
}

/** Why a pickle cannot be read. */
export class Unpicklable extends Error {}

const refuse = (reason: string): never => {
  throw new Unpicklable(reason);
};

class Machine {
  readonly stack: Value[] = [];
  /** Heights of the stack at which marks lie. */
  readonly marks: number[] = [];
  readonly memo = new Map<number, Value>();
  private at = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    readonly meaning: Meaning,
  ) {
    this.view = viewOf(bytes);
  }

  /** Moves over `length` bytes; where they began leaves. */
  private skip(length: number): number {
    const from = this.at;
    if (!(length >= 0 && from + length <= this.bytes.length)) refuse("it is cut short");
    this.at += length;
    return from;
  }

  byte = (): number => this.view.getUint8(this.skip(1));
  word = (): number => this.view.getUint16(this.skip(2), true);
  integer = (): number => this.view.getInt32(this.skip(4), true);
  count = (): number => this.view.getUint32(this.skip(4), true);
  long = (): number => Number(this.view.getBigUint64(this.skip(8), true));
  real = (): number => this.view.getFloat64(this.skip(8), false);

  take(length: number): Uint8Array {
    const from = this.skip(length);
    return this.bytes.subarray(from, from + length);
  }

  text = (length: number): string => new TextDecoder().decode(this.take(length));

  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) refuse("it is cut short");
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }

  push = (value: Value): void => {
    this.stack.push(value);
  };

  pop(): Value {
    const bottom = this.marks.at(-1) ?? 0;
    if (this.stack.length <= bottom) refuse("it takes from an empty stack");
    return this.stack.pop()!;
  }

  top(): Value {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  /** Everything above the last mark. */
  popMark(): Value[] {
    const from = this.marks.pop() ?? refuse("a mark is missing");
    return this.stack.splice(from);
  }

  recall(key: number): Value {
    const value = this.memo.get(key);
    return value === undefined ? refuse(`it recalls ${key}, which it never put`) : value;
  }

  list(): Value[] {
    const value = this.top();
    return Array.isArray(value) ? value : refuse("it appends to what is no list");
  }

  set(pairs: readonly Value[]): void {
    const into = this.top();
    const dict = into instanceof Map ? into : refuse("it sets an item of what is no map");
    if (pairs.length % 2 !== 0) refuse("a key has no value");
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i]!;
      if (typeof key === "string") dict.set(key, pairs[i + 1]!);
    }
  }

  global(module: Value, name: Value): void {
    if (typeof module !== "string" || typeof name !== "string") refuse("a global has no name");
    this.push(this.meaning.global(`${module}.${name}`));
  }

  call(): void {
    const args = this.pop();
    const callee = this.pop();
    if (!Array.isArray(args) || !isThing(callee))
      refuse("it calls what is no global, or not with a tuple");
    else this.push(this.meaning.call(callee, args));
  }

  /** Little-endian, two's complement. */
  bigInteger(length: number): void {
    const bytes = this.take(length);
    const digits = Buffer.from(bytes).reverse().toString("hex");
    const value = length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${digits}`));
    const small = Number(value);
    this.push(Number.isSafeInteger(small) ? small : value);
  }

  /** @returns false once the program has stopped. */
  step(): boolean {
    const code = this.byte();
    if (code === STOP) return false;
    const act = instructions[code] ?? refuse(`it has the instruction ${code}, which data need not`);
    act(this);
    return true;
  }
}

export const isThing = (value: Value): value is Thing =>
  typeof value === "object" && value !== null && "kind" in value;

const STOP = 0x2e;

/** A tuple of the last `n` values. */
const tuple = (m: Machine, n: number): void => {
  const items = Array.from({ length: n }, () => m.pop());
  m.push(items.reverse());
};

const instructions: Readonly<Record<number, (m: Machine) => void>> = {
  128: (m) => m.byte() > 5 && refuse("it is of a protocol beyond 5"), // PROTO
  149: (m) => m.long(), // FRAME
  40: (m) => m.marks.push(m.stack.length), // MARK
  48: (m) => m.pop(), // POP
  49: (m) => m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  74: (m) => m.push(m.integer()), // BININT
  75: (m) => m.push(m.byte()), // BININT1
  77: (m) => m.push(m.word()), // BININT2
  138: (m) => m.bigInteger(m.byte()), // LONG1
  71: (m) => m.push(m.real()), // BINFLOAT
  84: (m) => m.push(m.text(m.integer())), // BINSTRING
  85: (m) => m.push(m.text(m.byte())), // SHORT_BINSTRING
  88: (m) => m.push(m.text(m.count())), // BINUNICODE
  140: (m) => m.push(m.text(m.byte())), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.long())), // BINUNICODE8
  66: (m) => m.push(m.take(m.count())), // BINBYTES
  67: (m) => m.push(m.take(m.byte())), // SHORT_BINBYTES
  41: (m) => m.push([]), // EMPTY_TUPLE
  116: (m) => m.push(m.popMark()), // TUPLE
  133: (m) => tuple(m, 1), // TUPLE1
  134: (m) => tuple(m, 2), // TUPLE2
  135: (m) => tuple(m, 3), // TUPLE3
  93: (m) => m.push([]), // EMPTY_LIST
  108: (m) => m.push(m.popMark()), // LIST
  97: (m) => append(m, [m.pop()]), // APPEND
  101: (m) => append(m, m.popMark()), // APPENDS
  125: (m) => m.push(new Map()), // EMPTY_DICT
  115: (m) => m.set([m.pop(), m.pop()].reverse()), // SETITEM
  117: (m) => m.set(m.popMark()), // SETITEMS
  113: (m) => m.memo.set(m.byte(), m.top()), // BINPUT
  114: (m) => m.memo.set(m.count(), m.top()), // LONG_BINPUT
  148: (m) => m.memo.set(m.memo.size, m.top()), // MEMOIZE
  104: (m) => m.push(m.recall(m.byte())), // BINGET
  106: (m) => m.push(m.recall(m.count())), // LONG_BINGET
  99: (m) => m.global(m.line(), m.line()), // GLOBAL
  147: (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  }, // STACK_GLOBAL
  82: (m) => m.call(), // REDUCE
  129: (m) => m.call(), // NEWOBJ
  // The attributes of a map (PyTorch's versions of its layers) say nothing about its numbers.
  98: (m) => m.pop(), // BUILD
  81: (m) => m.push(m.meaning.outside(m.pop())), // BINPERSID
};

const append = (m: Machine, items: readonly Value[]): void => {
  const list = m.list();
  for (const item of items) list.push(item);
};

/** @throws Unpicklable, and whatever `meaning` throws. */
export const unpickle = (bytes: Uint8Array, meaning: Meaning): Value => {
  const machine = new Machine(bytes, meaning);
  while (machine.step());
  return machine.pop();
};
