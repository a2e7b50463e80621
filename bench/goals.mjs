// @ts-check
/** What was measured enters; a table of what pspc is to reach beside its peers, and where it does, leaves. */

import { ratios } from "./statistics.mjs";

/**
 * @typedef {import("./measure.mjs").Measured} Measured
 * @typedef {import("./measure.mjs").Times} Times
 * @typedef {import("./cases.mjs").SideName} SideName
 * @typedef {object} Goal
 * @property {string} title
 * @property {Measured["task"]} task
 * @property {SideName} ours
 * @property {readonly SideName[]} theirs of whom the best counts
 * @property {(theirs: Times, ours: Times) => number} ratio
 * @property {(title: string) => number} [least] by the case, whose goals differ with what its network is made of
 * @property {number} [most]
 */

/** How many times our seconds they take. @type {Goal["ratio"]} */
const time = (theirs, ours) => ratios(theirs.seconds, ours.seconds).median;
/** What share of their memory we take. @type {Goal["ratio"]} */
const memory = (theirs, ours) => (ours.peak ?? Number.NaN) / (theirs.peak ?? Number.NaN);

/** @type {readonly SideName[]} */
const torch = ["torch", "torch-last", "torch-compiled"];
const train = /** @type {const} */ ({ task: "train", ours: "pspc" });

/** Of the first row whose beginning a title has. @param {readonly (readonly [string, number])[]} rows @param {number} other @returns {(title: string) => number} */
const by = (rows, other) => (title) =>
  rows.find(([begin]) => title.startsWith(begin))?.[1] ?? other;

/** @type {readonly Goal[]} */
const goals = [
  {
    ...train,
    title: "training: PyTorch's seconds ÷ ours",
    theirs: torch,
    ratio: time,
    least: by(
      [
        ["PSPNet50", 1.75],
        ["PSPNet101", 1.5],
      ],
      1.3,
    ),
  },
  {
    ...train,
    title: "stock tfjs's seconds ÷ ours",
    theirs: ["tfjs"],
    ratio: time,
    least: () => 3,
  },
  { ...train, title: "our memory ÷ PyTorch's", theirs: torch, ratio: memory, most: 1 },
  { ...train, title: "our memory ÷ stock tfjs's", theirs: ["tfjs"], ratio: memory, most: 0.5 },
  {
    title: "inference: onnxruntime's seconds ÷ ours",
    task: "infer",
    ours: "pspc",
    theirs: ["onnxruntime"],
    ratio: time,
    least: by(
      [
        ["PSPNet50 at 473", 1.7],
        ["PSPNet", 1.45],
      ],
      1,
    ),
  },
  {
    title: "bf16 inference: onnxruntime's f32 seconds ÷ ours",
    task: "infer",
    ours: "pspc-bf16",
    theirs: ["onnxruntime"],
    ratio: time,
    least: () => 1.25,
  },
  {
    ...train,
    title: "bf16 training: PyTorch's seconds ÷ ours",
    ours: "pspc-bf16",
    theirs: ["torch-bf16"],
    ratio: time,
    least: by([["PSPNet50", 1.5]], 1.35),
  },
];

/** The ratio to the best of them, in bold where it reaches the goal, and the goal. @param {Goal} of @param {string} title @param {readonly Measured[]} all */
const cell = ({ task, ours, theirs, ratio, least, most }, title, all) => {
  const times = all.find((each) => each.task === task)?.times ?? [];
  const own = times.find(({ name }) => name === ours);
  if (own === undefined) return "";
  const found = times.filter(({ name }) => theirs.includes(name)).map((each) => ratio(each, own));
  if (found.length === 0) return "";
  const best = least === undefined ? Math.max(...found) : Math.min(...found);
  if (Number.isNaN(best)) return "";
  const goal = least === undefined ? (most ?? 0) : least(title);
  const reached = least === undefined ? best <= goal : best >= goal;
  const shown = reached ? `**${best.toFixed(2)}**` : best.toFixed(2);
  return `${shown} (${least === undefined ? "≤" : "≥"} ${goal})`;
};

/** @param {readonly Measured[]} all */
export const goalTable = (all) => {
  const heads = goals.map(({ title }) => title);
  const row = (/** @type {readonly string[]} */ of) => `| ${of.join(" | ")} |`;
  const rows = [...new Set(all.map(({ title }) => title))].map((title) => {
    const of = all.filter((each) => each.title === title);
    return row([title, ...goals.map((goal) => cell(goal, title, of))]);
  });
  return [row(["", ...heads]), row(["---", ...goals.map(() => "--:")]), ...rows].join("\n");
};
