/** The network in a run's record: the codec of its values, and what records of 0.1, which knew of no others, leave out. */

import { usualStrides } from "../language/geometry.js";
import { closed } from "../language/section.js";
import { choice, flag, integer, list, oneOf, real, tuple } from "../language/value.js";
import type { Model, Weights } from "../normalize/experiment.js";
import { nullable, share, words } from "./codec.js";

type Optionally<A, K extends keyof A> = Omit<A, K> & Partial<Pick<A, K>>;

/** What every network of 0.1 was. */
const backboneThen = {
  dilated: "both",
  dilated_blocks: "all",
  pool: "max",
  shortcut: "strided",
  projection: "needed",
  activation: "relu",
  groups: null,
  split_attention: null,
} as const;
const stridesThen = ({ dilations }: Pick<Model["backbone"], "dilations">) => ({
  strides: usualStrides(dilations),
});
const normThen = { bias: "none" } as const;
const weightsThen = { replace: "none" } as const;

export type RecordedModel = Omit<Optionally<Model, "dropout">, "backbone" | "norm" | "weights"> & {
  readonly backbone: Optionally<Model["backbone"], keyof typeof backboneThen | "strides">;
  readonly norm: Optionally<Model["norm"], keyof typeof normThen>;
  readonly weights: Optionally<Weights, keyof typeof weightsThen> | null;
};

export const completedModel = (recorded: RecordedModel): Model => ({
  dropout: "channels",
  ...recorded,
  backbone: { ...backboneThen, ...stridesThen(recorded.backbone), ...recorded.backbone },
  norm: { ...normThen, ...recorded.norm },
  weights: recorded.weights && { ...weightsThen, ...recorded.weights },
});

const channels = integer({ min: 1, max: 16384 });

export const model = closed(
  "the model",
  {
    backbone: closed(
      "the backbone",
      {
        block: choice("basic", "bottleneck", "inverted"),
        blocks: tuple(4, "whole numbers", integer({ min: 1, max: 200 })),
        // Of other families than ResNets a multiple that need not be whole.
        width: real({ above: 0, max: 16384 }),
        stem: oneOf(
          closed("the stem", { kind: choice("conv7", "conv3"), channels }, {}),
          closed(
            "the stem",
            { kind: choice("deep"), channels: tuple(3, "channels", channels) },
            {},
          ),
        ),
        dilations: tuple(4, "whole numbers", integer({ min: 1, max: 64 })),
        stride_site: choice("3x3", "1x1", "pool"),
        first_dilation: choice("full", "contracted"),
      },
      {
        strides: tuple(4, "strides", choice(1, 2)),
        dilated: choice("both", "first"),
        dilated_blocks: choice("all", "first"),
        pool: choice("max", "none"),
        activation: choice("relu", "relu6"),
        shortcut: choice("strided", "averaged"),
        projection: choice("needed", "first"),
        groups: nullable(
          closed("the groups", { count: integer({ min: 2, max: 1024 }), width: channels }, {}),
        ),
        split_attention: nullable(
          closed(
            "the split attention",
            { radix: integer({ min: 2, max: 8 }), reduction: integer({ min: 1, max: 64 }) },
            {},
          ),
        ),
      },
    ),
    weights: nullable(
      closed(
        "the weights",
        { file: words, only: choice("all", "backbone") },
        { replace: choice("none", "classifier") },
      ),
    ),
    pyramid: nullable(
      closed(
        "the pyramid",
        {
          bins: list("bins", integer({ min: 1, max: 1024 }), { min: 1, max: 64 }),
          pool: choice("average", "max"),
          channels: nullable(channels),
          order: choice("ascending", "descending"),
        },
        {},
      ),
    ),
    head: closed("the head", { channels, dropout: share }, {}),
    auxiliary: nullable(
      closed(
        "the auxiliary head",
        { after: integer({ min: 1, max: 4 }), channels, dropout: share, weight: real({ min: 0 }) },
        {},
      ),
    ),
    align_corners: flag,
    norm: closed(
      "the norm",
      { epsilon: real({ above: 0 }), momentum: share },
      { bias: choice("none", "new") },
    ),
  },
  { dropout: choice("channels", "elements") },
);
