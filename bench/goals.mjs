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
 * @property {number} [least]
 * @property {number} [most]
 */

/** How many times our seconds they take. @type {Goal["ratio"]} */
const time = (theirs, ours) => ratios(theirs.seconds, ours.seconds).median;
/** What share of their memory we take. @type {Goal["ratio"]} */
const memory = (theirs, ours) => (ours.peak ?? Number.NaN) / (theirs.peak ?? Number.NaN);

/** @type {readonly SideName[]} */
const torch = ["torch", "torch-last", "torch-compiled"];
const train = /** @type {const} */ ({ task: "train", ours: "pspc" });

/** @type {readonly Goal[]} */
const goals = [
  { ...train, title: "training: PyTorch's seconds ÷ ours", theirs: torch, ratio: time, least: 1.4 },
  { ...train, title: "stock tfjs's seconds ÷ ours", theirs: ["tfjs"], ratio: time, least: 3 },
  { ...train, title: "our memory ÷ PyTorch's", theirs: torch, ratio: memory, most: 1 },
  { ...train, title: "our memory ÷ stock tfjs's", theirs: ["tfjs"], ratio: memory, most: 0.5 },
  {
    title: "inference: onnxruntime's seconds ÷ ours",
    task: "infer",
    ours: "pspc",
    theirs: ["onnxruntime"],
    ratio: time,
    least: 1.2,
  },
  {
    ...train,
    title: "bf16 training: PyTorch's seconds ÷ ours",
    ours: "pspc-bf16",
    theirs: ["torch-bf16"],
    ratio: time,
    least: 2,
  },
];

/** The ratio to the best of them, in bold where it reaches the goal. @param {Goal} goal @param {readonly Measured[]} all */
const cell = ({ task, ours, theirs, ratio, least, most }, all) => {
  const times = all.find((each) => each.task === task)?.times ?? [];
  const own = times.find(({ name }) => name === ours);
  if (own === undefined) return "";
  const found = times.filter(({ name }) => theirs.includes(name)).map((each) => ratio(each, own));
  if (found.length === 0) return "";
  const best = least === undefined ? Math.max(...found) : Math.min(...found);
  if (Number.isNaN(best)) return "";
  const reached = least === undefined ? best <= (most ?? 0) : best >= least;
  return reached ? `**${best.toFixed(2)}**` : best.toFixed(2);
};

/** @param {readonly Measured[]} all */
export const goalTable = (all) => {
  const heads = goals.map(
    ({ title, least, most }) => `${title} (${least ? `≥ ${least}` : `≤ ${most}`})`,
  );
  const row = (/** @type {readonly string[]} */ of) => `| ${of.join(" | ")} |`;
  const rows = [...new Set(all.map(({ title }) => title))].map((title) => {
    const of = all.filter((each) => each.title === title);
    return row([title, ...goals.map((goal) => cell(goal, of))]);
  });
  return [row(["", ...heads]), row(["---", ...goals.map(() => "--:")]), ...rows].join("\n");
};
