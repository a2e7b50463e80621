/**
 * The loss of a head, strip by strip: logits and labels enter; the loss leaves, and what is differentiated in its
 * place. Of each map at full resolution only one strip is there at a time.
 */

import { gradients } from "../gradient/reverse.js";
import { add, after, divide, multiply, stop, subtract, sum } from "../graph/compose.js";
import { type Node, shapeOf } from "../graph/op.js";
import {
  headLoss,
  type Labels,
  logPartition,
  pixelCount,
  type Rows,
  shifted,
  stripHits,
} from "../model/loss.js";
import type { Train } from "../normalize/experiment.js";

export interface Loss {
  readonly value: Node;
  /** Its gradient is that of `value`. */
  readonly slope: Node;
}

/** Nearly equal strips, from above. */
const stripsOf = (height: number, strips: number): readonly Rows[] => {
  const most = Math.ceil(height / strips);
  return Array.from({ length: Math.ceil(height / most) }, (_, i) => ({
    begin: i * most,
    count: Math.min(most, height - i * most),
  }));
};

/** The values of `make` for each strip, added up; a strip is begun when the one before is there. */
const oneByOne = (strips: readonly Rows[], make: (rows: Rows, wait: Wait) => Node): Node => {
  const made: Node[] = [];
  for (const rows of strips) {
    const before = made.at(-1);
    made.push(make(rows, (x) => (before === undefined ? x : after(x, before))));
  }
  return made.reduce(add);
};

type Wait = (x: Node) => Node;

/**
 * The gradient of a strip's share needs nothing of the other strips, so that it is taken at once, and the next strip
 * begins when it is there. What follows sees the sum G of these gradients: ⟨G, logits⟩ has the slope of the loss.
 */
export const lossOf = (
  logits: Node,
  { labels, batch }: Labels,
  alignCorners: boolean,
  of: Train["loss"],
): Loss => {
  const small = shifted(logits);
  if (!(of.strips > 1)) {
    const value = headLoss(small, { labels, batch }, alignCorners, of);
    return { value, slope: value };
  }
  const strips = stripsOf(shapeOf(labels)[1], of.strips);
  const count = pixelCount(batch, of);
  const shares: Node[] = [];
  const rising = oneByOne(strips, (rows, wait) => {
    const here = wait(small);
    const share = logPartition(here, labels, alignCorners, of, rows);
    shares.push(share);
    return gradients(share, [here])[0]!;
  });
  const hits = oneByOne(strips, (rows, wait) =>
    stripHits(small, wait(labels), alignCorners, of, rows),
  );
  const sloping = divide(subtract(rising, hits), count);
  return {
    value: divide(subtract(shares.reduce(add), sum(multiply(hits, small))), count),
    slope: sum(multiply(stop(sloping), small)),
  };
};
