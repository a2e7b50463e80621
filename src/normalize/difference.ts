/** Two resolved experiments enter; the values in which they differ leave, wherever each came from. */

import type { Resolved } from "./normalize.js";
import type { Decided } from "./origin.js";

/** `undefined` where one of the two has no such value: below `pyramid: none` there are no bins. */
export interface Difference {
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** In the order of a spec. Spelling does not count: `1/3` written and `1/3` by default are the same. */
export const differences = (left: Resolved, right: Resolved): readonly Difference[] => {
  const paths = new Set([...left.origins.keys(), ...right.origins.keys()]);
  return [...paths]
    .filter((path) => meaning(left.origins.get(path)) !== meaning(right.origins.get(path)))
    .map((path) => ({
      path,
      left: left.origins.get(path)?.value,
      right: right.origins.get(path)?.value,
    }));
};

const meaning = (decided: Decided | undefined): string =>
  decided === undefined ? "" : JSON.stringify(decided.value);
