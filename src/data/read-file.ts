/** Reads a picture, a label or a list whole, if it is a file and not too large. */

import { close, read } from "node:fs";
import { promisify } from "node:util";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Failure } from "../diagnostic/failure.js";
import { openRegular, type RegularFile } from "../file/regular.js";
import { systemReason } from "../file/system.js";
import { tooLarge, unreadable } from "./errors.js";

/** Far above any picture or list; nothing larger is brought into memory. */
const MOST = 2 ** 30;

/** Pipes and devices, which never end, are refused on the descriptor that is read. */
export const readWhole = (path: string, most = MOST): TE.TaskEither<Failure, Buffer> =>
  TE.bracket(
    TE.fromEither(
      pipe(
        openRegular(path),
        E.mapLeft((reason) => unreadable(path, reason)),
      ),
    ),
    (file) =>
      pipe(
        withinBound(path, file, most),
        TE.fromEither,
        TE.chain(() => contents(path, file)),
      ),
    ({ descriptor }) => TE.fromTask(() => promisify(close)(descriptor)),
  );

const withinBound = (path: string, { size }: RegularFile, most: number): E.Either<Failure, void> =>
  size > most ? E.left(tooLarge(path, size, most)) : E.right(undefined);

const contents = (path: string, { descriptor, size }: RegularFile) =>
  TE.tryCatch(
    async () => {
      const bytes = Buffer.allocUnsafe(size);
      const { bytesRead } = await promisify(read)(descriptor, bytes, 0, size, 0);
      return bytes.subarray(0, bytesRead);
    },
    (error) => unreadable(path, systemReason(error)),
  );
