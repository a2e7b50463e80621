/** Weights under our names and a map enter; the same weights under the map's names, in its order of axes, leave. */

import { type NameMap, type Skeleton, theirName } from "./names.js";
import type { Tensor } from "./numbers.js";
import { transposed } from "./transpose.js";

export interface Exported {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Ours, for which the map has no name: a map of backbones has none for the heads. */
  readonly left: readonly string[];
}

/** No number changes. */
export const exported = (
  tensors: ReadonlyMap<string, Tensor>,
  map: NameMap,
  of: Skeleton,
): Exported => {
  const named = [...tensors].map(([name, tensor]) => {
    const isKernel = tensor.shape.length === 4 && map.kernels === "OIHW";
    return {
      name,
      theirs: theirName(name, map, of),
      tensor: isKernel ? transposed(tensor, [3, 2, 0, 1]) : tensor,
    };
  });
  return {
    tensors: new Map(
      named.flatMap(({ theirs, tensor }) => (theirs === null ? [] : [[theirs, tensor] as const])),
    ),
    left: named.filter(({ theirs }) => theirs === null).map(({ name }) => name),
  };
};
