/** Plans that `plan --out` wrote: a file's name enters, the plan leaves. */

import { readFileSync } from "node:fs";
import { Failed } from "../diagnostic/failure.js";
import { type Plan, VERSION } from "../report/plan.js";
import type { Target } from "./arguments.js";
import { notAPlan, unreadable } from "./errors.js";

/** JSON is YAML too: a spec says which language it is in, and a plan that it is one. */
export const isSavedPlan = ({ entry, variant }: Target): boolean =>
  variant === undefined &&
  entry.endsWith(".json") &&
  !/"pspc"\s*:/.test(textOf(entry).slice(0, 200));

/** @throws Failed where the file cannot be read or holds no plan of this version. */
export const savedPlan = (file: string): Plan => {
  const text = textOf(file);
  try {
    const saved: unknown = JSON.parse(text);
    if (isPlan(saved)) return saved;
  } catch {
    // Told below, like JSON that is something else.
  }
  throw new Failed(notAPlan(file));
};

const isPlan = (value: unknown): value is Plan =>
  typeof value === "object" && value !== null && "plan" in value && value.plan === VERSION;

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Failed(unreadable(file, error));
  }
};
