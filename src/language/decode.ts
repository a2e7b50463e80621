/**
 * Reads a value of the language, and finds every fault in it. What cannot be read does not hide the rest: `recover`
 * gives the value without it, and says which keys are poisoned, so that later phases can look at everything else.
 */

import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts";
import {
  type Checked,
  type Diagnostic,
  error,
  type Fix,
  type Path,
  rejectAll,
} from "../diagnostic/diagnostic.js";
import { type Codec, type Fault, isBlamed } from "./codec.js";
import { type Declared, declarationAt } from "./path.js";

/** Every fault of the value, each at its path. */
export const decode = <A>(codec: Codec<A, unknown>, value: unknown): Checked<A> => {
  const decoded = read(codec, value);
  return E.isRight(decoded) ? decoded : rejectAll(faultsIn(decoded.left).map(diagnostic));
};

export interface Recovered<A> {
  /** Without the keys that could not be read; those that are needed hold a stand-in. */
  readonly value: A;
  readonly found: readonly Diagnostic[];
  /**
   * Keys, with dots, whose value is not the author's: it could not be read, it is missing, or an unknown key beside
   * it was meant to set it.
   */
  readonly poisoned: ReadonlySet<string>;
}

/** `standIn` takes the place of a value of which nothing can be read. */
export const recover = <A>(codec: Codec<A, unknown>, standIn: A, value: unknown): Recovered<A> => {
  const first = read(codec, value);
  if (E.isRight(first)) return { value: first.right, found: [], poisoned: new Set() };
  const found = faultsIn(first.left);
  const nothing = { value: standIn, poisoned: new Set(codec.keys.map(([name]) => name)) };
  const repaired = repair(codec, value, found, new Set(), 0) ?? nothing;
  return { ...repaired, found: found.map(diagnostic) };
};

/** What stands in for a needed key may be needed for another: a few rounds end it. */
const ROUNDS = 8;

const repair = <A>(
  codec: Codec<A, unknown>,
  value: unknown,
  found: readonly Found[],
  poisoned: ReadonlySet<string>,
  round: number,
): Omit<Recovered<A>, "found"> | undefined => {
  const remedies = found.map((fault) => remedyOf(fault, value));
  const changed = remedies.reduce((whole, { path, by }) => replaced(whole, path, by), value);
  const all = new Set([...poisoned, ...remedies.flatMap((remedy) => remedy.poisons)]);
  const again = read(codec, changed);
  if (E.isRight(again)) return { value: again.right, poisoned: all };
  return round < ROUNDS ? repair(codec, changed, faultsIn(again.left), all, round + 1) : undefined;
};

interface Remedy {
  readonly path: Path;
  /** `undefined` takes the key away. */
  readonly by: unknown;
  readonly poisons: readonly string[];
}

const remedyOf = ({ path, fault }: Found, value: unknown): Remedy => {
  const isInList = path.some((step) => typeof step === "number");
  if (fault.unknown !== undefined && !isInList) {
    const { meant } = fault.unknown;
    const beside = meant === undefined ? undefined : [...path.slice(0, -1), meant];
    const isOpen = beside !== undefined && valueAt(value, beside) === undefined;
    return { path, by: undefined, poisons: isOpen ? [beside.join(".")] : [] };
  }
  // A map without what it needs is no value at all, where the spec can do without it.
  const isNeeded = enclosing(path).key?.otherwise.need !== "optional";
  const lacking = fault.lacks === undefined || !isNeeded ? path : [...path, fault.lacks];
  const { path: at, key } = enclosing(lacking);
  return { path: at, by: key?.otherwise.standIn, poisons: [at.join(".")] };
};

/** The innermost key around a path; a list is one value of its key. */
const enclosing = (path: Path): Pick<Declared, "path"> & Partial<Declared> => {
  const index = path.findIndex((step) => typeof step === "number");
  const outside = (index < 0 ? path : path.slice(0, index)).map(String);
  return (
    outside
      .map((_, i) => declarationAt(outside.slice(0, outside.length - i)))
      .find((declared) => declared !== undefined) ?? { path: outside.slice(0, 1) }
  );
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, step) =>
      isRecord(inner) && Object.hasOwn(inner, step) ? inner[String(step)] : undefined,
    value,
  );

/** The value with another one at a path; what is no map on the way becomes one. */
const replaced = (value: unknown, path: Path, by: unknown): unknown => {
  const [step, ...more] = path;
  if (step === undefined) return by;
  const { [step]: inner, ...rest } = isRecord(value) ? value : {};
  const changed = replaced(inner, more, by);
  return changed === undefined ? rest : { ...rest, [step]: changed };
};

const read = <A>(codec: Codec<A, unknown>, value: unknown): E.Either<t.Errors, A> =>
  codec.validate(value, [{ key: "", type: codec, actual: value }]);

interface Found {
  readonly path: Path;
  readonly fault: Fault;
}

const faultsIn = (errors: t.Errors): readonly Found[] =>
  errors.filter(isBlamed).map(({ context, fault }) => ({ path: pathOf(context), fault }));

const diagnostic = ({ path, fault }: Found): Diagnostic => {
  const { code, message, label, on, notes = [], help = [], unknown, instead = [] } = fault;
  const fixes = [
    ...(unknown?.meant === undefined ? [] : [rename(path, unknown.meant)]),
    ...instead.map(
      ({ text, safe }): Fix => ({
        title: `write \`${text}\``,
        edits: [{ path, text, ...(on && { on }) }],
        safe,
      }),
    ),
  ];
  return error(code, message, { path, label, ...(on && { on }) }, { notes, help, fixes });
};

/** Of a key. It is a guess, which the author looks at first. */
const rename = (path: Path, meant: string): Fix => ({
  title: `write \`${meant}\``,
  edits: [{ path, on: "key", text: meant }],
  safe: false,
});

const pathOf = (context: t.Context): Path =>
  context.slice(1).map(({ key }, i) => (Array.isArray(context[i]?.actual) ? Number(key) : key));
