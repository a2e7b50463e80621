/** The section `train` as written enters; the decided one leaves. */

import type { Spec } from "../language/spec.js";
import { bytesIn } from "../language/train.js";
import { decideCheckpoints, decideRecover, decideValidate } from "./durable.js";
import type { Augmentation, Freeze, Multipliers, Train } from "./experiment.js";
import { type Decisions, same } from "./origin.js";

type Written = Spec["train"];
type Size = readonly [height: number, width: number];

export const sides = (size: number | Size): Size =>
  typeof size === "number" ? [size, size] : size;

export const decideTrain = (t: Written, decide: Decisions): Train => ({
  iterations: decide.given("train.iterations", t.iterations),
  batch: decide.or("train.batch", t.batch, 16, "paper, section 4.1"),
  accumulate: decide.or("train.accumulate", t.accumulate, 1, "the whole batch at once"),
  memory: decideMemory(t.memory, decide),
  crop: sides(decide.or("train.crop", t.crop, 473, "semseg, for ADE20K and VOC")),
  seed: decide.or("train.seed", t.seed, 0, "any number will do"),
  precision: decide.or("train.precision", t.precision, "f32", "every device has it"),
  optimizer: decideOptimizer(t.optimizer, decide),
  clip: orNull(decide.or("train.clip", t.clip, "none", "semseg does not clip")),
  schedule: decideSchedule(t.schedule, decide),
  multipliers: decideMultipliers(t.multipliers ?? {}, decide),
  freeze: decideFreeze(t.freeze, decide),
  ema: orNull(decide.or("train.ema", t.ema, "none", "the weights of the last step")),
  loss: decideLoss(t.loss, decide),
  augment: decideAugment(t.augment, decide),
  validate: decideValidate(t.validate, decide),
  checkpoints: decideCheckpoints(t.checkpoints, t.validate, decide),
  recover: decideRecover(t.recover, decide),
});

const orNull = <A>(value: A | "none"): A | null => (value === "none" ? null : value);

const decideMemory = (m: Written["memory"], decide: Decisions): Train["memory"] => {
  if (m === undefined || m === "none") {
    decide.or("train.memory", m, "none", "everything is kept");
    return null;
  }
  if ("recompute" in m) return { recompute: decide.given("train.memory.recompute", m.recompute) };
  return { budget: bytesIn(decide.given("train.memory.budget", m.budget)) };
};

const decideOptimizer = (o: Written["optimizer"], decide: Decisions): Train["optimizer"] => {
  const sgd = o === "sgd" ? undefined : o?.sgd;
  const path = "train.optimizer.sgd";
  return {
    momentum: decide.or(`${path}.momentum`, sgd?.momentum, 0.9, "paper, section 4.1"),
    weight_decay: decide.or(`${path}.weight_decay`, sgd?.weight_decay, 1e-4, "paper, section 4.1"),
    decay: decide.orPreset(`${path}.decay`, sgd?.decay, same),
  };
};

const decideSchedule = (s: Written["schedule"], decide: Decisions): Train["schedule"] => {
  const poly = s === "poly" ? undefined : s?.poly;
  const path = "train.schedule.poly";
  return {
    base: decide.or(`${path}.base`, poly?.base, 0.01, "paper, section 4.1"),
    power: decide.or(`${path}.power`, poly?.power, 0.9, "paper, section 4.1"),
    end: decide.orPreset(`${path}.end`, poly?.end, same),
  };
};

const decideMultipliers = (
  m: NonNullable<Written["multipliers"]>,
  decide: Decisions,
): Multipliers => {
  const fresh = decide.orPreset("train.multipliers.new", m.new, same);
  const of = (group: "pyramid" | "head" | "auxiliary"): number =>
    decide.orInferred(`train.multipliers.${group}`, m[group], fresh, "`train.multipliers.new`");
  return {
    new: fresh,
    pyramid: of("pyramid"),
    head: of("head"),
    auxiliary: of("auxiliary"),
    bias: decide.orPreset("train.multipliers.bias", m.bias, (factor) => factor * fresh),
  };
};

