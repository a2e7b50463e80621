/** Runs a generator of events to its answer: shows the events, and hands Ctrl-C on as an abort signal. */

import { setImmediate } from "node:timers/promises";
import { Failed } from "../diagnostic/failure.js";
import type { Event } from "../run/event.js";
import { exit, Interrupted, TrainingFailed } from "./exit.js";
import { type BatchOf, eventLines, progressOn } from "./progress.js";
import type { Terminal } from "./terminal.js";

export interface Followed<A> {
  readonly answer: A;
  /** Everything but steps and counts, in order. */
  readonly events: readonly Event[];
  readonly interrupted: boolean;
}

type Work<A> = (signal: AbortSignal) => AsyncGenerator<Event, A>;

/**
 * Runs to the end, or to the stop that Ctrl-C asks for. A second Ctrl-C ends the process at once.
 * @throws TrainingFailed for a failure after the first step; earlier ones are the data's, and pass as they are.
 */
export const follow = async <A>(
  terminal: Terminal,
  work: Work<A>,
  batchOf?: BatchOf,
  /** Each event as a line of JSON, for a program. */
  json = false,
): Promise<Followed<A>> => {
  const progress = json ? eventLines(terminal) : progressOn(terminal, batchOf);
  const stop = new AbortController();
  let trained = false;
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(exit.interrupted);
    stop.abort();
    progress.say(
      trained
        ? "\nstopping, and saving what is done; Ctrl-C again stops at once, without saving"
        : "\nstopping; Ctrl-C again stops at once",
    );
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const events: Event[] = [];
  try {
    const program = work(stop.signal);
    for (;;) {
      const next = await program.next();
      if (next.done) return { answer: next.value, events, interrupted: stop.signal.aborted };
      progress.show(next.value);
      if (next.value.kind === "step") trained = true;
      else if (next.value.kind !== "progress") events.push(next.value);
      // What computes blocks this thread: only here do signals come through.
      await setImmediate();
    }
  } catch (error) {
    if (error === stop.signal.reason && stop.signal.aborted) throw new Interrupted();
    if (error instanceof Failed) progress.failed?.(error.failure);
    throw trained && error instanceof Failed ? new TrainingFailed(error.failure) : error;
  } finally {
    progress.close();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
};
