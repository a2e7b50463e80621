/** Decodes the experiment that a run's record holds: types and ranges of every value, then the rules of the language. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { type Checked, errorsIn, unless } from "../diagnostic/diagnostic.js";
import { type Codec, fail, plainly } from "../language/codec.js";
import { layoutNames } from "../language/data.js";
import type { LabelMap } from "../language/dataset.js";
import { mapNames } from "../language/datasets.js";
import { decode } from "../language/decode.js";
import { wrongType } from "../language/errors.js";
import { marked } from "../language/map.js";
import { closed, isMap } from "../language/section.js";
import { choice, flag, integer, list, oneOf, real, text, tuple } from "../language/value.js";
import type { Augmentation, Data, Evaluate, Experiment, Train } from "../normalize/experiment.js";
import type { Rule } from "../rules/rule.js";
import { rules } from "../rules/rules.js";
import { nullable, share, words } from "./codec.js";
import { optimizer, schedule } from "./descent.js";
import { completedModel, model, type RecordedModel } from "./model.js";

const positive = integer({ min: 1 });
const weight = real({ min: 0 });
const pixels = tuple(2, "whole numbers", integer({ min: 1, max: 16384 }));
export const rgb = tuple(3, "whole numbers", integer({ min: 0, max: 255 }));

/** Version 0.1 does not say some of it. */
type Since<A, K extends keyof A> = Omit<A, K> & Partial<Pick<A, K>>;
type Scale = Extract<Augmentation, { op: "scale" }>;
type RecordedAugmentation = Exclude<Augmentation, Scale> | Since<Scale, "step" | "base">;

/** JSON has no maps: labels stand in it as pairs of a value and its class. */
type LabelPair = readonly [value: number, target: number | "ignore"];
type Written = Omit<Experiment, "data" | "model" | "train" | "evaluate"> & {
  readonly model: RecordedModel;
  readonly train: Omit<Train, "augment" | "loss"> & {
    readonly augment: readonly RecordedAugmentation[];
    readonly loss: Since<Train["loss"], "smoothing" | "focal">;
  };
  readonly evaluate: Since<Evaluate, "grid" | "base" | "precision">;
  readonly data: Omit<Data, "labels" | "images"> & {
    readonly labels: readonly LabelPair[];
    readonly images?: Data["images"];
  };
};

const label: Codec<LabelPair> = plainly("a label value and its class", ["list"], {}, (u, c) => {
  const [value, target, ...more] = Array.isArray(u) ? (u as readonly unknown[]) : [];
  const named = target === "ignore" || Number.isSafeInteger(target);
  return Number.isSafeInteger(value) && named && more.length === 0
    ? t.success(u as LabelPair)
    : fail(u, c, wrongType("a label value and its class", u));
});

const folders = closed("the folders", { images: words, labels: words, suffix: words }, {});
const split = oneOf(words, folders);

const scoredSplit = oneOf(
  words,
  marked(
    "share",
    closed(
      "the held-out share",
      {
        share: real({ above: 0, below: 1 }),
        together: nullable(words),
        seed: integer({ min: 0, max: 4294967295 }),
      },
      {},
    ),
    folders,
  ),
);

export const pictureReading = closed(
  "how images are read",
  {
    range: nullable(tuple(2, "numbers", real())),
    bands: nullable(tuple(3, "band numbers", integer({ min: 1, max: 65535 }))),
  },
  {},
);

const data = closed(
  "the data",
  {
    layout: choice(...layoutNames),
    root: words,
    train: split,
    val: nullable(scoredSplit),
    test: nullable(scoredSplit),
    classes: list("class names", text("a class name"), { min: 1, max: 65535 }),
    labels: list("labels", label),
    damaged: choice("stop", "skip"),
    label_format: choice("index", "colour"),
    label_map: nullable(choice(...mapNames)),
    palette: nullable(list("colours", rgb)),
    mean: tuple(3, "numbers", real()),
    std: tuple(3, "numbers", real()),
  },
  {
    /** 0.1 reads every image as its format defines it. */
    images: nullable(pictureReading),
  },
);

const factors = tuple(2, "numbers", real({ above: 0 }));
const range = { min: real(), max: real() };
const augmentations: {
  readonly [K in Augmentation["op"]]: Codec<Extract<RecordedAugmentation, { op: K }>>;
} = {
  mirror: closed("mirror", { op: choice("mirror"), probability: share }, {}),
  scale: closed(
    "scale",
    { op: choice("scale"), ...range, aspect: real({ min: 1 }) },
    { step: nullable(real({ above: 0 })), base: nullable(pixels) },
  ),
  rotate: closed(
    "rotate",
    { op: choice("rotate"), ...range, probability: share, border: oneOf(choice("mean"), rgb) },
    {},
  ),
  blur: closed("blur", { op: choice("blur"), probability: share }, {}),
  jitter: closed(
    "jitter",
    {
      op: choice("jitter"),
      brightness: share,
      contrast: share,
      saturation: share,
      probability: share,
    },
    {},
  ),
  distort: closed(
    "distort",
    {
      op: choice("distort"),
      brightness: weight,
      hue: weight,
      contrast: factors,
      saturation: factors,
    },
    {},
  ),
  crop: closed("crop", { op: choice("crop"), max_share: real({ above: 0, max: 1 }) }, {}),
};
const isOp = (op: unknown): op is Augmentation["op"] =>
  typeof op === "string" && Object.hasOwn(augmentations, op);

