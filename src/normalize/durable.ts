/** What a training does besides learning, as written, enters: validation, checkpoints, recovery; the decided leaves. */

import type { Spec } from "../language/spec.js";
import type { Checkpoints, Train } from "./experiment.js";
import type { Decisions } from "./origin.js";

type Written = Spec["train"];

export const decideValidate = (v: Written["validate"], decide: Decisions): Train["validate"] => {
  const path = "train.validate";
  if (v === undefined || v === "none") {
    decide.or(path, v, "none", "scored when training is over");
    return null;
  }
  return {
    every: decide.given(`${path}.every`, v.every),
    images: decide.or(`${path}.images`, v.images, null, "all of them"),
  };
};

export const decideCheckpoints = (
  c: Written["checkpoints"],
  validate: Written["validate"],
  decide: Decisions,
): Checkpoints => {
  const path = "train.checkpoints";
  const scored = validate !== undefined && validate !== "none";
  const because = scored ? "`train.validate` scores it" : "nothing is scored before the end";
  return {
    every: decide.or(`${path}.every`, c?.every, null, "by the clock"),
    keep: decide.or(`${path}.keep`, c?.keep, 2, "the last, and one in case it is damaged"),
    best: decide.orInferred(`${path}.best`, c?.best, scored ? "miou" : "none", because),
  };
};

export const decideRecover = (r: Written["recover"], decide: Decisions): Train["recover"] => {
  const path = "train.recover";
  if (r === undefined || r === "none") {
    decide.or(path, r, "none", "a loss that is not finite stops the run");
    return null;
  }
  return {
    factor: decide.or(`${path}.factor`, r.factor, 0.5, "half the rate"),
    attempts: decide.or(`${path}.attempts`, r.attempts, 3, "then a person should look"),
  };
};
