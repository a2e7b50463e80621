/** Every block with every stem, pooling and way of resizing, on maps of 59, 64 and 97: networks for PyTorch. */

import type { Experiment } from "../../src/normalize/experiment.js";
import type { Forward } from "./cases.js";
import { tiny } from "./experiment.js";

const both = [0, 1] as const;
type Choice = readonly [block: 0 | 1, stem: 0 | 1, pool: 0 | 1, align: 0 | 1];

const choices: readonly Choice[] = both.flatMap((block) =>
  both.flatMap((stem) =>
    both.flatMap((pool) => both.map((align) => [block, stem, pool, align] as const)),
  ),
);

/** Rows and columns of the map that the pyramid divides; the bins 1 2 3 6 divide few of them. */
const maps = [
  [59, 64],
  [64, 97],
  [97, 59],
] as const;

const experiment = ([block, stem, pool, align]: Choice): Experiment =>
  tiny({
    backbone: {
      block: block === 0 ? "basic" : "bottleneck",
      width: 2,
      stem: stem === 0 ? { kind: "deep", channels: [2, 2, 4] } : { kind: "conv7", channels: 4 },
    },
    pyramid: { bins: [1, 2, 3, 6], pool: pool === 0 ? "average" : "max", channels: 2 },
    model: { head: { channels: 4, dropout: 0 }, auxiliary: null, align_corners: align === 1 },
  });

export interface Row {
  readonly title: string;
  /** On each of the maps. */
  readonly forwards: readonly Forward[];
}

/** Eight rows are quick, on one map: whichever three choices one picks, all eight combinations of them are there. */
const row = (choice: Choice): Row => {
  const [block, stem, pool, align] = choice;
  const words = [
    ["basic", "bottleneck"][block],
    ["deep", "conv7"][stem],
    ["average", "max"][pool],
    ["areas", "corners"][align],
  ];
  const odd = (block + stem + pool + align) % 2 === 1;
  const quick = odd ? -1 : (4 * block + 2 * stem + pool) % 3;
  return {
    title: words.join(", "),
    forwards: maps.map((map, i) => ({
      name: `matrix-${words.join("-")}-${map.join("x")}`,
      title: words.join(", "),
      experiment: experiment(choice),
      size: [8 * map[0] - 7, 8 * map[1] - 7],
      ...(i !== quick && { slow: true }),
    })),
  };
};

export const matrix: readonly Row[] = choices.map(row);
