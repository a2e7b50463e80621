// @ts-check
/** Words of the command line enter; what is to be measured, and for how long, leaves. */

import { parseArgs } from "node:util";
import { cases, sides } from "./cases.mjs";

/**
 * @typedef {import("./cases.mjs").Case} Case
 * @typedef {import("./cases.mjs").SideName} SideName
 * @typedef {"train" | "infer"} Task
 * @typedef {{ title: string, entry: string, overrides: readonly string[], batch: number }} Site
 * @typedef {Site & { task: Task, sides: readonly SideName[] }} Run
 * @typedef {object} Order
 * @property {boolean} whole whether nothing was left out
 * @property {number} seconds for the rounds of each run
 * @property {string | undefined} results a file that keeps what was measured, so that a bench that was cut off goes on
 * @property {readonly Run[]} runs
 */

const TASKS = /** @type {const} */ (["train", "infer"]);

/** @param {string} what @param {readonly string[]} given @param {readonly string[]} known */
const expectKnown = (what, given, known) => {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new Error(`there is no ${what} ${unknown}; there are ${known.join(", ")}`);
};

/** @param {Case} of @param {Task} task @param {readonly string[]} among @returns {readonly Run[]} none where nobody is left */
const runOf = ({ title, entry, overrides = [], batch, ...of }, task, among) => {
  const taking = (of[task] ?? []).filter((name) => among.includes(name));
  return taking.length === 0 ? [] : [{ title, entry, overrides, batch, task, sides: taking }];
};

/** @param {string[]} args @returns {Order} */
export const orderOf = (args) => {
  const { values, positionals } = parseArgs({
    args,
    options: {
      short: { type: "boolean", default: false },
      task: { type: "string", multiple: true, default: [...TASKS] },
      results: { type: "string" },
      sides: { type: "string", default: Object.keys(sides).join() },
    },
    allowPositionals: true,
  });
  const { results } = values;
  const among = values.sides.split(",");
  const named = cases.map(({ name }) => name);
  expectKnown("case", positionals, named);
  expectKnown("side", among, Object.keys(sides));
  expectKnown("task", values.task, TASKS);
  const usual = values.short ? ["camvid"] : named.filter((_, i) => !cases[i].asked);
  const wanted = positionals.length > 0 ? positionals : usual;
  const runs = cases
    .filter(({ name }) => wanted.includes(name))
    .flatMap((of) =>
      TASKS.flatMap((task) => (values.task.includes(task) ? runOf(of, task, among) : [])),
    );
  const everything =
    among.length === Object.keys(sides).length && values.task.length === TASKS.length;
  const whole = everything && !values.short && positionals.length === 0;
  return { whole, seconds: values.short ? 5 : 20, results, runs };
};
