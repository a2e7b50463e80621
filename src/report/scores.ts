/** Scores as text: of one network by class, and of a comparison's variants for a terminal, in Markdown and as CSV. */

import { visible } from "../diagnostic/text.js";
import type { Difference } from "../normalize/difference.js";
import type { Planned } from "../run/compare.js";
import type { Evaluation } from "../run/evaluation.js";
import type { Row } from "../run/row.js";
import { inLine } from "./difference.js";
import {
  bold,
  bytes,
  type Column,
  count,
  duration,
  figure,
  green,
  markdown,
  percent,
  scaled,
  table,
  text,
} from "./format.js";
import { type Contender, verdict } from "./verdict.js";

/** Characters of a full bar. */
const full = 24;

const bar = (share: number): string => {
  const filled = Math.round(full * share);
  return "█".repeat(filled) + "░".repeat(full - filled);
};

export const scoreText = (evaluation: Evaluation): string => {
  const bounded = evaluation.boundary !== null;
  const rows = evaluation.classes.map(
    ({ name, iou, accuracy, boundary, absent = iou === null }) => [
      name,
      percent(iou),
      percent(accuracy),
      ...(bounded ? [percent(boundary)] : []),
      absent ? "absent" : bar(iou ?? 0),
    ],
  );
  return [
    table(
      [
        text("class"),
        ...["IoU", "accuracy", ...(bounded ? ["boundary F"] : [])].map(figure),
        { ...text(""), style: green, spare: true },
      ],
      rows,
    ),
    "",
    bold(
      [
        `mIoU ${percent(evaluation.miou)}`,
        `mean accuracy ${percent(evaluation.mean_accuracy)}`,
        `pixel accuracy ${percent(evaluation.pixel_accuracy)}`,
        `frequency-weighted IoU ${percent(evaluation.frequency_weighted_iou)}`,
        ...(bounded ? [`boundary F ${percent(evaluation.boundary)}`] : []),
      ].join(" · "),
    ),
    `${evaluation.split}: ${count(evaluation.images)} images, ${method(evaluation)}`,
    ...(evaluation.pixel_accuracy === null
      ? [
          `No pixel of ${evaluation.split} counts: its labels are all ignored, so nothing is measured.`,
        ]
      : []),
  ].join("\n");
};

const method = ({ evaluate }: Evaluation): string =>
  [
    evaluate.mode === "whole" ? "whole" : `windows of ${evaluate.window.join("×")}`,
    `scale ${evaluate.scales.join(", ")}`,
    ...(evaluate.long_side === null ? [] : [`longer side ${evaluate.long_side}`]),
    ...(evaluate.base === null || evaluate.base === undefined
      ? []
      : [`within ${evaluate.base.join("×")}`]),
    ...(evaluate.mirror ? ["mirrored"] : []),
    ...(evaluate.precision === "bf16" ? ["computed in bf16"] : []),
  ].join(", ");

/** What a variant reaches, and first of all what it means otherwise than the baseline. */
export interface Compared extends Row {
  readonly differences: readonly Difference[];
}

type Draw = (columns: readonly Column[], rows: readonly (readonly string[])[]) => string;

/** The first row as the spec has them is the baseline of the differences. */
export const comparisonText = (rows: readonly Compared[]): string => both(rows, table);

export const comparisonMarkdown = (rows: readonly Compared[]): string => both(rows, markdown);

const both = (rows: readonly Compared[], draw: Draw): string => {
  const [baseline] = rows;
  if (baseline === undefined) return "";
  const ranked = rows.toSorted((a, b) => (b.miou.mean ?? -1) - (a.miou.mean ?? -1));
  return [
    ...(rows.length > 1 ? [differenceTable(rows, baseline, draw), ""] : []),
    scoreTable(ranked, baseline, draw),
    "",
    classTable(ranked, draw),
    "",
    visible(verdict(rows.map(contender), baseline.evaluations[0]?.split ?? "the split")),
    ...(rows.length > 1 ? [legend(baseline)] : []),
  ].join("\n");
};

const contender = (row: Row): Contender => ({
  name: row.variant,
  scores: mious(row),
  evaluated: true,
  finished: true,
});

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

/** Worst and best mIoU of the seeds; none where no pixel was counted. */
const ends = (row: Row): readonly [worst: number, best: number] | readonly [null, null] => {
  const scores = mious(row);
  return scores.length === 0 ? [null, null] : [Math.min(...scores), Math.max(...scores)];
};

const range = (row: Row): string =>
  row.seeds.length < 2
    ? ""
    : ends(row)
        .map((end) => percent(end))
        .join("–");

/** Against the baseline's mean; `~` where the ranges overlap, so that the seeds do not tell the two apart. */
const difference = (row: Row, baseline: Row): string => {
  const [[worst, best], [low, high]] = [ends(row), ends(baseline)];
  const [here, there] = [row.miou.mean, baseline.miou.mean];
  if (row === baseline || here === null || there === null) return "";
  if (worst === null || low === null) return "";
  const delta = 100 * (here - there);
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
    ? `Δ against ${visible(variant)}; --seeds 3 tells differences from chance.`
    : `Means over ${seeds.length} seeds; Δ against ${visible(variant)}, with ~ where the ranges overlap.`;

export const comparisonCsv = (rows: readonly Row[]): string => {
  const classes = rows[0]?.classes ?? [];
  const head = [...Object.keys(scalars), ...classes.map(({ name }) => `iou ${name}`)];
  const lines = rows.map((row) => [
    ...Object.values(scalars).map((of) => of(row)),
    ...row.classes.map(({ iou }) => iou),
  ]);
  return [head, ...lines].map((line) => line.map(field).join(",")).join("\r\n");
};

type Cell = string | number | null;

const mious = ({ evaluations }: Row): readonly number[] =>
  evaluations.map(({ miou }) => miou).filter((miou) => miou !== null);

/** The columns before the classes. */
const scalars: Readonly<Record<string, (row: Row) => Cell>> = {
  variant: ({ variant }) => variant,
  seeds: ({ seeds }) => seeds.join(" "),
  miou: ({ miou }) => miou.mean,
  "miou worst": (row) => ends(row)[0],
  "miou best": (row) => ends(row)[1],
  "mean accuracy": ({ mean_accuracy }) => mean_accuracy.mean,
  "pixel accuracy": ({ pixel_accuracy }) => pixel_accuracy.mean,
  parameters: ({ parameters }) => parameters,
  macs: ({ macs }) => macs,
  "training seconds": ({ seconds }) => seconds,
  "peak memory bytes": ({ peak_memory }) => peak_memory,
};

/**
 * Quoted where it must be. Text that a spreadsheet would run as a formula gets an apostrophe before it:
 * names come from specs, which come from anywhere.
 */
const field = (cell: Cell): string => {
  if (cell === null) return "";
  if (typeof cell === "number") return `${cell}`;
  const safe = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const does: Readonly<Record<Planned["does"], string>> = {
  nothing: "is there",
  continues: "is continued",
  trains: "is trained",
  same: "is that one's",
};

/** What a comparison would do, a row a training. */
export const plannedText = (rows: readonly Planned[]): string => {
  const cells = rows.map(({ variant, seed, run, does: what }) => [
    variant,
    `${seed}`,
    run,
    does[what],
  ]);
  const trainings = rows.filter(({ does: what }) => what !== "same").length;
  const left = rows.filter(({ does: what }) => what === "trains" || what === "continues").length;
  const columns = [text("variant"), figure("seed"), text("run"), text("its training")];
  return `${table(columns, cells)}\n\n${trainings} ${trainings === 1 ? "training" : "trainings"}, ${left} to do`;
};
