/** Times of a session's signatures, in turns: what else the machine does meets all alike, and is noticed. */

import { performance } from "node:perf_hooks";
import type { Session } from "../runtime/session.js";

export interface Timing {
  /** Rounds end when so many were measured, or when they took so long; there are at least four. */
  readonly rounds: number;
  readonly seconds: number;
  /** Milliseconds; the wall's clock where none is given. */
  readonly clock?: () => number;
}

/** Milliseconds of each round; what the device refuses to run is not there. */
export type Times = ReadonlyMap<string, readonly number[]>;

/** What is called is warm: the first call of each is not counted. */
export const timed = (
  session: Session,
  names: readonly string[],
  { rounds, seconds, clock = () => performance.now() }: Timing,
): Times => {
  const times = new Map(names.map((name): [string, number[]] => [name, []]));
  const time = (name: string): number => {
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
    for (const [name, taken] of times) taken.push(time(name));
  return times;
};

const LEAST = 4;

/** The value below which a share of the numbers lies; of none, infinity: what was never measured is never the fastest. */
export const quantile = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((a, b) => a - b).at(Math.floor(share * (numbers.length - 1))) ??
  Number.POSITIVE_INFINITY;

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5);

/** Of a time by rounds, as shares of another's: a disturbance meets both. */
export const ratios = (some: readonly number[], others: readonly number[]): readonly number[] =>
  some.flatMap((time, round) => {
    const other = others[round];
    return other === undefined ? [] : [time / other];
  });

/** How far the best of the first rounds and the best of the others are apart, as a share: what a quiet machine repeats. */
export const spread = (numbers: readonly number[]): number => {
  const half = numbers.length >> 1;
  const [a, b] = [Math.min(...numbers.slice(0, half)), Math.min(...numbers.slice(half))];
  return Math.abs(a - b) / Math.min(a, b);
};
