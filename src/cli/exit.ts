/** The exit codes, and the errors that carry one. */

import type { Check } from "../compile.js";
import type { Failure } from "../diagnostic/failure.js";

export const exit = {
  ok: 0,
  /** The spec or the data is wrong. */
  wrong: 1,
  /** Two things that were compared differ; only where `--exit-code` asks. */
  differs: 2,
  usage: 3,
  /** The training (or what runs a trained network) failed. */
  failed: 4,
  /** Another process of the gang is lost: all are to be started again (EX_TEMPFAIL). */
  again: 75,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** The spec is wrong; carries everything that was found in it, for the printer. */
export class Rejected extends Error {
  constructor(
    readonly check: Check<unknown>,
    /** The answer was asked for as JSON. */
    readonly json: boolean,
  ) {
    super("the spec is wrong");
    this.name = "Rejected";
  }
}

/** The command line is wrong. */
export class Misused extends Error {
  constructor(
    message: string,
    readonly help?: string,
    /** What else is wrong with it. */
    readonly more: readonly Misused[] = [],
  ) {
    super(message);
    this.name = "Misused";
  }
}

/** Ctrl-C, before anything was made that would have to be saved. */
export class Interrupted extends Error {
  constructor() {
    super("stopped");
    this.name = "Interrupted";
  }
}

/** The spec and the data were right, and the training failed on its way. */
export class TrainingFailed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = "TrainingFailed";
  }
}
