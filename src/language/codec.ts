/** What a piece of the language is: an io-ts codec that also knows its words, its JSON Schema and its faults. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import { type Checked, error, type Path, rejectAll } from "../diagnostic/diagnostic.js";

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

/** Why a value is not of the language. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly label: string;
  readonly on?: "key" | "value";
  readonly notes?: readonly string[];
  readonly help?: readonly string[];
}

/** io-ts carries the fault from where it is found to `decode`, and the path in its context. */
interface Blamed extends t.ValidationError {
  readonly fault: Fault;
}

const isBlamed = (e: t.ValidationError): e is Blamed => "fault" in e;

export const fail = (value: unknown, context: t.Context, fault: Fault): E.Either<t.Errors, never> =>
  E.left([blame(value, context, fault)]);

export const blame = (value: unknown, context: t.Context, fault: Fault): t.ValidationError => {
  const blamed: Blamed = { value, context, fault };
  return blamed;
};

/** `expects` completes the sentence "expected …"; `shapes` are the forms that the codec looks into at all. */
export interface Described {
  readonly expects: string;
  readonly shapes: readonly Shape[];
  readonly schema: JsonSchema;
}

export class Codec<A> extends t.Type<A, A, unknown> implements Described {
  constructor(
    readonly expects: string,
    readonly shapes: readonly Shape[],
    readonly schema: JsonSchema,
    validate: t.Validate<unknown, A>,
  ) {
    super(expects, (u): u is A => E.isRight(validate(u, [])), validate, t.identity);
  }
}

/** Any codec of the language, whatever it decodes to. */
export type AnyCodec = t.Mixed & Described;

/** The same codec with a sentence for editors and for the reference. */
export const documented = <A>(codec: Codec<A>, description: string): Codec<A> =>
  new Codec(codec.expects, codec.shapes, { ...codec.schema, description }, codec.validate);

/** Every fault of the value, each at its path. */
export const decode = <A>(codec: Codec<A>, value: unknown): Checked<A> => {
  const decoded = codec.validate(value, [{ key: "", type: codec, actual: value }]);
  const errors = E.isLeft(decoded) ? decoded.left.filter(isBlamed) : [];
  const found = errors.map(({ context, fault: { code, message, label, on, notes, help } }) =>
    error(
      code,
      message,
      { path: pathOf(context), label, ...(on && { on }) },
      {
        notes: notes ?? [],
        help: help ?? [],
      },
    ),
  );
  return E.isRight(decoded) ? decoded : rejectAll(found);
};

const pathOf = (context: t.Context): Path =>
  context.slice(1).map(({ key }, i) => (Array.isArray(context[i]!.actual) ? Number(key) : key));
