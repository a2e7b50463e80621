/** What a check of the data found enters; text for people leaves, or plain data for programs. */

import type { Failure } from "../diagnostic/failure.js";
import type { DataCheck, SplitCheck } from "../run/check-data.js";
import { count } from "./number.js";

/** How many mistakes of a split are told before the rest is counted. */
const SHOWN = 20;

export const dataCheckText = ({ splits, twins }: DataCheck, classes: readonly string[]): string =>
  [
    ...splits.flatMap((split) => splitLines(split, classes)),
    ...twins.flatMap(({ splits: [first, second], pairs }) => [
      `warning: ${plural(pairs.length, "picture")} of ${first} ${pairs.length === 1 ? "is" : "are"} in ${second} too, pixel by pixel`,
      ...capped(pairs.map((pair) => `  ${pair.first} = ${pair.second}`)),
    ]),
  ].join("\n");

const splitLines = (check: SplitCheck, classes: readonly string[]): readonly string[] => {
  const { split, listed, failures, sizes } = check;
  const verdict = failures.length === 0 ? "all well" : plural(failures.length, "mistake");
  const empty = emptyClasses(check, classes);
  return [
    `${split}: ${plural(listed, "pair")}, ${verdict}`,
    ...capped(
      sizes.map(({ height, width, count: n }) => `  ${width}×${height}: ${count(n)}`),
      5,
    ),
    ...capped(failures.map(failureLine)),
    ...remedies(failures),
    ...(empty.length === 0 ? [] : [`  warning: no pixel of ${empty.join(", ")}`]),
  ];
};

/** Where nothing could be counted, nothing is known to be empty. */
const emptyClasses = (
  { pixels, sizes }: SplitCheck,
  classes: readonly string[],
): readonly string[] =>
  sizes.length === 0 ? [] : classes.filter((_, index) => pixels[index] === 0);

const failureLine = ({ message, reason }: Failure): string =>
  `  ${reason === undefined ? message : `${message}: ${reason}`}`;

/** Each remedy once. */
const remedies = (failures: readonly Failure[]): readonly string[] =>
  [...new Set(failures.flatMap(({ help }) => (help === undefined ? [] : [help])))].map(
    (help) => `  = help: ${help}`,
  );

const capped = (lines: readonly string[], shown = SHOWN): readonly string[] =>
  lines.length <= shown
    ? lines
    : [...lines.slice(0, shown), `  … and ${count(lines.length - shown)} more`];

const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** `valid` is false for mistakes; warnings (`empty`, `duplicates`) leave it. */
export const dataCheckJson = ({ splits, twins }: DataCheck, classes: readonly string[]) => ({
  valid: splits.every(({ failures }) => failures.length === 0),
  splits: splits.map((check) => ({
    split: check.split,
    pairs: check.listed,
    mistakes: check.failures.map(({ message, reason, help }) => ({ message, reason, help })),
    sizes: check.sizes,
    empty: emptyClasses(check, classes),
  })),
  duplicates: twins.flatMap(({ splits: names, pairs }) =>
    pairs.map(({ first, second }) => ({ splits: names, files: [first, second] })),
  ),
});
