/** Reads a value of the language, or finds every fault in it. */

import * as E from "fp-ts/lib/Either.js";
import type * as t from "io-ts";
import {
  type Checked,
  type Diagnostic,
  error,
  type Path,
  rejectAll,
} from "../diagnostic/diagnostic.js";
import { type Codec, isBlamed } from "./codec.js";

/** Every fault of the value, each at its path. */
export const decode = <A>(codec: Codec<A, unknown>, value: unknown): Checked<A> => {
  const decoded = codec.validate(value, [{ key: "", type: codec, actual: value }]);
  return E.isRight(decoded) ? decoded : rejectAll(faultsIn(decoded.left));
};

const faultsIn = (errors: t.Errors): readonly Diagnostic[] =>
  errors
    .filter(isBlamed)
    .map(({ context, fault: { code, message, label, on, notes = [], help = [] } }) =>
      error(code, message, { path: pathOf(context), label, ...(on && { on }) }, { notes, help }),
    );

const pathOf = (context: t.Context): Path =>
  context.slice(1).map(({ key }, i) => (Array.isArray(context[i]?.actual) ? Number(key) : key));
