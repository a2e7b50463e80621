/** The rows of a comparison enter; tables by score, as a paper prints them, leave: for a terminal, or in Markdown. */

import type { Difference } from "../normalize/difference.js";
import type { Row } from "../run/row.js";
import { inLine } from "./difference.js";
import { bytes, count, duration, percent, scaled } from "./number.js";
import { type Column, figure, markdown, table, text } from "./table.js";

/** What a variant reaches, and first of all what it means otherwise than the baseline. */
export interface Compared extends Row {
  readonly differences: readonly Difference[];
}

type Draw = (columns: readonly Column[], rows: readonly (readonly string[])[]) => string;

/** The first row as the spec has them is the baseline of the differences. */
export const comparisonText = (rows: readonly Compared[], colour: boolean): string =>
  both(rows, (columns, cells) => table(columns, cells, colour));

export const comparisonMarkdown = (rows: readonly Compared[]): string => both(rows, markdown);

const both = (rows: readonly Compared[], draw: Draw): string => {
  const [baseline] = rows;
  if (baseline === undefined) return "";
  const ranked = rows.toSorted((a, b) => b.miou.mean - a.miou.mean);
  return [
    ...(rows.length > 1 ? [differenceTable(rows, baseline, draw), ""] : []),
    scoreTable(ranked, baseline, draw),
    "",
    classTable(ranked, draw),
    "",
    legend(baseline),
  ].join("\n");
};

/** Before any score: what is compared at all. */
const differenceTable = (rows: readonly Compared[], baseline: Row, draw: Draw): string =>
  draw(
    ["variant", "differs in", baseline.variant, "here"].map(text),
    rows
      .slice(1)
      .flatMap(({ variant, differences }) =>
        differences.length === 0
          ? [[variant, "nothing", "", ""]]
          : differences.map(({ path, left, right }, i) => [
              i === 0 ? variant : "",
              path,
              inLine(left),
              inLine(right),
            ]),
      ),
  );

const scoreTable = (rows: readonly Row[], baseline: Row, draw: Draw): string =>
  draw(
    [
      text("variant"),
      ...["mIoU", "range", "Δ", "mean acc.", "pixel acc."].map(figure),
      ...["parameters", "MACs", "training", "memory"].map(figure),
    ],
    rows.map((row) => [
      row.variant,
      percent(row.miou.mean),
      range(row),
      difference(row, baseline),
      percent(row.mean_accuracy.mean),
      percent(row.pixel_accuracy.mean),
      count(row.parameters),
      scaled(row.macs),
      duration(row.seconds),
      row.peak_memory === null ? "–" : bytes(row.peak_memory),
    ]),
  );

/** Worst and best mIoU of the seeds. */
const ends = ({ evaluations }: Row): readonly [worst: number, best: number] => {
  const scores = evaluations.map(({ miou }) => miou);
  return [Math.min(...scores), Math.max(...scores)];
};

const range = (row: Row): string =>
  row.seeds.length < 2
    ? ""
    : ends(row)
        .map((end) => percent(end))
        .join("–");

/** Against the baseline's mean; `~` where the ranges overlap, so that the seeds do not tell the two apart. */
const difference = (row: Row, baseline: Row): string => {
  if (row === baseline) return "";
  const delta = 100 * (row.miou.mean - baseline.miou.mean);
  const [[worst, best], [low, high]] = [ends(row), ends(baseline)];
  const overlap = row.seeds.length > 1 && worst <= high && low <= best;
  return `${overlap ? "~" : ""}${delta < 0 ? "−" : "+"}${Math.abs(delta).toFixed(1)}`;
};

const classTable = (rows: readonly Row[], draw: Draw): string =>
  draw(
    [text("IoU"), ...rows.map(({ variant }) => figure(variant))],
    (rows[0]?.classes ?? []).map(({ name }, c) => [
      name,
      ...rows.map(({ classes }) => percent(classes[c]?.iou ?? null)),
    ]),
  );

const legend = ({ variant, seeds }: Row): string =>
  seeds.length < 2
    ? `Δ against ${variant}; one seed, so that small differences mean nothing (--seeds 3).`
    : `Means over ${seeds.length} seeds; Δ against ${variant}, with ~ where the ranges overlap.`;
