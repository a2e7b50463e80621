/** A training that diverged, and how it goes on: what happened and what the spec allows enter, a slower plan leaves. */

import type { Failure } from "../diagnostic/failure.js";
import type { Train } from "../normalize/experiment.js";

/** A step back. Kept in the run, so that whatever resumes it takes the same way. */
export interface Recovery {
  /** The step that diverged. */
  readonly step: number;
  /** The step from whose checkpoint on training was done again. */
  readonly to: number;
  /** `NaN`, `Infinity`; or the variable that was not finite. */
  readonly what: string;
  /** What the rates of the steps after `to` were multiplied by. */
  readonly factor: number;
}

/** The loss or the weights of a step are not finite. */
export class Diverged extends Error {
  constructor(
    readonly step: number,
    readonly what: string,
    /** In words, with the checkpoint that is still good. */
    readonly failure: (good: string | null) => Failure,
  ) {
    super(`step ${step} diverged: ${what}`);
    this.name = "Diverged";
  }
}

/** What all recoveries together make of the rate of step `index`, from 0. */
export const slowed = (recoveries: readonly Recovery[], index: number): number =>
  recoveries.reduce((rate, { to, factor }) => (index >= to ? rate * factor : rate), 1);

/** The next step back, or `null` where the spec allows none any more. */
export const recoveryFrom = (
  { step, what }: Diverged,
  to: number,
  known: readonly Recovery[],
  allowed: Train["recover"],
): Recovery | null =>
  allowed === null || known.length >= allowed.attempts
    ? null
    : { step, to, what, factor: allowed.factor };

/** How a recovery stands among the metrics: behind all that is told of the step it went back to. */
export const recoveryLine = ({ to, ...about }: Recovery): object => ({
  step: to,
  recovered: about,
});
