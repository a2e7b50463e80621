/** How much of a crop is one class: a packed picture and a decision enter, a share between 0 and 1 leaves. */

import type { Decision } from "../plan/augment.js";
import { IGNORED } from "./labels.js";
import type { Packed } from "./packed.js";

/** Every fourth pixel of every fourth row stands for its neighbours: regions are larger than that. */
const STEP = 4;

/**
 * The share of the most frequent class among the pixels that count, read where the crop will read them.
 * A crop without one has share 1, so that another is drawn.
 */
export const largestShare =
  ({ words, height, width }: Packed) =>
  ({ crop, map: [a, b, c, d, e, f], canvas }: Decision): number => {
    const counts = new Int32Array(256);
    let counted = 0;
    const [top, left] = [Math.max(0, canvas.top), Math.max(0, canvas.left)];
    for (let y = top; y < Math.min(crop[0], canvas.bottom); y += STEP)
      for (let x = left; x < Math.min(crop[1], canvas.right); x += STEP) {
        const u = Math.round(a * x + b * y + c);
        const v = Math.round(d * x + e * y + f);
        if (u < 0 || v < 0 || u >= width || v >= height) continue;
        const label = words[v * width + u]! >>> 24;
        if (label === IGNORED) continue;
        counts[label]!++;
        counted++;
      }
    return counted === 0 ? 1 : Math.max(...counts) / counted;
  };
