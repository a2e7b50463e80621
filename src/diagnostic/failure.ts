/** What went wrong in the world (a file, a disk, a device), as a value: what happened, why, and what to do. */

import { type Either, isLeft } from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";

export interface Failure {
  readonly kind: "failure";
  /** What could not be done, and to what: "cannot read labels/7.png". */
  readonly message: string;
  /** Why, as far as the world told us. */
  readonly reason?: string;
  /** An instruction. */
  readonly help?: string;
}

export const failure = (message: string, reason?: string, help?: string): Failure => ({
  kind: "failure",
  message,
  ...(reason === undefined ? {} : { reason }),
  ...(help === undefined ? {} : { help }),
});

/** A Failure on its way through code that throws: `async` generators and workers. */
export class Failed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = "Failed";
  }
}

/** The value of a task, for code that throws. @throws Failed */
export const orThrow = async <A>(task: TaskEither<Failure, A>): Promise<A> =>
  valueOrThrow(await task());

/** The value of what was read, for code that throws. @throws Failed */
export const valueOrThrow = <A>(read: Either<Failure, A>): A => {
  if (isLeft(read)) throw new Failed(read.left);
  return read.right;
};
