/** The world's mistakes (a file, a disk, a device): what leaves is a value that says what happened and what to do. */

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

/** A Failure on its way through code that throws: `async` generators and workers. Caught at the edge, in cli/. */
export class Failed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = "Failed";
  }
}
