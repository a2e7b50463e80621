// @ts-check
/** What was measured enters; the text of docs/performance.md leaves: the machine in words, and a table a task. */

import { quantile, ratios, spread } from "./statistics.mjs";

/**
 * @typedef {import("./measure.mjs").Measured} Measured
 * @typedef {import("./measure.mjs").Times} Times
 * @typedef {{ size: number, by: readonly { name: string, rates: readonly number[] }[] }} Limits
 */

/** Three digits that count. @param {number} n */
const short = (n) => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(n < 1 ? 3 : 2));

/** @param {import("./statistics.mjs").Spread} of @param {(n: number) => string} text */
const range = ({ median, low, high }, text) => `${text(median)} (${text(low)}–${text(high)})`;

/** @param {Measured} of @param {Times} times @returns {readonly string[]} */
const cells = ({ times: [ours], flops }, { label, device, seconds, load, first, peak }) => [
  device === "cpu" ? label : `${label}, on ${device}`,
  range(spread(seconds), short),
  seconds === ours.seconds ? "1" : range(ratios(seconds, ours.seconds), (n) => n.toFixed(2)),
  (flops / quantile(seconds, 0.5) / 1e9).toFixed(0),
  peak === null ? "–" : Math.round(peak / 2 ** 20).toLocaleString("en"),
  `${load.toFixed(1)} + ${short(first)}`,
];

const titles = ["", "s a step", "times the first", "GFLOP/s", "peak, MiB", "ready + first step, s"];

/**
 * The rows of each case begin with its title; no case, no table.
 * @param {readonly Measured[]} all @param {Measured["task"]} task
 */
export const table = (all, task) => {
  const row = (/** @type {readonly string[]} */ of) => `| ${of.join(" | ")} |`;
  const rows = all
    .filter((each) => each.task === task)
    .flatMap((each) => [
      row([`**${each.title}**`, ...titles.slice(1).map(() => "")]),
      ...each.times.map((times) => row(cells(each, times))),
    ]);
  if (rows.length === 0) return "";
  return [row(titles), row(titles.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows].join("\n");
};

/** @param {import("../src/runtime/doctor.js").Report} machine @param {Readonly<Record<string, string>>} found @param {Limits} limits */
export const facts = ({ cpu, gpus, memory, node, tfjs, tensorflow }, found, limits) => {
  const units = cpu.units.length === 0 ? "" : ` with ${cpu.units.join(", ")}`;
  const pages = memory.large_pages === "given" ? ["large pages for those that ask"] : [];
  const graphics = gpus.map(({ name, driver }) => `${name}, driver ${driver}`);
  const versions = [
    `Node ${node}`,
    `tfjs ${tfjs}`,
    "version" in tensorflow ? `TensorFlow ${tensorflow.version} on the ${tensorflow.device}` : [],
    Object.entries(found).map(([name, version]) => `${name} ${version}`),
  ];
  const speeds = limits.by.map(
    ({ name, rates }) => `${range(spread(rates), (n) => n.toFixed(0))} GFLOP/s in ${name}`,
  );
  return [
    `- ${[`${cpu.model}${units}, ${cpu.cores} cores`, ...pages, ...graphics].join("; ")}`,
    `- ${versions.flat(2).join(", ")}`,
    `- the machine's limit: a product of ${limits.size}×${limits.size} matrices in f32 runs at ${speeds.join(", ")}`,
  ].join("\n");
};

/** What could not be measured. @param {readonly string[]} absent packages @param {readonly Measured[]} all */
export const gaps = (absent, all) =>
  [
    ...(absent.length === 0
      ? []
      : [`- not installed: ${absent.join(", ")} (\`python3 -m pip install ${absent.join(" ")}\`)`]),
    ...all.flatMap(({ title, failed }) => failed.map((reason) => `- ${title}, ${reason}`)),
  ].join("\n");
