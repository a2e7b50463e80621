/** The machine that reads a pickle: its values, its stack and memo, and what its instructions do with them. */

import { viewOf } from "./file.js";

export type Value = null | boolean | number | bigint | string | Uint8Array | Value[] | Dict | Made;

/** Keys that are no text (the counters of an optimiser) are left out with their values. */
export type Dict = Map<string, Value>;

/** What Python would make by code. */
export type Made = Global | Call | Outside;

export interface Global {
  readonly kind: "global";
  /** `collections.OrderedDict`, for one. */
  readonly name: string;
}

export interface Call {
  readonly kind: "call";
  readonly callee: Value;
  readonly args: readonly Value[];
  /** What was set on the result as on a map. */
  readonly items: Dict;
  /** What the result was told to restore itself from. */
  state: Value;
}

/** An object that lies outside the pickle, under this id. */
export interface Outside {
  readonly kind: "outside";
  readonly id: Value;
}

/** After a fault the machine stands still: what its methods then give is of no use, and harmless. */
export class Machine {
  readonly stack: Value[] = [];
  /** Heights of the stack at which marks lie. */
  readonly marks: number[] = [];
  readonly memo = new Map<number, Value>();
  readonly outside: Outside[] = [];
  /** Why the pickle cannot be read; the first reason is kept. */
  fault: string | null = null;
  isStopped = false;
  position = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = viewOf(bytes);
  }

  fail(reason: string): void {
    this.fault ??= reason;
  }

  /** Moves over `length` bytes and gives where they began, or `null`. */
  private skip(length: number): number | null {
    const from = this.position;
    if (!(length >= 0 && from + length <= this.bytes.length)) {
      this.fail(CUT_SHORT);
      return null;
    }
    this.position += length;
    return from;
  }

  private number(length: number, get: (at: number) => number): number {
    const at = this.skip(length);
    return at === null ? 0 : get(at);
  }

  byte = (): number => this.number(1, (at) => this.view.getUint8(at));
  word = (): number => this.number(2, (at) => this.view.getUint16(at, true));
  integer = (): number => this.number(4, (at) => this.view.getInt32(at, true));
  count = (): number => this.number(4, (at) => this.view.getUint32(at, true));
  long = (): number => this.number(8, (at) => Number(this.view.getBigUint64(at, true)));
  real = (): number => this.number(8, (at) => this.view.getFloat64(at, false));

  take(length: number): Uint8Array {
    const from = this.skip(length);
    return from === null ? new Uint8Array() : this.bytes.subarray(from, from + length);
  }

  text = (length: number): string => new TextDecoder().decode(this.take(length));

  /** Python 2's strings are bytes, a character each. */
  string = (length: number): string => {
    const bytes = this.take(length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  };

  line(): string {
    const end = this.bytes.indexOf(10, this.position);
    if (end < 0) this.fail(CUT_SHORT);
    const text = this.text(Math.max(0, end - this.position));
    this.skip(end < 0 ? 0 : 1);
    return text;
  }

  push = (value: Value): void => {
    this.stack.push(value);
  };

  pop(): Value {
    const bottom = this.marks.at(-1) ?? 0;
    const value = this.stack.length > bottom ? this.stack.pop() : undefined;
    if (value === undefined) this.fail("it takes from an empty stack");
    return value ?? null;
  }

  top(): Value {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  /** Everything above the last mark. */
  popMark(): Value[] {
    const from = this.marks.pop();
    if (from !== undefined) return this.stack.splice(from);
    this.fail("a mark is missing");
    return [];
  }

  /** The last `n` values, in order. */
  popMany = (n: number): Value[] => Array.from({ length: n }, () => this.pop()).reverse();

  keep = (key: number): void => {
    this.memo.set(key, this.top());
  };

  recall(key: number): void {
    const value = this.memo.get(key);
    if (value === undefined) this.fail(`it recalls ${key}, which it never put`);
    this.push(value ?? null);
  }

  /** What is appended to other objects than lists belongs to nobody's weights. */
  append(items: readonly Value[]): void {
    const list = this.top();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (!isMade(list)) this.fail("it appends to what is no list");
  }

  set(pairs: readonly Value[]): void {
    const into = this.top();
    const dict = into instanceof Map ? into : isCall(into) ? into.items : null;
    if (dict === null) this.fail("it sets an item of what is no map");
    else this.failIf(setPairs(dict, pairs));
  }

  failIf(reason: string | null): void {
    if (reason !== null) this.fail(reason);
  }

  dict(pairs: readonly Value[]): void {
    const made: Dict = new Map();
    this.failIf(setPairs(made, pairs));
    this.push(made);
  }

  global(module: Value, name: Value): void {
    if (typeof module !== "string" || typeof name !== "string") this.fail("a global has no name");
    this.push({ kind: "global", name: `${module}.${name}` });
  }

  call(callee: Value, args: Value): void {
    if (!isMade(callee)) this.fail("it calls what is no global");
    else if (!Array.isArray(args)) this.fail("it calls without a list of arguments");
    else this.push({ kind: "call", callee, args, items: new Map(), state: null });
  }

  refer(id: Value): void {
    const outside = { kind: "outside", id } as const;
    this.outside.push(outside);
    this.push(outside);
  }

  /** What other values than calls are to restore (the versions of PyTorch's layers) says nothing about numbers. */
  restore(state: Value): void {
    const of = this.top();
    if (isCall(of)) of.state = state;
  }

  /** Little-endian, two's complement. */
  bigInteger(length: number): void {
    if (length > LONGEST_INTEGER) this.fail(`it holds an integer of ${length} bytes`);
    const bytes = this.take(Math.min(length, LONGEST_INTEGER));
    const digits = Buffer.from(bytes).reverse().toString("hex");
    this.integral(digits === "" ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${digits}`)));
  }

  private integral(value: bigint): void {
    const small = Number(value);
    this.push(Number.isSafeInteger(small) ? small : value);
  }

  /** Protocol 0 writes `00` and `01` for false and true, and a long with an L at its end. */
  decimal(text: string): void {
    if (text === "00" || text === "01") this.push(text === "01");
    else if (/^-?\d{1,1000}L?$/.test(text)) this.integral(BigInt(text.replace("L", "")));
    else this.fail("it holds an integer without digits");
  }
}

/** The reason that more bytes may cure. */
export const CUT_SHORT = "it is cut short";

const LONGEST_INTEGER = 1024;

export const isMade = (value: Value | undefined): value is Made =>
  typeof value === "object" && value !== null && "kind" in value;

export const isCall = (value: Value | undefined): value is Call =>
  isMade(value) && value.kind === "call";

const setPairs = (dict: Dict, pairs: readonly Value[]): string | null => {
  for (let i = 0; i < pairs.length; i += 2) {
    const [key, value] = pairs.slice(i, i + 2);
    if (value === undefined) return "a key has no value";
    if (typeof key === "string") dict.set(key, value);
  }
  return null;
};
