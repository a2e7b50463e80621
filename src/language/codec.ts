/**
 * What a piece of the language is: an io-ts codec that also knows its words, its JSON Schema, and how a written
 * value becomes a decided one.
 */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import type { AnyKey } from "./key.js";
import type { Decision, Scope } from "./scope.js";

/** A draft-07 schema, as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

export type Shape = "nothing" | "flag" | "number" | "text" | "list" | "map";

export const shapeOf = (value: unknown): Shape => {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "list";
  if (typeof value === "boolean") return "flag";
  if (typeof value === "number") return "number";
  return typeof value === "string" ? "text" : "map";
};

/** Text to take the place of the key or the value that is wrong. */
export interface Instead {
  /** As YAML has it. */
  readonly text: string;
  /** Whether it is surely what the author meant. */
  readonly safe: boolean;
}

/** Why a value is not of the language. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly label: string;
  readonly on?: "key" | "value";
  readonly notes?: readonly string[];
  readonly help?: readonly string[];
  /** What would be right in its place. */
  readonly instead?: readonly Instead[];
  /** The key that the map lacks. */
  readonly lacks?: string;
  /** Of an unknown key: the known one that the author probably meant, if there is one. */
  readonly unknown?: { readonly meant: string | undefined };
}

/** io-ts carries the fault from where it is found to `decode`, and the path in its context. */
interface Blamed extends t.ValidationError {
  readonly fault: Fault;
}

export const isBlamed = (e: t.ValidationError): e is Blamed => "fault" in e;

export const fail = (value: unknown, context: t.Context, fault: Fault): E.Either<t.Errors, never> =>
  E.left([blame(value, context, fault)]);

export const blame = (value: unknown, context: t.Context, fault: Fault): t.ValidationError => {
  const blamed: Blamed = { value, context, fault };
  return blamed;
};

/** What messages, schema and reference need to know of a codec. */
export interface Described {
  /** Completes the sentence "expected …". */
  readonly expects: string;
  /** The forms of values that the codec looks into at all. */
  readonly shapes: readonly Shape[];
  readonly schema: JsonSchema;
  /** The keys inside its values, by name. */
  readonly keys: readonly (readonly [name: string, key: AnyKey])[];
  readonly merging: Merging;
}

/**
 * How a child spec's map changes its parent's: key by key, or by taking its place where the tags differ, where the two
 * are maps of different kinds, or always.
 */
export type Merging =
  | "keys"
  | "choice"
  | "whole"
  | { readonly kinds: readonly (readonly string[])[] };

type Details = Partial<Pick<Described, "keys" | "merging">>;

/** `A` is what an author writes; `D` is what it comes to once everything is decided. */
export class Codec<A, D = A> extends t.Type<A, A, unknown> implements Described {
  readonly keys: Described["keys"];
  readonly merging: Described["merging"];

  constructor(
    readonly expects: string,
    readonly shapes: readonly Shape[],
    readonly schema: JsonSchema,
    validate: t.Validate<unknown, A>,
    private readonly decided: (written: A, scope: Scope) => Decision<D>,
    { keys = [], merging = "keys" }: Details = {},
  ) {
    super(expects, (u): u is A => E.isRight(validate(u, [])), validate, t.identity);
    this.keys = keys;
    this.merging = merging;
  }

  decide(written: A, scope: Scope): Decision<D> {
    return this.decided(written, scope);
  }
}

/** Any codec of the language, whatever it decodes to. */
export interface AnyCodec extends t.Mixed, Described {
  decide(written: unknown, scope: Scope): Decision<unknown>;
}

/** What the values of a codec are once decided. */
export type DecidedBy<C extends AnyCodec> = ReturnType<C["decide"]>["value"];

/** The value stands for itself, and `show` prints it whole. */
export const leaf = <A>(written: A, scope: Scope): Decision<A> => ({
  value: written,
  rows: [scope.row(written)],
});

/** Of values that stand for themselves. */
export const plainly = <A>(
  expects: string,
  shapes: readonly Shape[],
  schema: JsonSchema,
  validate: t.Validate<unknown, A>,
): Codec<A> => new Codec<A>(expects, shapes, schema, validate, leaf);

/** The same codec, whose values mean what `meaning` makes of what is written; `show` prints what is written. */
export const meaning = <A, D>(
  codec: Codec<A, unknown>,
  mean: (written: A, scope: Scope) => D,
): Codec<A, D> =>
  redecided(codec, (written, scope) => ({
    value: mean(written, scope),
    rows: [scope.row(written)],
  }));

/** The same codec, whose decided values are put into another form. */
export const mapped = <A, D, E>(codec: Codec<A, D>, change: (decided: D) => E): Codec<A, E> =>
  redecided(codec, (written, scope) => {
    const { value, rows } = codec.decide(written, scope);
    return { value: change(value), rows };
  });

export const redecided = <A, D>(
  codec: Codec<A, unknown>,
  decide: (written: A, scope: Scope) => Decision<D>,
): Codec<A, D> =>
  new Codec(codec.expects, codec.shapes, codec.schema, codec.validate, decide, codec);
