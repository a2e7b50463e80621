/** Plans that `plan --out` wrote, read back for `plan --diff`: their format, and what of them is compared. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { PARTS } from "../graph/variable.js";
import type { LayerRow } from "./layers.js";

/** The number that a saved plan bears. It rises when a plan of before could be misread, and only then. */
export const PLAN_FORMAT = 1;

const pair = t.tuple([t.number, t.number]);
const cost = t.type({ inference: t.number, training: t.number });
const total = t.type({ total: t.number });

const block = t.type({ stage: t.number, block: t.number });

/** As 0.1 saved it, and what it has had since. */
const layer = t.intersection([
  t.type({
    name: t.string,
    kind: t.keyof({
      convolution: null,
      "depthwise convolution": null,
      "max pool": null,
      "average pool": null,
    }),
    kernel: pair,
    output: t.tuple([t.number, t.number, t.number]),
    stride: t.number,
    dilation: t.number,
    receptive_field: t.number,
    parameters: t.number,
    macs: t.number,
  }),
  t.partial({
    part: t.keyof({ backbone: null, pyramid: null, head: null, auxiliary: null }),
    block: t.union([t.null, block]),
  }),
]);

const group = t.type({ rates: t.array(t.type({ rate: t.number })) });

const comparable = t.type({
  layers: t.array(layer),
  parameters: cost,
  frozen: t.number,
  macs: cost,
  output_stride: t.number,
  memory: t.type({ training: total, inference: total }),
  recompute: t.union([t.null, t.type({ macs: t.number })]),
  largest_batch: t.union([t.null, t.type({ batch: t.number })]),
  batch: t.number,
  iterations: t.number,
  data: t.union([t.null, t.type({ images: t.number, epochs: t.number })]),
  groups: t.array(group),
});

type Readonlies<A> = A extends (...args: never) => unknown
  ? A
  : { readonly [K in keyof A]: Readonlies<A[K]> };

/** What of a plan is compared with another. */
export type ComparablePlan = Omit<Readonlies<t.TypeOf<typeof comparable>>, "layers"> & {
  readonly layers: readonly LayerRow[];
};

/** Where a layer stands. 0.1 said so by its name alone. */
const placed = (row: t.TypeOf<typeof layer>): LayerRow => {
  const [, stage, at] = /^backbone\.stage(\d)\.block(\d+)\./.exec(row.name) ?? [];
  const named = stage === undefined ? null : { stage: Number(stage), block: Number(at) };
  const part = PARTS.find((each) => row.name.startsWith(`${each}.`)) ?? "backbone";
  const { part: own = part, block = named, ...rest } = row;
  return { ...rest, part: own, block };
};

/** Why a text is no plan that can be read here; `format` is the number of a plan of another format. */
export interface NoPlan {
  readonly format: number | null;
}

export const readPlan = (text: string): E.Either<NoPlan, ComparablePlan> => {
  const value = parsed(text);
  const bears = t.type({ plan: t.number }).decode(value);
  if (E.isLeft(bears)) return E.left({ format: null });
  const { plan: format } = bears.right;
  if (format !== PLAN_FORMAT) return E.left({ format });
  return pipe(
    comparable.decode(value),
    E.map((plan) => ({ ...plan, layers: plan.layers.map(placed) })),
    E.mapLeft(() => ({ format: null })),
  );
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
