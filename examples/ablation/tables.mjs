// @ts-check
/** The paper's tables with ours beside them, and what became of its findings: rows of a comparison enter, Markdown leaves. */

/**
 * As `compare --json` prints them; shares between 0 and 1, one evaluation a seed.
 * @typedef {{readonly miou: number, readonly pixel_accuracy: number}} Scores
 * @typedef {{readonly variant: string, readonly evaluations: readonly Scores[]}} Row
 * @typedef {readonly [miou: number, pixelAccuracy: number] | null} Published
 */

const WHOLE = "pooling_1-2-3-6_average_4";

/**
 * ADE20K val, single scale unless it says otherwise: mIoU and pixel accuracy as published (arXiv 1612.01105).
 * @type {readonly {title: string, rows: readonly (readonly [name: string, variant: string, paper: Published])[]}[]}
 */
const TABLES = [
  {
    title: "Table 1: pooling",
    rows: [
      ["no pyramid", "baseline", [37.23, 78.01]],
      ["B1, max", "pooling_1_max_none", [39.94, 79.46]],
      ["B1, average", "pooling_1_average_none", [40.07, 79.52]],
      ["B1, max, reduced", "pooling_1_max_4", null],
      ["B1, average, reduced", "pooling_1_average_4", null],
      ["B1236, max", "pooling_1-2-3-6_max_none", [40.18, 79.45]],
      ["B1236, average", "pooling_1-2-3-6_average_none", [41.07, 79.97]],
      ["B1236, max, reduced", "pooling_1-2-3-6_max_4", [40.87, 79.61]],
      ["B1236, average, reduced", WHOLE, [41.68, 80.04]],
    ],
  },
  {
    title: "Table 2: weight of the auxiliary loss, without a pyramid",
    rows: [
      ["none", "auxiliary_none", [35.82, 77.07]],
      ["0.3", "auxiliary_weight-0.3", [37.01, 77.87]],
      ["0.4", "auxiliary_weight-0.4", [37.23, 78.01]],
      ["0.6", "auxiliary_weight-0.6", [37.09, 77.84]],
      ["0.9", "auxiliary_weight-0.9", [36.99, 77.87]],
    ],
  },
  {
    title: "Table 3: depth",
    rows: [
      ["14 layers (the paper's: 50)", "depth_1-1-1-1", [41.68, 80.04]],
      ["26 layers (101)", "depth_2-2-2-2", [41.96, 80.64]],
      ["50 layers (152)", "depth_3-4-6-3", [42.62, 80.8]],
      ["14 layers (50), six scales, mirrored", "multi-scale_1-1-1-1", [42.78, 80.76]],
      ["26 layers (101), six scales, mirrored", "multi-scale_2-2-2-2", [43.29, 81.39]],
      ["50 layers (152), six scales, mirrored", "multi-scale_3-4-6-3", [43.51, 81.38]],
    ],
  },
  {
    title: "Table 4: from the bare network to the whole",
    rows: [
      ["FCN", "plain", [34.28, 76.35]],
      ["+ augmentation", "auxiliary_none", [35.82, 77.07]],
      ["+ auxiliary loss", "baseline", [37.23, 78.01]],
      ["+ pyramid", WHOLE, [41.68, 80.04]],
    ],
  },
];

/** Each is a step from one variant to another, and what the paper's mIoU gains by it. */
const FINDINGS = /** @type {const} */ ([
  ["A pyramid of one bin beats none", "baseline", "pooling_1_average_none", 2.84],
  ["Four bins beat one", "pooling_1_average_none", "pooling_1-2-3-6_average_none", 1.0],
  ["Average beats max", "pooling_1-2-3-6_max_none", "pooling_1-2-3-6_average_none", 0.89],
  ["Average beats max, reduced", "pooling_1-2-3-6_max_4", WHOLE, 0.81],
  ["Reduction helps", "pooling_1-2-3-6_average_none", WHOLE, 0.61],
  ["The whole pyramid beats none", "baseline", WHOLE, 4.45],
  ["The auxiliary loss helps", "auxiliary_none", "auxiliary_weight-0.4", 1.41],
  ["Weight 0.4 beats 0.3", "auxiliary_weight-0.3", "auxiliary_weight-0.4", 0.22],
  ["Weight 0.4 beats 0.6", "auxiliary_weight-0.6", "auxiliary_weight-0.4", 0.14],
  ["Weight 0.4 beats 0.9", "auxiliary_weight-0.9", "auxiliary_weight-0.4", 0.24],
  ["Augmentation helps", "plain", "auxiliary_none", 1.54],
  ["Deeper is better", "depth_1-1-1-1", "depth_2-2-2-2", 0.28],
  ["Deeper still is better still", "depth_2-2-2-2", "depth_3-4-6-3", 0.66],
  ["Several scales beat one", "depth_1-1-1-1", "multi-scale_1-1-1-1", 1.1],
]);

/** What is not among the rows yet is left out. @param {readonly Row[]} rows */
export function tables(rows) {
  /** @param {string} variant */
  const scoresOf = (variant) => rows.find((row) => row.variant === variant)?.evaluations;
  const blocks = TABLES.flatMap(({ title, rows: wanted }) => {
    const lines = wanted.flatMap(([name, variant, paper]) => {
      const scores = scoresOf(variant);
      return scores === undefined ? [] : [line(name, scores, paper)];
    });
    return lines.length === 0 ? [] : [[`### ${title}`, "", ...HEAD, ...lines, ""].join("\n")];
  });
  return [...blocks, findings(scoresOf)].join("\n");
}

const HEAD = [
  "| | mIoU, ours | lowest to highest | pixel acc., ours | mIoU, paper | pixel acc., paper |",
  "| --- | --- | --- | --- | --- | --- |",
];

/** @param {string} name @param {readonly Scores[]} scores @param {Published} paper */
function line(name, scores, paper) {
  const mious = scores.map(({ miou }) => 100 * miou);
  const range = `${Math.min(...mious).toFixed(1)} to ${Math.max(...mious).toFixed(1)}`;
  const accuracy = mean(scores.map(({ pixel_accuracy }) => 100 * pixel_accuracy)).toFixed(1);
  const theirs = paper === null ? ["–", "–"] : paper.map((value) => value.toFixed(2));
  return `| ${[name, `**${mean(mious).toFixed(1)}**`, range, accuracy, ...theirs].join(" | ")} |`;
}

/** Seeds are compared one by one: both variants of a seed see the same pictures in the same order. @param {(variant: string) => readonly Scores[] | undefined} scoresOf */
function findings(scoresOf) {
  const lines = FINDINGS.flatMap(([finding, from, to, paper]) => {
    const [before, after] = [scoresOf(from), scoresOf(to)];
    if (before === undefined || after === undefined) return [];
    const gains = after.map(({ miou }, seed) => 100 * (miou - before[seed].miou));
    const each = gains.map((gain) => signed(gain, 1)).join(", ");
    return [
      `| ${[finding, signed(paper, 2), signed(mean(gains), 1), each, verdict(gains)].join(" | ")} |`,
    ];
  });
  return [
    "### The findings",
    "",
    "| finding | paper | ours, mean | each seed | here |",
    "| --- | --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}

/** @param {readonly number[]} gains */
function verdict(gains) {
  if (gains.length < 3) return "too few seeds";
  if (gains.every((gain) => gain > 0)) return "**holds**";
  return gains.every((gain) => gain < 0) ? "the reverse" : "seeds disagree";
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** @param {number} value @param {number} digits */
const signed = (value, digits) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
