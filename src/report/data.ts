/** What `data check` and `data stats` found, as text for people and as plain data for programs. */

import { medianFrequency } from "../data/class-counts.js";
import type { Failure } from "../diagnostic/failure.js";
import { visible } from "../diagnostic/text.js";
import type { DataCheck, SplitCheck } from "../run/check-data.js";
import { count, figure, percent, table, text } from "./format.js";

/** How many mistakes of a split are told before the rest is counted. */
const SHOWN = 20;

export const dataCheckText = ({ splits, twins }: DataCheck, classes: readonly string[]): string =>
  [
    ...splits.flatMap((split) => splitLines(split, classes)),
    ...twins.flatMap(({ splits: [first, second], pairs }) => [
      `warning: ${plural(pairs.length, "picture")} of ${first} ${pairs.length === 1 ? "is" : "are"} in ${second} too, pixel by pixel`,
      ...capped(pairs.map((pair) => visible(`  ${pair.first} = ${pair.second}`))),
    ]),
  ].join("\n");

const splitLines = (check: SplitCheck, classes: readonly string[]): readonly string[] => {
  const { split, listed, failures, sizes, notices } = check;
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
    ...(empty.length === 0 ? [] : [`  warning: no pixel of ${visible(empty.join(", "))}`]),
    ...notices.flatMap(({ message, files }) => [
      `  warning: ${visible(message)}`,
      ...capped(
        files.map((file) => `    ${visible(file)}`),
        5,
      ),
    ]),
  ];
};

/** Where nothing could be counted, nothing is known to be empty. */
const emptyClasses = (
  { pixels, sizes }: SplitCheck,
  classes: readonly string[],
): readonly string[] =>
  sizes.length === 0 ? [] : classes.filter((_, index) => pixels[index] === 0);

const failureLine = ({ message, reason }: Failure): string =>
  visible(`  ${reason === undefined ? message : `${message}: ${reason}`}`);

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

/** `valid` is false for mistakes; warnings (`empty`, `warnings`, `duplicates`) leave it. */
export const dataCheckJson = ({ splits, twins }: DataCheck, classes: readonly string[]) => ({
  valid: splits.every(({ failures }) => failures.length === 0),
  splits: splits.map((check) => ({
    split: check.split,
    pairs: check.listed,
    mistakes: check.failures.map(({ message, reason, help }) => ({ message, reason, help })),
    sizes: check.sizes,
    empty: emptyClasses(check, classes),
    warnings: check.notices,
  })),
  duplicates: twins.flatMap(({ splits: names, pairs }) =>
    pairs.map(({ first, second }) => ({ splits: names, files: [first, second] })),
  ),
});

export const dataStatsJson = (check: SplitCheck, classes: readonly string[]) => {
  const { pixels, images, area, ignored } = check;
  const total = pixels.reduce((a, b) => a + b, 0);
  const weights = medianFrequency(pixels, area).map(short);
  return {
    split: check.split,
    pairs: check.listed,
    sizes: check.sizes,
    ignored: { pixels: ignored, share: ignored / Math.max(1, total + ignored) },
    classes: classes.map((name, i) => ({
      name,
      pixels: pixels[i] ?? 0,
      share: (pixels[i] ?? 0) / Math.max(1, total),
      images: images[i] ?? 0,
      weight: weights[i] ?? 0,
    })),
  };
};

export const dataStatsText = (check: SplitCheck, classes: readonly string[]): string => {
  const stats = dataStatsJson(check, classes);
  const rows = stats.classes.map(({ name, pixels, share, images, weight }) => [
    name,
    count(pixels),
    percent(share, 2),
    count(images),
    `${weight}`,
  ]);
  const columns = [
    text("class"),
    figure("pixels"),
    figure("%"),
    figure("images"),
    figure("weight"),
  ];
  const weights = stats.classes.map(({ weight }) => weight);
  return [
    `${stats.split}: ${count(stats.pairs)} ${stats.pairs === 1 ? "pair" : "pairs"}`,
    ...stats.sizes
      .slice(0, 5)
      .map(({ width, height, count: n }) => `  ${width}×${height}: ${count(n)}`),
    ...(stats.sizes.length > 5 ? [`  … and ${count(stats.sizes.length - 5)} more sizes`] : []),
    "",
    table(columns, rows),
    "",
    `${percent(stats.ignored.share, 2)} % of all pixels are ignored.`,
    "Weights by median frequency, for the section `train`:",
    `  loss: {class_weights: [${weights.join(", ")}]}`,
    ...(weights.includes(0)
      ? ["A class without pixels has the weight 0: it cannot be learnt."]
      : []),
  ].join("\n");
};

/** Three digits that count. */
const short = (n: number): number => Number(n.toPrecision(3));
