/** Runs a generator of events to its answer: shows the events, and hands Ctrl-C on as an abort signal. */

import { setImmediate } from "node:timers/promises";
import { Failed } from "../diagnostic/failure.js";
import { refusedBySystem } from "../file/system.js";
import type { Event } from "../run/event.js";
import { GangBroken } from "../runtime/errors.js";
import { notPrinted, readerLost } from "./errors.js";
import { exit, Interrupted, TrainingFailed } from "./exit.js";
import { type BatchOf, eventLines, progressOn } from "./progress.js";
import { type Terminal, tell } from "./terminal.js";

export interface Followed<A> {
  readonly answer: A;
  /** Everything but steps and counts, in order. */
  readonly events: readonly Event[];
  readonly interrupted: boolean;
}

/** What asks a program to end: the terminal's keys, a batch system, a terminal that is closed. */
export const stops = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * Whoever reads `out` may go, or its disk be full: what is under way is worth more than what would be told of it. The
 * work goes on, says so once, and is an error at its end unless the reader left by itself.
 */
const watched = (terminal: Terminal) => {
  let lost: NodeJS.ErrnoException | null = null;
  const onError = (error: NodeJS.ErrnoException): void => {
    if (lost === null) tell(terminal, readerLost(error));
    lost ??= error;
  };
  terminal.out.on("error", onError);
  return {
    demandWritten: () => {
      if (lost !== null && lost.code !== "EPIPE") throw new Failed(notPrinted(lost));
    },
    close: () => terminal.out.off("error", onError),
  };
};

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
  for (const signal of stops) process.on(signal, onSignal);
  const reader = watched(terminal);
  const events: Event[] = [];
  try {
    const program = work(stop.signal);
    for (;;) {
      const next = await program.next();
      if (next.done) {
        reader.demandWritten();
        return { answer: next.value, events, interrupted: stop.signal.aborted };
      }
      progress.show(next.value);
      if (next.value.kind === "step") trained = true;
      else if (next.value.kind !== "progress") events.push(next.value);
      // What computes blocks this thread: only here do signals come through.
      await setImmediate();
    }
  } catch (error) {
    if (error === stop.signal.reason && stop.signal.aborted) throw new Interrupted();
    if (error instanceof GangBroken) throw error;
    const failure = error instanceof Failed ? error.failure : refusedBySystem(error);
    if (failure === null) throw error;
    progress.failed?.(failure);
    throw trained ? new TrainingFailed(failure) : new Failed(failure);
  } finally {
    progress.close();
    for (const signal of stops) process.off(signal, onSignal);
    reader.close();
  }
};
