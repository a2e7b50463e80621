/** Reads and checks the pairs of a split before anything is made, and reports progress and every mistake found. */

import { type Checkup, checkSamples, type Pair, type Twin, twins } from "../data/check.js";
import { type ClassCounts, countClasses } from "../data/class-counts.js";
import { several } from "../data/errors.js";
import { type FactStore, openFacts } from "../data/facts.js";
import { diagnosed, flawsIn, type Notice, noticesIn } from "../data/findings.js";
import { listSplit, openSplit, type Split } from "../data/layout.js";
import type { Sample } from "../data/sample.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { type Data, isShare } from "../normalize/experiment.js";
import type { Event } from "./event.js";
import { progress } from "./progress.js";

export interface Checked {
  readonly samples: readonly Sample[];
  /** Those of them that can be read. */
  readonly intact: readonly Sample[];
  /** What is known of their files now. */
  readonly store: FactStore;
}

/**
 * Opens a split and reads every file of it that has changed since it was read before. What cannot be read is skipped
 * where the spec says so, if anything is left.
 * @throws Failed with all mistakes together, and the signal's reason once that is aborted.
 */
export async function* checkedSplit(
  data: Data,
  split: Split,
  signal?: AbortSignal,
): AsyncGenerator<Event, Checked> {
  const samples = await openSplit(data, split);
  const store = await openFacts(data.root);
  const checkup = yield* checking(data, split, samples, store, signal);
  const { failures, damaged } = checkup;
  const flaws = flawsIn(split, checkup, data);
  const stops = data.damaged === "stop" || failures.length === samples.length;
  const mistakes = stops ? [...diagnosed(checkup, data), ...flaws] : flaws;
  if (mistakes.length > 0) throw new Failed(several(mistakes));
  for (const [i, failure] of failures.entries())
    yield { kind: "skipped", file: samples[damaged[i]!]!.image, failure };
  const intact = samples.filter((_, index) => !damaged.includes(index));
  return { samples, intact, store };
}

/** What was found in one split. */
export interface SplitCheck extends ClassCounts {
  readonly split: Split;
  /** Pairs that the split lists, and whose files are there. */
  readonly listed: number;
  readonly failures: readonly Failure[];
  /** What may be meant. */
  readonly notices: readonly Notice[];
  readonly sizes: Checkup["sizes"];
}

export interface DataCheck {
  readonly splits: readonly SplitCheck[];
  readonly twins: readonly {
    readonly splits: readonly [Split, Split];
    readonly pairs: readonly Twin[];
  }[];
}

/** Every split that the spec names, whatever is wrong with it, and what they have in common. */
export async function* checkData(
  data: Data,
  asked: readonly Split[],
  signal?: AbortSignal,
): AsyncGenerator<Event, DataCheck> {
  const store = await openFacts(data.root);
  const found: (readonly [SplitCheck, readonly Pair[]])[] = [];
  for (const split of asked) {
    const { samples, failures: listed } = await listing(data, split);
    // What is held out is listed with the training split, which tells what is wrong there.
    const name = data[split];
    const failures = name !== null && isShare(name) && samples.length > 0 ? [] : listed;
    const checkup = yield* checking(data, split, samples, store, signal);
    const check = {
      split,
      listed: samples.length,
      failures: [...failures, ...diagnosed(checkup, data), ...flawsIn(split, checkup, data)],
      notices: noticesIn(checkup),
      sizes: checkup.sizes,
      ...countClasses(checkup.pairs, data.classes.length),
    };
    found.push([check, checkup.pairs]);
  }
  return { splits: found.map(([check]) => check), twins: twinsAmong(found) };
}

/** A split that cannot be listed at all is one mistake. */
const listing = (data: Data, split: Split): ReturnType<typeof listSplit> =>
  listSplit(data, split).catch((error: unknown) => {
    if (error instanceof Failed) return { samples: [], failures: [error.failure] };
    throw error;
  });

const twinsAmong = (
  found: readonly (readonly [SplitCheck, readonly Pair[]])[],
): DataCheck["twins"] =>
  found.flatMap(([{ split: second }, later], i) =>
    found.slice(0, i).flatMap(([{ split: first }, earlier]) => {
      const pairs = twins(earlier, later);
      return pairs.length === 0 ? [] : [{ splits: [first, second] as const, pairs }];
    }),
  );

const checking = (
  data: Data,
  split: Split,
  samples: readonly Sample[],
  store: FactStore,
  signal: AbortSignal | undefined,
): AsyncGenerator<Event, Checkup> =>
  progress(`checking ${split}`, (report) => checkSamples(samples, data, store, { report, signal }));