const augmentation: Codec<RecordedAugmentation> = plainly(
  "an augmentation",
  ["map"],
  {},
  (u, c): t.Validation<RecordedAugmentation> =>
    isMap(u) && isOp(u.op)
      ? augmentations[u.op].validate(u, c)
      : fail(u, c, wrongType("an augmentation", u)),
);

const train: Codec<Written["train"]> = closed(
  "the training",
  {
    iterations: positive,
    batch: positive,
    accumulate: positive,
    memory: nullable(
      oneOf(
        closed("the memory", { budget: positive }, {}),
        closed("the memory", { recompute: choice("blocks", "stages") }, {}),
      ),
    ),
    crop: pixels,
    seed: integer({ min: 0, max: 4294967295 }),
    precision: choice("f32", "bf16"),
    optimizer,
    clip: nullable(real({ above: 0 })),
    schedule,
    multipliers: closed(
      "the multipliers",
      { new: weight, pyramid: weight, head: weight, auxiliary: weight, bias: weight },
      {},
    ),
    freeze: closed(
      "what is frozen",
      { stages: choice(0, 1, 2, 3, 4), norm: choice("none", "backbone", "all") },
      {},
    ),
    ema: nullable(real({ min: 0, below: 1 })),
    loss: closed(
      "the loss",
      {
        mean_over: choice("valid", "all"),
        class_weights: nullable(list("weights", weight)),
        mining: nullable(closed("the mining", { threshold: share, keep: positive }, {})),
        strips: integer({ min: 1, max: 64 }),
        dice: weight,
      },
      // 0.1 smoothed no labels, and had no focal loss.
      { smoothing: real({ min: 0, below: 1 }), focal: real({ min: 0, max: 16 }) },
    ),
    augment: list("augmentations", augmentation, { max: 32 }),
    validate: nullable(
      closed("the validation", { every: positive, images: nullable(positive) }, {}),
    ),
    checkpoints: closed(
      "the checkpoints",
      {
        every: nullable(positive),
        keep: positive,
        best: choice("none", "miou", "mean_accuracy", "pixel_accuracy"),
      },
      {},
    ),
    recover: nullable(
      closed("the recovery", { factor: real({ above: 0, below: 1 }), attempts: positive }, {}),
    ),
  },
  {},
);

export const evaluate = closed(
  "the evaluation",
  {
    mode: choice("whole", "slide"),
    window: pixels,
    overlap: real({ min: 0, below: 1 }),
    scales: list("scales", real({ above: 0, max: 16 }), { min: 1, max: 32 }),
    long_side: nullable(positive),
    mirror: flag,
    padding: choice("centre", "end"),
    average: choice("probabilities", "logits"),
    rounding: choice("nearest", "above"),
    absent_class: choice("zero", "skip", "one"),
    boundary: nullable(real({ above: 0, max: 1 })),
  },
  {
    grid: choice("8n+1", "none"),
    base: nullable(pixels),
    precision: choice("f32", "bf16"),
  },
);

const written: Codec<Written> = closed("the experiment", { data, model, train, evaluate }, {});

/** As JSON holds it. Every value, and then what the rules of the language say of them together. */
export const decodeExperiment = (value: unknown): Checked<Experiment> =>
  pipe(decode(written, value), E.map(completed), E.chain(withinRules));

const completed = ({ data, model, train, evaluate, ...rest }: Written): Experiment => {
  const labels: LabelMap = new Map(data.labels);
  return {
    ...rest,
    data: { ...data, labels, images: data.images ?? null },
    model: completedModel(model),
    train: {
      ...train,
      loss: { smoothing: 0, focal: 0, ...train.loss },
      augment: train.augment.map(completedStep),
    },
    // 0.1 padded every whole image, scaled none into a size, and asked networks in 32 bits.
    evaluate: { grid: "8n+1", base: null, precision: "f32", ...evaluate },
  };
};

const completedStep = (step: RecordedAugmentation): Augmentation =>
  step.op === "scale" ? { ...step, step: step.step ?? null, base: step.base ?? null } : step;

const withinRules = (experiment: Experiment): Checked<Experiment> =>
  unless(
    errorsIn(Object.values<Rule>(rules).flatMap((rule) => rule(experiment, {}))),
    () => experiment,
  );
