/** What is said of a memory budget that no training fits into. */

import { type Diagnostic, error, type Path } from "../diagnostic/diagnostic.js";

const budgetPath: Path = ["train", "memory", "budget"];

/** `1.3 GiB`, rounded up: what is written there must be enough. */
const gibibytes = (bytes: number): string => `${Math.ceil((10 * bytes) / 2 ** 30) / 10} GiB`;

/** As a spec has it. */
const written = (bytes: number): string => gibibytes(bytes).replace(" ", "");

/** `parts` is the fewest that would fit, where the batch has any. */
export const overBudget = (
  { budget, least, fixed }: Readonly<Record<"budget" | "least" | "fixed", number>>,
  batch: number,
  [height, width]: readonly [number, number],
  parts: number | null,
): Diagnostic =>
  error(
    "E0562",
    "training does not fit into its budget",
    { path: budgetPath, label: `${gibibytes(least)} are the least, with every block recomputed` },
    {
      related: [
        { path: ["train", "batch"], label: `${batch} images` },
        { path: ["train", "crop"], label: `of ${height}×${width}` },
      ],
      notes: [
        `weights, momentum, Node and TensorFlow alone take ${gibibytes(fixed)}, whatever the batch`,
      ],
      help: [
        ...(parts !== null
          ? [`use \`accumulate: ${parts}\`, which trains the same batch in ${parts} parts`]
          : fixed < budget
            ? ["use a smaller crop or batch"]
            : []),
        `${parts === null && fixed >= budget ? "use" : "or"} a budget of \`${written(least)}\``,
      ],
    },
  );
