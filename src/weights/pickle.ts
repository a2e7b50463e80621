/**
 * Reads a pickle as data: numbers, texts, lists, maps, and a description of whatever Python would run code to make.
 *
 * A pickle is a program for a machine with a stack. This machine knows all instructions of protocols 0 to 5 that files
 * use, and runs nothing: a global is its name, a call is its callee and arguments. Every instruction takes at least a
 * byte, adds at most a value, and is a step of the caller's budget.
 */

import * as E from "fp-ts/lib/Either.js";
import type { Budget } from "../source/budget.js";
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

export interface Unpickled {
  readonly value: Value;
  /** Where in the bytes the pickle ends. */
  readonly end: number;
  /** All objects outside the pickle that it refers to. */
  readonly outside: readonly Outside[];
}

/** The pickle at the beginning of `bytes`, or why there is none. */
export const unpickle = (bytes: Uint8Array, budget: Budget): E.Either<string, Unpickled> => {
  const machine = new Machine(bytes);
  while (machine.fault === null && !machine.isStopped)
    if (budget.spend("steps")) machine.step();
    else machine.fail(budget.overrun() ?? "");
  const value = machine.pop();
  return machine.fault === null
    ? E.right({ value, end: machine.position, outside: machine.outside })
    : E.left(machine.fault);
};

/** After a fault the machine stands still: what its methods then give is of no use, and harmless. */
class Machine {
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

  private failIf(reason: string | null): void {
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

  step(): void {
    const code = this.byte();
    const act = instructions[code];
    if (act === undefined) this.fail(`it has the instruction ${code}, which data need not`);
    else if (this.fault === null) act(this);
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

/** Protocol 0's strings stand in quotes, with backslashes before what is not printable. */
const unquoted = (line: string): string => line.replace(/^(['"])(.*)\1\s*$/, "$2");

const instructions: Readonly<Record<number, (m: Machine) => void>> = {
  46: (m) => {
    m.isStopped = true;
  }, // STOP
  128: (m) => {
    if (m.byte() > 5) m.fail("it is of a protocol beyond 5");
  }, // PROTO
  149: (m) => m.long(), // FRAME
  40: (m) => m.marks.push(m.stack.length), // MARK
  48: (m) => m.pop(), // POP
  49: (m) => m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  73: (m) => m.decimal(m.line()), // INT
  76: (m) => m.decimal(m.line()), // LONG
  70: (m) => m.push(Number(m.line())), // FLOAT
  83: (m) => m.push(unquoted(m.line())), // STRING
  86: (m) => m.push(m.line()), // UNICODE
  74: (m) => m.push(m.integer()), // BININT
  75: (m) => m.push(m.byte()), // BININT1
  77: (m) => m.push(m.word()), // BININT2
  138: (m) => m.bigInteger(m.byte()), // LONG1
  139: (m) => m.bigInteger(m.count()), // LONG4
  71: (m) => m.push(m.real()), // BINFLOAT
  84: (m) => m.push(m.string(m.integer())), // BINSTRING
  85: (m) => m.push(m.string(m.byte())), // SHORT_BINSTRING
  88: (m) => m.push(m.text(m.count())), // BINUNICODE
  140: (m) => m.push(m.text(m.byte())), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.long())), // BINUNICODE8
  66: (m) => m.push(m.take(m.count())), // BINBYTES
  67: (m) => m.push(m.take(m.byte())), // SHORT_BINBYTES
  142: (m) => m.push(m.take(m.long())), // BINBYTES8
  150: (m) => m.push(m.take(m.long())), // BYTEARRAY8
  41: (m) => m.push([]), // EMPTY_TUPLE
  116: (m) => m.push(m.popMark()), // TUPLE
  133: (m) => m.push(m.popMany(1)), // TUPLE1
  134: (m) => m.push(m.popMany(2)), // TUPLE2
  135: (m) => m.push(m.popMany(3)), // TUPLE3
  93: (m) => m.push([]), // EMPTY_LIST
  108: (m) => m.push(m.popMark()), // LIST
  97: (m) => m.append([m.pop()]), // APPEND
  101: (m) => m.append(m.popMark()), // APPENDS
  143: (m) => m.push([]), // EMPTY_SET
  144: (m) => m.append(m.popMark()), // ADDITEMS
  145: (m) => m.push(m.popMark()), // FROZENSET
  125: (m) => m.push(new Map()), // EMPTY_DICT
  100: (m) => m.dict(m.popMark()), // DICT
  115: (m) => m.set(m.popMany(2)), // SETITEM
  117: (m) => m.set(m.popMark()), // SETITEMS
  112: (m) => m.keep(Number(m.line())), // PUT
  113: (m) => m.keep(m.byte()), // BINPUT
  114: (m) => m.keep(m.count()), // LONG_BINPUT
  148: (m) => m.keep(m.memo.size), // MEMOIZE
  103: (m) => m.recall(Number(m.line())), // GET
  104: (m) => m.recall(m.byte()), // BINGET
  106: (m) => m.recall(m.count()), // LONG_BINGET
  99: (m) => m.global(m.line(), m.line()), // GLOBAL
  147: (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  }, // STACK_GLOBAL
  82: (m) => callLast(m, m.pop()), // REDUCE
  129: (m) => callLast(m, m.pop()), // NEWOBJ
  146: (m) => {
    m.pop(); // arguments by name
    callLast(m, m.pop());
  }, // NEWOBJ_EX
  105: (m) => {
    const args = m.popMark();
    m.global(m.line(), m.line());
    m.call(m.pop(), args);
  }, // INST
  111: (m) => {
    const [callee = null, ...args] = m.popMark();
    m.call(callee, args);
  }, // OBJ
  98: (m) => m.restore(m.pop()), // BUILD
  80: (m) => m.refer(m.line()), // PERSID
  81: (m) => m.refer(m.pop()), // BINPERSID
};

const callLast = (m: Machine, args: Value): void => m.call(m.pop(), args);
