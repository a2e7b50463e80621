/** Times of a session's signatures, in turns: what else the machine does meets all alike, and is noticed. */

import { availableParallelism, cpus } from "node:os";
import { performance } from "node:perf_hooks";
import type { Session } from "../runtime/session.js";

export interface Timing {
  /** Rounds end when so many were measured, or when they took so long; there are at least four. */
  readonly rounds: number;
  readonly seconds: number;
  /** Milliseconds; the wall's clock where none is given. */
  readonly clock?: () => number;
  /**
   * Whether each is called once more before it is timed, so that its numbers lie in the caches, as the layer before it
   * leaves them in a network. What takes long fills them by itself, and is steady: it is timed in every fourth round.
   */
  readonly isWarm?: boolean;
}

/** Milliseconds of each round; what the device refuses to run is not there. */
export type Times = ReadonlyMap<string, readonly number[]>;

/** What is called is warm: the first call of each is not counted. */
export const timed = (
  session: Session,
  names: readonly string[],
  { rounds, seconds, clock = () => performance.now(), isWarm = false }: Timing,
): Times => {
  const times = new Map(names.map((name): [string, number[]] => [name, []]));
  const time = (name: string, isLong = true): number => {
    if (isWarm && !isLong) session.run(name, {});
    const start = clock();
    session.run(name, {});
    return clock() - start;
  };
  for (const name of names) {
    try {
      time(name);
    } catch {
      // This device has no kernel for it.
      times.delete(name);
    }
  }
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds && (round < LEAST || performance.now() < end); round++)
    for (const [name, taken] of times) {
      const isLong = (taken.at(-1) ?? 0) > LONG;
      if (!isWarm || !isLong || round % 4 === 0) taken.push(time(name, isLong));
    }
  return times;
};

const LEAST = 4;
/** Milliseconds. */
const LONG = 4;

/** The value below which a share of the numbers lies; of none, infinity: what was never measured is never the fastest. */
export const quantile = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((a, b) => a - b).at(Math.floor(share * (numbers.length - 1))) ??
  Number.POSITIVE_INFINITY;

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/**
 * Rounds in so many parts, one after another, and of each its lower quartile. Single rounds of less than a millisecond
 * differ by a fifth on a quiet machine, their lower quartiles by some percent.
 */
export const inParts = (numbers: readonly number[], parts: number): readonly number[] => {
  const size = Math.max(1, numbers.length / parts);
  const begins = Array.from({ length: Math.min(parts, numbers.length) }, (_, i) => i * size);
  return begins.map((at) => quantile(numbers.slice(Math.round(at), Math.round(at + size)), 0.25));
};

/** Of a time by rounds, as shares of another's: a disturbance meets both. */
export const ratios = (some: readonly number[], others: readonly number[]): readonly number[] =>
  some.flatMap((time, round) => {
    const other = others[round];
    return other === undefined ? [] : [time / other];
  });

/**
 * How far every second round and the others are apart, as a share: what is left of chance in a lower quartile. A clock
 * that slows down meets both, and all measures alike, so that it changes no choice among them.
 */
export const spread = (numbers: readonly number[]): number => {
  const halves = [0, 1].map((half) =>
    quantile(
      numbers.filter((_, round) => round % 2 === half),
      0.25,
    ),
  );
  return Math.max(...halves) / Math.min(...halves) - 1;
};

/**
 * Milliseconds that all processors have spent on other processes so far; `null` where this process may use only some
 * of the processors, for what the others do is then no disturbance.
 */
export const takenByOthers = (): number | null => {
  const all = cpus();
  if (availableParallelism() < all.length) return null;
  const busy = all.reduce(
    (sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq,
    0,
  );
  const { user, system } = process.cpuUsage();
  return busy - (user + system) / 1000;
};
