/** Codecs of the values that run files hold, and JSON decoded by a codec: the value, or the reasons why it is none. */

import { existsSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { flow, pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { type Diagnostic, formatPath } from "../diagnostic/diagnostic.js";
import type { Failure } from "../diagnostic/failure.js";
import { readRegular } from "../file/regular.js";
import { type Codec, fail, plainly } from "../language/codec.js";
import { decode } from "../language/decode.js";
import { wrongType } from "../language/errors.js";
import { integer, oneOf, real } from "../language/value.js";
import { damagedFile } from "./errors.js";

const nothing: Codec<null> = plainly("nothing", ["nothing"], { type: "null" }, (u, c) =>
  u === null ? t.success(u) : fail(u, c, wrongType("nothing", u)),
);

/** The value, or `null` where there is none. */
export const nullable = <A>(codec: Codec<A>): Codec<A | null> => oneOf(nothing, codec);

/** Also the empty one. */
export const words: Codec<string> = plainly("text", ["text"], { type: "string" }, (u, c) =>
  typeof u === "string" ? t.success(u) : fail(u, c, wrongType("text", u)),
);

export const share = real({ min: 0, max: 1 });
export const count = integer({ min: 0 });

/** One reason a line: `steps: expected a whole number of at least 0, found the text "many"`. */
export const reasons = (found: readonly Diagnostic[], within: readonly string[] = []): string =>
  found
    .map(({ primary, message }) => `${formatPath([...within, ...primary.path])}: ${message}`)
    .join("\n");

export const parseJson = (text: string): E.Either<string, unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(text),
    () => "it is not JSON, or was cut short",
  );

export const decoded =
  <A>(codec: Codec<A>) =>
  (value: unknown): E.Either<string, A> =>
    pipe(decode(codec, value), E.mapLeft(reasons));

export const decodeJson = <A>(codec: Codec<A>): ((text: string) => E.Either<string, A>) =>
  flow(parseJson, E.chain(decoded(codec)));

/** What a file holds, `null` where there is no such file, or why it cannot be read. */
export const readJson = <A>(file: string, codec: Codec<A>): E.Either<Failure, A | null> =>
  pipe(
    textOf(file),
    E.chain((text) => (text === null ? E.right(null) : decodeJson(codec)(text))),
    E.mapLeft((reason) => damagedFile(file, reason)),
  );

/** The text of a file, or `null` where there is none. */
export const textOf = (file: string): E.Either<string, string | null> =>
  existsSync(file)
    ? pipe(
        readRegular(file),
        E.map((bytes) => bytes.toString("utf8")),
      )
    : E.right(null);
