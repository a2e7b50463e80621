/** What a comparison comes to, in a sentence or two: who is ahead of whom, by how much, and whether that means anything. */

import { percent, someOf } from "./format.js";

/** A variant as far as it is scored. */
export interface Contender {
  readonly name: string;
  /** mIoU of each seed that was scored on some pixel, between 0 and 1. */
  readonly scores: readonly number[];
  /** Whether it was evaluated at all; without scores then, no pixel counted. */
  readonly evaluated: boolean;
  /** Whether all of its runs have come to their end. */
  readonly finished: boolean;
}

/** The first contender is the baseline. Seeds that overlap from worst to best do not tell two variants apart. */
export const verdict = (contenders: readonly Contender[], split: string): string => {
  if (contenders.length === 0) return "No run yet.";
  const ranked = contenders.flatMap(scored).sort((a, b) => b.mean - a.mean);
  const [best, second] = ranked;
  if (best === undefined) return nothingScored(contenders, split);
  const said = second === undefined ? [alone(best)] : ranking(best, second, ranked, contenders[0]);
  return [...said, ...missing(contenders, split)].join(" ");
};

interface Ranked {
  readonly name: string;
  readonly seeds: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const scored = ({ name, scores }: Contender): readonly Ranked[] =>
  scores.length === 0
    ? []
    : [
        {
          name,
          seeds: scores.length,
          mean: scores.reduce((a, b) => a + b, 0) / scores.length,
          low: Math.min(...scores),
          high: Math.max(...scores),
        },
      ];

const alone = ({ name, mean, low, high, seeds }: Ranked): string =>
  seeds === 1
    ? `${name} reaches ${percent(mean)} mIoU with one seed.`
    : `${name} reaches ${percent(mean)} mIoU: ${percent(low)} to ${percent(high)} over ${seeds} seeds.`;

/** The best against the baseline, or against the next where the baseline is the best or has no score. */
const ranking = (
  best: Ranked,
  second: Ranked,
  ranked: readonly Ranked[],
  baseline: Contender | undefined,
): readonly string[] => {
  const rival = ranked.find(({ name }) => name === baseline?.name && name !== best.name) ?? second;
  const main = `${against(best, rival)}; ${meaning(best, rival)}.`;
  if (ranked.length === 2) return [main];
  const next = rival === second ? [] : [`Next is ${second.name}: ${behind(best, second)}.`];
  const place =
    rival === second && best.name === baseline?.name
      ? `None of the other ${ranked.length - 1} beats it.`
      : `It is the best of ${ranked.length}.`;
  return isTie(best, rival) ? [main, ...next] : [main, place, ...next];
};

/** In the tenths of a point that everything is printed in. */
const lead = (a: Ranked, b: Ranked): string => percent(a.mean - b.mean);

const isTie = (a: Ranked, b: Ranked): boolean => lead(a, b) === "0.0";

const overlap = (a: Ranked, b: Ranked): boolean => a.low <= b.high && b.low <= a.high;

const haveRanges = (a: Ranked, b: Ranked): boolean => a.seeds > 1 && b.seeds > 1;

const against = (best: Ranked, rival: Ranked): string => {
  if (isTie(best, rival)) return `${best.name} and ${rival.name} tie at ${percent(best.mean)} mIoU`;
  const verb = haveRanges(best, rival) && overlap(best, rival) ? "is ahead of" : "beats";
  return `${best.name} ${verb} ${rival.name} by ${lead(best, rival)} mIoU`;
};

const meaning = (a: Ranked, b: Ranked): string => {
  if (a.seeds === 1 && b.seeds === 1) return "one seed, so small differences mean nothing";
  if (!haveRanges(a, b))
    return `${a.seeds === 1 ? a.name : b.name} has one seed, so small differences mean nothing`;
  const seeds = a.seeds === b.seeds ? `${a.seeds}` : `${a.seeds} and ${b.seeds}`;
  return overlap(a, b)
    ? `their ranges over ${seeds} seeds overlap, so that these do not tell them apart`
    : `their ranges over ${seeds} seeds do not overlap`;
};

const behind = (best: Ranked, second: Ranked): string => {
  if (isTie(best, second)) return "a tie";
  const chance =
    haveRanges(best, second) && overlap(best, second) ? ", and their ranges overlap" : "";
  return `${lead(best, second)} mIoU behind${chance}`;
};

const nothingScored = (contenders: readonly Contender[], split: string): string =>
  contenders.every(({ evaluated }) => evaluated)
    ? `Nothing is measured: no pixel of ${split} counts.`
    : `Nothing is scored on ${split} yet.`;

const missing = (contenders: readonly Contender[], split: string): readonly string[] => {
  const without = contenders.filter(({ scores }) => scores.length === 0);
  const names = (evaluated: boolean): readonly string[] =>
    without.filter((one) => one.evaluated === evaluated).map(({ name }) => name);
  const [uncounted, unscored] = [names(true), names(false)];
  const training = contenders.flatMap(({ scores, finished, name }) =>
    finished || scores.length === 0 ? [] : [name],
  );
  return [
    ...(unscored.length === 0 ? [] : [`Not scored yet: ${someOf(unscored)}.`]),
    ...(training.length === 0 ? [] : [`Still training: ${someOf(training)}.`]),
    ...(uncounted.length === 0 ? [] : [`No pixel of ${split} counts for ${someOf(uncounted)}.`]),
  ];
};
