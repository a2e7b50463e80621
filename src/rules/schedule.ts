/** The rules of the learning rate: a schedule must do what it is for within the steps that there are. */

import { type Diagnostic, error, type Path, warning } from "../diagnostic/diagnostic.js";
import { path } from "../language/path.js";
import type { Train } from "../normalize/experiment.js";
import { place, type Rule, remove, write } from "./rule.js";

type Schedule = Train["schedule"];
type Plain = Exclude<Schedule, { readonly kind: "warmup" }>;

/** A schedule alone, or behind a warm-up: where it stands, and how many steps it has. */
interface Placed {
  readonly schedule: Plain;
  readonly at: Path;
  readonly steps: number;
}

const placed = ({ schedule, iterations }: Pick<Train, "schedule" | "iterations">): Placed => {
  const kind = (of: Plain): string => ("kind" in of ? of.kind : "poly");
  if (!("kind" in schedule) || schedule.kind !== "warmup")
    return { schedule, at: ["train", "schedule", kind(schedule)], steps: iterations };
  const at = [...path("train.schedule.warmup.schedule"), kind(schedule.schedule)];
  return { schedule: schedule.schedule, at, steps: iterations - schedule.steps };
};

/** A schedule falls from its base to its end (section 4.1). */
export const rateFalls: Rule = ({ train }) => {
  const { schedule, at } = placed(train);
  return "end" in schedule && schedule.end >= schedule.base
    ? [endAboveBase(at, schedule.base, schedule.end)]
    : [];
};

const endAboveBase = (at: Path, base: number, end: number): Diagnostic =>
  error("E0521", "the learning rate would not fall", place([...at, "end"], `ends at ${end}`), {
    related: [place([...at, "base"], `begins at ${base}`)],
    help: ["use an end below the base; the paper's is 0"],
    fixes: [write([...at, "end"], 0)],
  });

/** Behind a warm-up there is a training. */
export const warmupEnds: Rule = ({ train: { schedule, iterations } }) =>
  "kind" in schedule && schedule.kind === "warmup" && schedule.steps >= iterations
    ? [warmupIsAll(schedule.steps, iterations)]
    : [];

const warmupIsAll = (steps: number, iterations: number): Diagnostic =>
  error(
    "E0525",
    "the warm-up leaves no steps for the schedule behind it",
    place(path("train.schedule.warmup.steps"), `${steps} steps of warm-up`),
    {
      related: [place(path("train.iterations"), `${iterations} steps in all`)],
      help: ["warm up for fewer steps, or train longer"],
    },
  );

/** Milestones come in order, and before the training ends. */
export const milestonesReached: Rule = ({ train }) => {
  const { schedule, at, steps } = placed(train);
  if (!("kind" in schedule) || schedule.kind !== "milestones" || steps <= 0) return [];
  const milestones = [...at, "at"];
  return schedule.at.flatMap((step, i) => {
    const before = schedule.at[i - 1] ?? 0;
    if (step <= before) return [outOfOrder(milestones, i, before)];
    return step >= steps ? [neverReached(milestones, i, steps)] : [];
  });
};

const outOfOrder = (at: Path, index: number, before: number): Diagnostic =>
  error(
    "E0526",
    "the milestones are not in order",
    place([...at, index], `comes after step ${before}`),
    { help: ["write the steps in order, each once"] },
  );

const neverReached = (at: Path, index: number, steps: number): Diagnostic =>
  warning(
    "E0526",
    "this milestone is never reached",
    place([...at, index], `the schedule has ${steps} steps`),
    {
      related: [place(path("train.iterations"), "ends before it")],
      notes: ["milestones count from where their schedule begins: behind a warm-up, from its end"],
      help: ["take it away, or train longer"],
      fixes: [remove([...at, index])],
    },
  );

/** AdamW moves each weight by about the rate, whatever its gradient is; SGD's usual rate would throw the weights about. */
export const adamwRate: Rule = ({ train }) => {
  const { schedule, at } = placed(train);
  return "betas" in train.optimizer && schedule.base >= MOST_FOR_ADAMW
    ? [rateOfSgd(at, schedule.base)]
    : [];
};

/** SGD's usual rate, and twenty times that of mmsegmentation's AdamW. */
const MOST_FOR_ADAMW = 0.01;

const rateOfSgd = (at: Path, base: number): Diagnostic =>
  warning(
    "E0527",
    `AdamW at a rate of ${base} will hardly learn`,
    place([...at, "base"], "a rate for SGD"),
    {
      related: [{ path: path("train.optimizer"), label: "is adamw", on: "key" }],
      notes: [
        "AdamW moves every weight by about the rate in each step, however small its gradient",
      ],
      help: ["use a base around 0.0005; mmsegmentation's PSPNet has that"],
      fixes: [write([...at, "base"], 0.0005)],
    },
  );
