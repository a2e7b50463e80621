/** Plans that `plan --out` wrote, read back for `plan --diff`: their format, and what of them is compared. */

import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";

/** The number that a saved plan bears. It rises when a plan of before could be misread, and only then. */
export const PLAN_FORMAT = 1;

const pair = t.tuple([t.number, t.number]);
const cost = t.type({ inference: t.number, training: t.number });
const total = t.type({ total: t.number });

const layer = t.type({
  name: t.string,
  kind: t.keyof({ convolution: null, "max pool": null, "average pool": null }),
  kernel: pair,
  output: t.tuple([t.number, t.number, t.number]),
  stride: t.number,
  dilation: t.number,
  receptive_field: t.number,
  parameters: t.number,
  macs: t.number,
});

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
export type ComparablePlan = Readonlies<t.TypeOf<typeof comparable>>;

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
  return E.mapLeft((): NoPlan => ({ format: null }))(comparable.decode(value));
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
