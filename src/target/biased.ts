/** Finds each convolution, depthwise ones too, that is followed by its bias: most targets compute both in one kernel, ReLU and all. */

import type { GraphOf } from "../graph/graph.js";
import type { Types } from "../graph/type.js";

/** By numbers of values. */
export interface Biased {
  readonly convolution: number;
  readonly bias: number;
  readonly sum: number;
  /** The ReLU or ReLU6 that alone takes the sum. */
  readonly relu: number | null;
}

const convolutions = ["convolution", "depthwise"];
const rectifiers = ["relu", "relu6"];

interface AnyValue {
  readonly id: number;
  readonly op: string;
  readonly attributes: object;
  readonly args: readonly number[];
  readonly types: Types;
}

/** Also as TensorFlow's own graphs have it. */
const isAddition = ({ op, attributes }: AnyValue): boolean =>
  op === "addBias" || (op === "binary" && "kind" in attributes && attributes.kind === "add");

/** Of frozen networks: a bias is a list of numbers, and nobody else sees what the convolution gives without it. */
export const biasedConvolutions = ({ values, results }: GraphOf<AnyValue>): readonly Biased[] => {
  const users = new Map<number, AnyValue[]>();
  for (const value of values)
    for (const arg of value.args) users.set(arg, [...(users.get(arg) ?? []), value]);
  const given = new Set(Object.values(results));
  const only = (id: number): AnyValue | undefined => {
    const [first, ...others] = users.get(id) ?? [];
    return others.length === 0 && !given.has(id) ? first : undefined;
  };
  return values.flatMap((value): Biased[] => {
    const sum = convolutions.includes(value.op) ? only(value.id) : undefined;
    if (sum === undefined || !isAddition(sum)) return [];
    const bias = sum.args.find((id) => id !== value.id);
    const other = bias === undefined ? undefined : values[bias];
    if (bias === undefined || other?.op !== "input" || other.types[0].shape.length !== 1) return [];
    const after = only(sum.id);
    const relu = after !== undefined && rectifiers.includes(after.op) ? after.id : null;
    return [{ convolution: value.id, bias, sum: sum.id, relu }];
  });
};
