/** How a run's record holds its optimizer and its schedule: the codecs of their values. */

import type { Codec } from "../language/codec.js";
import { marked } from "../language/map.js";
import { closed } from "../language/section.js";
import { choice, integer, list, oneOf, real, tuple } from "../language/value.js";
import type { Train } from "../normalize/experiment.js";
import { share } from "./codec.js";

const weight = real({ min: 0 });
const positive = integer({ min: 1 });

const decayed = { weight_decay: weight, decay: choice("all", "kernels") } as const;
export const optimizer: Codec<Train["optimizer"]> = marked(
  "betas",
  closed(
    "the optimizer",
    { betas: tuple(2, "shares", share), epsilon: real({ above: 0 }), ...decayed },
    {},
  ),
  closed("the optimizer", { momentum: share, ...decayed }, {}),
);

const base = real({ above: 0 });
const poly = closed("the schedule", { base, power: weight, end: weight }, {});
const kinds = {
  constant: closed("the schedule", { kind: choice("constant"), base }, {}),
  cosine: closed("the schedule", { kind: choice("cosine"), base, end: weight }, {}),
  milestones: closed(
    "the schedule",
    {
      kind: choice("milestones"),
      base,
      at: list("steps", positive, { min: 1 }),
      factor: real({ above: 0 }),
    },
    {},
  ),
};
const plain = [kinds.constant, kinds.cosine, kinds.milestones, poly] as const;
const warmup = closed(
  "the schedule",
  { kind: choice("warmup"), steps: integer({ min: 2 }), from: share, schedule: oneOf(...plain) },
  {},
);
export const schedule: Codec<Train["schedule"]> = oneOf(warmup, ...plain);
