/** Every block with every stem, pooling and way of resizing, on maps of 59, 64 and 97: networks for PyTorch. */

import type { Forward } from "./cases.js";
import { tiny } from "./experiment.js";

const both = [0, 1] as const;
/** Rows and columns of the map that the pyramid divides; the bins 1 2 3 6 divide few of them. */
const maps = [
  [59, 64],
  [64, 97],
  [97, 59],
] as const;

const forward = (
  choice: readonly (0 | 1)[],
  map: (typeof maps)[number],
  slow: boolean,
): Forward => {
  const [block, stem, pool, align] = choice;
  const words = [
    ["basic", "bottleneck"][block],
    ["deep", "conv7"][stem],
    ["average", "max"][pool],
    ["areas", "corners"][align],
  ];
  return {
    name: `matrix-${words.join("-")}-${map.join("x")}`,
    experiment: tiny({
      backbone: {
        block: block === 0 ? "basic" : "bottleneck",
        width: 2,
        stem: stem === 0 ? { kind: "deep", channels: [2, 2, 4] } : { kind: "conv7", channels: 4 },
      },
      pyramid: { bins: [1, 2, 3, 6], pool: pool === 0 ? "average" : "max", channels: 2 },
      model: {
        head: { channels: 4, dropout: 0 },
        auxiliary: null,
        align_corners: align === 1,
      },
    }),
    size: [8 * map[0] - 7, 8 * map[1] - 7],
    ...(slow && { slow }),
  };
};

/** All 48. Eight are quick: whichever three choices one picks, they hold all eight of their combinations. */
export const matrix: readonly Forward[] = both.flatMap((block) =>
  both.flatMap((stem) =>
    both.flatMap((pool) =>
      both.flatMap((align) => {
        const choice = [block, stem, pool, align] as const;
        const odd = (block + stem + pool + align) % 2 === 1;
        return maps.map((map, i) =>
          forward(choice, map, odd || i !== (4 * block + 2 * stem + pool) % 3),
        );
      }),
    ),
  ),
);