const decideLoss = (l: Written["loss"], decide: Decisions): Train["loss"] => {
  const path = "train.loss.class_weights";
  const mean_over = decide.orPreset("train.loss.mean_over", l?.mean_over, same);
  const weights = decide.or(path, l?.class_weights, "none", "all classes count alike");
  return {
    mean_over,
    class_weights: orNull(weights),
    mining: decideMining(l?.mining, decide),
    strips: decide.or("train.loss.strips", l?.strips, 1, "the whole map at once"),
    dice: decide.or("train.loss.dice", l?.dice, 0, "cross-entropy alone"),
  };
};

const decideMining = (
  m: NonNullable<Written["loss"]>["mining"],
  decide: Decisions,
): Train["loss"]["mining"] => {
  const path = "train.loss.mining";
  if (m === undefined || m === "none") {
    decide.or(path, m, "none", "easy pixels count too");
    return null;
  }
  const source = "mmsegmentation `OHEMPixelSampler`";
  return {
    threshold: decide.or(`${path}.threshold`, m.threshold, 0.7, source),
    keep: decide.or(`${path}.keep`, m.keep, 100000, source),
  };
};

const decideFreeze = (f: Written["freeze"], decide: Decisions): Freeze => ({
  stages: decide.or("train.freeze.stages", f?.stages, 0, "everything learns"),
  norm: decide.or("train.freeze.norm", f?.norm, "none", "statistics of the batch"),
});

/** The paper's section 4.1, in the order of semseg `tool/train.py`. */
const usual: Exclude<Written["augment"], "none" | undefined> = [
  { scale: [0.5, 2] },
  { rotate: [-10, 10] },
  "blur",
  "mirror",
];

const decideAugment = (a: Written["augment"], decide: Decisions): readonly Augmentation[] => {
  const written = decide.or("train.augment", a, usual, "paper, section 4.1");
  return written === "none" ? [] : written.map(augmentation);
};

type WrittenAugmentation = Exclude<Written["augment"], "none" | undefined>[number];

const augmentation = (a: WrittenAugmentation): Augmentation => {
  if (a === "mirror" || a === "blur") return { op: a, probability: 0.5 };
  if (a === "jitter") return jitter({});
  if ("mirror" in a) return { op: "mirror", probability: a.mirror };
  if ("blur" in a) return { op: "blur", probability: a.blur };
  if ("crop" in a) return { op: "crop", max_share: a.crop.max_share };
  if ("jitter" in a) return jitter(a.jitter);
  return "scale" in a ? scale(a.scale) : rotate(a.rotate);
};

type Payload<K extends string> = Extract<WrittenAugmentation, Readonly<Record<K, unknown>>>[K &
  keyof Extract<WrittenAugmentation, Readonly<Record<K, unknown>>>];

const scale = (s: Payload<"scale">): Augmentation => {
  const [min, max] = "range" in s ? s.range : s;
  return { op: "scale", min, max, aspect: "range" in s ? (s.aspect ?? 1) : 1 };
};

const rotate = (r: Payload<"rotate">): Augmentation => {
  const [min, max] = "range" in r ? r.range : r;
  return {
    op: "rotate",
    min,
    max,
    probability: "range" in r ? (r.probability ?? 0.5) : 0.5,
    border: "range" in r ? (r.border ?? "mean") : "mean",
  };
};

/** 0.4 is PaddleSeg's and torchvision's usual strength. */
const jitter = (j: Payload<"jitter">): Augmentation => ({
  op: "jitter",
  brightness: j.brightness ?? 0.4,
  contrast: j.contrast ?? 0.4,
  saturation: j.saturation ?? 0.4,
  probability: j.probability ?? 1,
});
