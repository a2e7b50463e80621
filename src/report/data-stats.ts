/** What the labels of a split hold enters; a table and a line for the spec leave, or plain data for programs. */

import { medianFrequency } from "../data/class-counts.js";
import type { SplitCheck } from "../run/check-data.js";
import { count, percent } from "./number.js";
import { figure, table, text } from "./table.js";

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
      pixels: pixels[i]!,
      share: pixels[i]! / Math.max(1, total),
      images: images[i]!,
      weight: weights[i]!,
    })),
  };
};

export const dataStatsText = (
  check: SplitCheck,
  classes: readonly string[],
  colour: boolean,
): string => {
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
    table(columns, rows, colour),
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
