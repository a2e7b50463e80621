/**
 * Reads a pickle as data: numbers, texts, lists, maps, and a description of whatever Python would run code to make.
 *
 * A pickle is a program for a machine with a stack. This machine knows all instructions of protocols 0 to 5 that files
 * use, and runs nothing: a global is its name, a call is its callee and arguments. Every instruction takes at least a
 * byte, adds at most a value, and is a step of the caller's budget.
 */

import * as E from "fp-ts/lib/Either.js";
import type { Budget } from "../source/budget.js";
import { Machine, type Outside, type Value } from "./pickle-machine.js";

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
    if (budget.spend("steps")) step(machine);
    else machine.fail(budget.overrun() ?? "");
  const value = machine.pop();
  return machine.fault === null
    ? E.right({ value, end: machine.position, outside: machine.outside })
    : E.left(machine.fault);
};

const step = (machine: Machine): void => {
  const code = machine.byte();
  const act = instructions[code];
  if (act === undefined) machine.fail(`it has the instruction ${code}, which data need not`);
  else if (machine.fault === null) act(machine);
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
