/** One process a run: takes the lock of a run folder, which a training holds until it ends. */

import { rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { unwritable } from "../data/errors.js";
import { makeFolder } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import { type Clock, type Hold, SILENCE, take } from "../file/lock.js";
import { lockLost, runLocked, waitingForEnd } from "./errors.js";
import type { Event } from "./event.js";

export const lockFile = (folder: string): string => join(folder, "lock");

export interface Lock {
  /** As of the last pulse: costs nothing. @throws Failed where another process has taken the folder. */
  readonly demand: () => void;
  /** As of now: before what overwrites a file. @throws Failed as `demand` does. */
  readonly demandNow: () => void;
  readonly isLost: () => boolean;
  /** Gives back the lock, and with it a folder that was made for it and stayed empty. */
  readonly release: () => void;
}

/**
 * Takes the lock, also from a process that is gone. Of one that cannot be seen, as on another machine, it says that it
 * waits for a sign of life, for three minutes; for one that lives it waits as many seconds as it is told.
 * @throws Failed naming the process that holds it.
 */
export async function* lock(
  folder: string,
  signal?: AbortSignal,
  seconds = 0,
  clock: Clock = stoppable(signal),
): AsyncGenerator<Event, Lock> {
  const end = clock.now() + 1000 * seconds;
  for (let tries = 0; ; tries++) {
    const made = makeFolder(folder);
    const found = yield* waiting(folder, clock, signal);
    if ("held" in found) return heldLock(folder, found.held, made);
    if (clock.now() >= end)
      throw new Failed(runLocked(folder, lockFile(folder), found.by, found.silent));
    if (tries === 0) yield { kind: "note", message: waitingForEnd(folder, found.by, seconds) };
    await unlessStopped(clock.pause(1000), signal);
  }
}

const unlessStopped = (pause: Promise<void>, signal: AbortSignal | undefined): Promise<void> =>
  pause.catch((error: unknown) => {
    throw signal?.aborted ? signal.reason : error;
  });

const stoppable = (signal: AbortSignal | undefined): Clock => ({
  now: () => performance.now(),
  pause: (ms) => setTimeout(ms, undefined, signal === undefined ? {} : { signal }),
});

async function* waiting(folder: string, clock: Clock, signal: AbortSignal | undefined) {
  const file = lockFile(folder);
  try {
    const taking = take(file, clock);
    for (;;) {
      const next = await taking.next();
      if (next.done) return next.value;
      yield waitingFor(folder, next.value.by);
    }
  } catch (error) {
    throw signal?.aborted ? signal.reason : new Failed(unwritable(file, error));
  }
}

const waitingFor = (
  folder: string,
  by: { readonly pid: number; readonly host: string } | null,
): Event => {
  const who = by === null ? "an unfinished lock" : `the lock of process ${by.pid} on ${by.host}`;
  return {
    kind: "note",
    message: `${folder} holds ${who}: waiting up to ${SILENCE / 60_000} minutes for a sign of life`,
  };
};

const heldLock = (folder: string, held: Hold, made: boolean): Lock => {
  let lost = false;
  const demandThat = (ours: boolean): void => {
    lost ||= !ours;
    if (lost) throw new Failed(lockLost(folder, lockFile(folder)));
  };
  return {
    demand: () => demandThat(!held.lost()),
    demandNow: () => demandThat(held.isOurs()),
    isLost: () => lost || held.lost(),
    release: () => {
      held.release();
      if (made && !lost) removeIfEmpty(folder);
    },
  };
};

const removeIfEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // It holds a run, which is the rule.
  }
};
