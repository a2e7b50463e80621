/** Before anything is made: the pairs of a split enter, progress leaves, and every mistake in them at once. */

import { checkSamples } from "../data/check.js";
import { several } from "../data/errors.js";
import { openSplit, type Split } from "../data/layout.js";
import type { Sample } from "../data/sample.js";
import { Failed } from "../diagnostic/failure.js";
import type { Data } from "../normalize/experiment.js";
import type { Event } from "./event.js";

export interface Checked {
  readonly samples: readonly Sample[];
  /** Those of them that can be read. */
  readonly intact: readonly Sample[];
}

/**
 * Opens a split and reads every file of it. What cannot be read is skipped where the spec says so, if anything is
 * left. @throws Failed with all mistakes together.
 */
export async function* checkedSplit(data: Data, split: Split): AsyncGenerator<Event, Checked> {
  const samples = await openSplit(data, split);
  const { failures, damaged } = yield* watched(`checking ${split}`, (report) =>
    checkSamples(samples, data, report),
  );
  const stops = data.damaged === "stop" || failures.length === samples.length;
  if (stops && failures.length === 1) throw new Failed(failures[0]!);
  if (stops && failures.length > 1) throw new Failed(several(failures));
  for (const [i, failure] of failures.entries())
    yield { kind: "skipped", file: samples[damaged[i]!]!.image, failure };
  return { samples, intact: samples.filter((_, index) => !damaged.includes(index)) };
}

/** A promise that reports its progress by a callback, as events that end in its result. */
async function* watched<A>(
  what: string,
  task: (report: (done: number, total: number) => void) => Promise<A>,
): AsyncGenerator<Event, A> {
  let latest: readonly [done: number, total: number] | null = null;
  let wake: () => void = () => {};
  let over = false;
  const result = task((done, total) => {
    latest = [done, total];
    wake();
  }).finally(() => {
    over = true;
    wake();
  });
  while (!over) {
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (over || latest !== null) resolve();
    });
    if (latest === null) continue;
    const [done, total]: readonly [number, number] = latest;
    latest = null;
    yield { kind: "progress", what, done, total };
  }
  // What came together with the end.
  if (latest !== null) yield { kind: "progress", what, done: latest[0], total: latest[1] };
  return result;
}
