/** Writes an experiment out as the spec that is decided to it: so a run, which holds no spec, can be changed by one. */

import { type Rgb, rgb } from "../language/dataset.js";
import { PAPER_WIDTH } from "../language/family.js";
import type { Spec } from "../language/spec.js";
import {
  type Augmentation,
  type Data,
  type Experiment,
  isShare,
  type Model,
  type Train,
} from "./experiment.js";

/** Nothing is left to defaults or to `semantics`, but for what the language has no word for: there the default is it. */
export const written = ({ data, model, train, evaluate }: Experiment): Spec => ({
  pspc: 1,
  data: writtenData(data),
  model: writtenModel(model),
  train: writtenTrain(train),
  evaluate: {
    ...evaluate,
    long_side: evaluate.long_side ?? "none",
    base: evaluate.base ?? "none",
    boundary: evaluate.boundary ?? "none",
  },
});

/** `null` is a key that is left out. */
const present = <K extends string, A>(key: K, value: A | null): { readonly [_ in K]?: A } =>
  value === null ? {} : ({ [key]: value } as { readonly [_ in K]?: A });

const writtenData = (data: Data): Spec["data"] => {
  const { label_format: _, label_map: __, labels: ___, val, test, palette, images, ...rest } = data;
  return {
    ...rest,
    ...labelsOf(data),
    ...present("val", writtenSplit(val)),
    ...present("test", writtenSplit(test)),
    ...present("palette", palette),
    ...present(
      "images",
      images && { ...present("range", images.range), ...present("bands", images.bands) },
    ),
  };
};

const writtenSplit = (split: Data["val"]) => {
  if (split === null || !isShare(split)) return split;
  const { together, ...rest } = split;
  return { ...rest, ...present("together", together) };
};

const labelsOf = ({
  labels,
  label_format,
  label_map,
  classes,
}: Data): Pick<Spec["data"], "labels" | "ignore"> => {
  const nameOf = (meaning: number | "ignore"): string =>
    meaning === "ignore" ? meaning : (classes[meaning] ?? "ignore");
  if (label_format === "colour") return { labels: { colours: coloursOf(labels, nameOf) } };
  if (label_map === null) return { labels: rangesOf(labels, nameOf) };
  const ignore = [...labels].flatMap(([value, meaning]) => (meaning === "ignore" ? [value] : []));
  return { labels: label_map, ignore };
};

type NameOf = (meaning: number | "ignore") => string;

const coloursOf = (labels: Data["labels"], nameOf: NameOf): Readonly<Record<string, Rgb[]>> => {
  const colours = new Map<string, Rgb[]>();
  for (const [colour, meaning] of labels) {
    const name = nameOf(meaning);
    colours.set(name, [...(colours.get(name) ?? []), rgb(colour)]);
  }
  return Object.fromEntries(colours);
};

/** Neighbours of one meaning as `0..127`: a map of every value of 16 bits is no larger than it must be. */
const rangesOf = (labels: Data["labels"], nameOf: NameOf): Readonly<Record<string, string>> => {
  const ranges: { readonly first: number; last: number; readonly name: string }[] = [];
  for (const [value, meaning] of [...labels].sort(([a], [b]) => a - b)) {
    const [name, before] = [nameOf(meaning), ranges.at(-1)];
    if (before?.name === name && before.last === value - 1) before.last = value;
    else ranges.push({ first: value, last: value, name });
  }
  return Object.fromEntries(
    ranges.map(({ first, last, name }) => [
      first === last ? `${first}` : `${first}..${last}`,
      name,
    ]),
  );
};

const writtenModel = ({
  weights,
  backbone,
  pyramid,
  auxiliary,
  ...rest
}: Model): NonNullable<Spec["model"]> => {
  const { block, blocks, width, stem, groups, split_attention, ...body } = backbone;
  const own =
    block === "inverted"
      ? { mobilenet: width / PAPER_WIDTH }
      : { resnet: { block, blocks, width } };
  return {
    ...rest,
    ...present("weights", weights),
    backbone: {
      ...body,
      ...own,
      stem: writtenStem(stem),
      groups: groups ?? "none",
      split_attention: split_attention ?? "none",
    },
    pyramid: pyramid === null ? "none" : writtenPyramid(pyramid),
    auxiliary: auxiliary ?? "none",
  };
};

const writtenStem = (stem: Model["backbone"]["stem"]) => {
  if (stem.kind === "deep") return { deep: stem.channels };
  return stem.kind === "conv7" ? { conv7: stem.channels } : { conv3: stem.channels };
};

const writtenPyramid = ({ channels, ...pyramid }: NonNullable<Model["pyramid"]>) => ({
  ...pyramid,
  reduction: channels === null ? ("none" as const) : { channels },
});

const writtenTrain = (train: Train): Spec["train"] => {
  const { optimizer, schedule, loss, augment, validate, checkpoints, ...rest } = train;
  const { every, ...kept } = checkpoints;
  return {
    ...rest,
    memory: train.memory ?? "none",
    clip: train.clip ?? "none",
    ema: train.ema ?? "none",
    recover: train.recover ?? "none",
    optimizer: "momentum" in optimizer ? { sgd: optimizer } : { adamw: optimizer },
    schedule: writtenSchedule(schedule),
    loss: { ...loss, class_weights: loss.class_weights ?? "none", mining: loss.mining ?? "none" },
    augment: augment.length === 0 ? "none" : augment.map(writtenAugmentation),
    validate:
      validate === null ? "none" : { every: validate.every, ...present("images", validate.images) },
    checkpoints: { ...kept, ...present("every", every) },
  };
};

type WrittenSchedule = Exclude<NonNullable<Spec["train"]["schedule"]>, string>;
type PlainSchedule = Exclude<Train["schedule"], { readonly kind: "warmup" }>;

const writtenSchedule = (schedule: Train["schedule"]): WrittenSchedule => {
  if (!("kind" in schedule) || schedule.kind !== "warmup") return writtenPlain(schedule);
  const { kind: _, schedule: then, ...warmup } = schedule;
  return { warmup: { ...warmup, schedule: writtenPlain(then) } };
};

const writtenPlain = (schedule: PlainSchedule) => {
  if (!("kind" in schedule)) return { poly: schedule };
  switch (schedule.kind) {
    case "constant":
      return { constant: { base: schedule.base } };
    case "cosine":
      return { cosine: { base: schedule.base, end: schedule.end } };
    case "milestones": {
      const { kind: _, ...milestones } = schedule;
      return { milestones };
    }
  }
};

type WrittenAugmentation = Exclude<NonNullable<Spec["train"]["augment"]>, "none" | null>[number];

const writtenAugmentation = (a: Augmentation): WrittenAugmentation => {
  switch (a.op) {
    case "mirror":
      return { mirror: a.probability };
    case "blur":
      return { blur: a.probability };
    case "crop":
      return { crop: { max_share: a.max_share } };
    case "jitter": {
      const { op: _, ...jitter } = a;
      return { jitter };
    }
    case "scale": {
      const { min, max, aspect, step, base } = a;
      const more = { ...present("step", step), ...present("base", base) };
      return { scale: { range: [min, max], aspect, ...more } };
    }
    case "distort": {
      const { op: _, ...distort } = a;
      return { distort };
    }
    case "rotate": {
      const { probability, border } = a;
      return { rotate: { range: [a.min, a.max], probability, border } };
    }
  }
};
