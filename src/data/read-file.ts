/** Reads files of a data set: a picture, a label or a list whole, if it is not too large; a digest in parts, of any size. */

import { createHash } from "node:crypto";
import { closeSync, read, readSync } from "node:fs";
import { promisify } from "node:util";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as IOE from "fp-ts/lib/IOEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Failure } from "../diagnostic/failure.js";
import { openRegular, type RegularFile } from "../file/regular.js";
import { systemReason } from "../file/system.js";
import { tooLarge, unreadable } from "./errors.js";

const reading = promisify(read);

/** Far above any picture or list; nothing larger is brought into memory. */
const MOST = 2 ** 30;

type Read = (path: string, most?: number) => TE.TaskEither<Failure, Buffer>;

/** Pipes and devices, which never end, are refused on the descriptor that is read. */
const wholeBy =
  (contents: (path: string, file: RegularFile) => TE.TaskEither<Failure, Buffer>): Read =>
  (path, most = MOST) =>
    opened(path, (file) =>
      pipe(
        withinBound(path, file, most),
        TE.fromEither,
        TE.chain(() => contents(path, file)),
      ),
    );

/** How many bytes were read, of all. */
export type Report = (done: number, total: number) => void;

/** SHA-256 of a file's bytes, in hexadecimal digits; a part of it is in memory at a time. */
export const digestFile = (
  path: string,
  report: Report = () => {},
): TE.TaskEither<Failure, string> =>
  opened(path, ({ descriptor, size }) =>
    TE.tryCatch(
      async () => {
        const hash = createHash("sha256");
        const part = Buffer.allocUnsafe(2 ** 20);
        for (let done = 0; ; ) {
          const { bytesRead } = await reading(descriptor, part, 0, part.length, done);
          if (bytesRead === 0) return hash.digest("hex");
          hash.update(part.subarray(0, bytesRead));
          done += bytesRead;
          report(done, size);
        }
      },
      (error) => unreadable(path, systemReason(error)),
    ),
  );

/** What is made of a file that is open meanwhile. */
const opened = <A>(
  path: string,
  use: (file: RegularFile) => TE.TaskEither<Failure, A>,
): TE.TaskEither<Failure, A> =>
  TE.bracket(
    // Opened when it is asked for, and not when it is spoken of.
    pipe(
      TE.fromIO<ReturnType<typeof openRegular>, Failure>(() => openRegular(path)),
      TE.chainEitherK(E.mapLeft((reason) => unreadable(path, reason))),
    ),
    use,
    ({ descriptor }) => TE.fromIO(() => closeSync(descriptor)),
  );

const withinBound = (path: string, { size }: RegularFile, most: number): E.Either<Failure, void> =>
  size > most ? E.left(tooLarge(path, size, most)) : E.right(undefined);

/** Beside what this thread does meanwhile. */
export const readWhole = wholeBy((path, { descriptor, size }) =>
  TE.tryCatch(
    async () => {
      const bytes = Buffer.allocUnsafe(size);
      const { bytesRead } = await reading(descriptor, bytes, 0, size, 0);
      return bytes.subarray(0, bytesRead);
    },
    (error) => unreadable(path, systemReason(error)),
  ),
);

/** By this thread, which waits: for one that has nothing else to do, and so saves two changes of threads. */
export const readWholeHere = wholeBy((path, { descriptor, size }) =>
  TE.fromIOEither(
    IOE.tryCatch(
      () => {
        const bytes = Buffer.allocUnsafe(size);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, size, 0));
      },
      (error) => unreadable(path, systemReason(error)),
    ),
  ),
);
