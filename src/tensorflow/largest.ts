/** The classes of enlarged logits by a kernel of pspc's own (scripts/setup/kernels/largest.cc), which makes no enlarged map: TensorFlow's two are its law, to the bit. */

import { type Node, shapeOf, typeOf } from "../graph/op.js";
import type { Type } from "../graph/type.js";
import { type Emitter, type TensorName, told } from "./emitter.js";
import { type LegalOps, legal } from "./op.js";
import type { Made } from "./pattern.js";

/** Where nobody else looks at the enlarged map. */
export const largestIn = (nodes: readonly Node[], uses: ReadonlyMap<Node, number>): Made =>
  nodes.flatMap((node) => {
    const enlarged = node.op === "argmax" ? node.args[0] : undefined;
    if (enlarged?.op !== "resize" || uses.get(enlarged) !== 1) return [];
    const [x] = enlarged.args;
    if (typeOf(x).dtype !== "f32") return [];
    // Two rows of a thread, as wide as the result.
    const bytes = 8 * (shapeOf(x).at(-1) ?? 0) * enlarged.attributes.width;
    const attributes = { ...enlarged.attributes, bytes };
    return [[node, (to) => legal("largestOfEnlarged", attributes, [to(x)], node.types)]] as const;
  });

export const largestNode = (
  to: Emitter,
  { height, width, alignCorners }: LegalOps["largestOfEnlarged"],
  x: TensorName,
  type: Type,
): TensorName =>
  told(
    to,
    to.emit("PspcLargest", [x], {
      T: { type: "f32" },
      size: { ints: [height, width] },
      aligned: { bool: alignCorners },
    }),
    type,
  );
