/** A plan as a person reads it: a table of blocks, the costs, the learning rates. */

import { visible } from "../diagnostic/text.js";
import type { Footprint } from "../target/target.js";
import { devicesText } from "./devices.js";
import { bytes, count, figure, percent, rateText, scaled, someOf, table, text } from "./format.js";
import type { LayerRow } from "./layers.js";
import type { Plan } from "./plan.js";

export interface PlanTextOptions {
  /** Every convolution a row; otherwise a residual block is one, and equal blocks share theirs. */
  readonly everyLayer: boolean;
}

export const planText = (plan: Plan, options: PlanTextOptions): string =>
  [
    ...[plan.summary, "", layerTable(plan, options), "", facts(plan), "", rates(plan)],
    ...(plan.devices === undefined ? [] : ["", devicesText(plan.devices)]),
  ].join("\n");

const layerTable = ({ layers }: Plan, { everyLayer }: PlanTextOptions): string =>
  table(
    [
      text("layer"),
      figure("output"),
      figure("stride"),
      figure("dilation"),
      figure("sees"),
      figure("parameters"),
      figure("MACs"),
    ],
    (everyLayer ? layers : fold(blocks(layers))).map(cells),
  );

const cells = (row: LayerRow): readonly string[] => [
  row.name,
  row.output.join("×"),
  `${row.stride}`,
  `${row.dilation}`,
  `${row.receptive_field}`,
  row.parameters === 0 ? "" : count(row.parameters),
  row.macs === 0 ? "" : scaled(row.macs),
];

const nameOfBlock = ({ name, part, block }: LayerRow): string =>
  block === null ? name : `${part}.stage${block.stage}.block${block.block}`;

/** A residual block as one row: what leaves it, what it costs, its widest dilation. */
export const blocks = (layers: readonly LayerRow[]): readonly LayerRow[] =>
  alikeTogether(layers, (a, b) => nameOfBlock(a) === nameOfBlock(b)).map((rows) => ({
    ...rows[0],
    name: nameOfBlock(rows[0]),
    output: lastOf(rows).output,
    stride: Math.max(...rows.map(({ stride }) => stride)),
    dilation: Math.max(...rows.map(({ dilation }) => dilation)),
    receptive_field: Math.max(...rows.map((row) => row.receptive_field)),
    parameters: rows.reduce((n, row) => n + row.parameters, 0),
    macs: rows.reduce((n, row) => n + row.macs, 0),
  }));

/** Equal blocks in a row as one line: `backbone.stage3.block2…6`, with the costs of all. */
export const fold = (rows: readonly LayerRow[]): readonly LayerRow[] =>
  alikeTogether(rows, isSameBlock).map((same) => {
    const last = lastOf(same);
    const n = same.length;
    return n === 1
      ? last
      : {
          ...last,
          name: `${same[0].name}…${last.block?.block}`,
          parameters: n * last.parameters,
          macs: n * last.macs,
        };
  });

const isSameBlock = (a: LayerRow, b: LayerRow): boolean =>
  a.block !== null &&
  a.block.stage === b.block?.stage &&
  [a.parameters === b.parameters, a.macs === b.macs, a.dilation === b.dilation].every(Boolean);

type NonEmpty<A> = readonly [A, ...A[]];

const lastOf = <A>([first, ...rest]: NonEmpty<A>): A => rest.at(-1) ?? first;

/** Neighbours that are alike, together. */
const alikeTogether = <A>(
  items: readonly A[],
  alike: (a: A, b: A) => boolean,
): readonly NonEmpty<A>[] => {
  const together: [A, ...A[]][] = [];
  for (const item of items) {
    const open = together.at(-1);
    if (open !== undefined && alike(open[0], item)) open.push(item);
    else together.push([item]);
  }
  return together;
};

const facts = (plan: Plan): string => {
  const { parameters, frozen, macs, data, memory } = plan;
  const both = (show: (n: number) => string, of: Plan["macs"]): string =>
    `${show(of.inference)} to predict, ${show(of.training)} to train`;
  const images =
    data === null
      ? ""
      : ` · ${count(data.images)} images, ${data.epochs.toFixed(1)} epochs of ${count(data.steps_per_epoch)}`;
  return [
    `parameters   ${both(count, parameters)}${frozen > 0 ? `, of which ${count(frozen)} are frozen` : ""}`,
    `MACs         ${both(scaled, macs)}; forward, for one image at the crop`,
    ...(plan.bins.length === 0 ? [] : [`pyramid      ${pyramid(plan)}`]),
    `memory       ${both(bytes, { training: memory.training.total, inference: memory.inference.total })}`,
    ...parts(memory.training).map((line) => `             ${line}`),
    `kernels      by ${plan.kernels}`,
    ...again(plan),
    ...room(plan),
    `training     ${count(plan.iterations)} iterations of ${plan.batch} images${images}`,
    ...(plan.variants.length === 0 ? [] : [`variants     ${visible(someOf(plan.variants))}`]),
    `fingerprint  ${plan.fingerprint}`,
  ].join("\n");
};

/** Cells of all bins: `60×60 features in cells of 60×60, 30×30, 20×20, 10×10`. */
const pyramid = ({ feature, bins }: Plan): string =>
  `${feature.join("×")} features; bins of ${bins.map(({ cell }) => cell.join("×")).join(", ")}`;

/** What training needs memory for, in two lines that fit a narrow terminal. */
const parts = (of: Footprint): readonly string[] => {
  const { state, activations, workspace, pool, initial, process } = of;
  return [
    `state ${bytes(state)} · activations ${bytes(activations)} · workspace ${bytes(workspace)}`,
    `allocator slack ${bytes(pool)} · Node and TensorFlow ${bytes(process + initial)}`,
  ];
};

/** What is recomputed, what that costs and what it saves. */
const again = ({ recompute, memory_bytes }: Plan): readonly string[] => {
  if (recompute === null) return [];
  const { runs, macs, share, memory_bytes_without } = recompute;
  const blocks = runs.flat();
  const some = blocks.length === 1 ? blocks[0] : `${blocks.length} blocks`;
  return [
    `${some} recomputed: saves ${bytes(memory_bytes_without - memory_bytes)}`,
    `for ${scaled(macs)} more MACs an image, ${percent(share, 0)} % of a step`,
  ].map((line) => `             ${line}`);
};

/** What fits the memory that was asked about. */
const room = ({ largest_batch, batch, memory_bytes }: Plan): readonly string[] => {
  if (largest_batch === null) return [];
  const { batch: most, memory_bytes: available } = largest_batch;
  const fits = memory_bytes <= available;
  const answer =
    most === 0
      ? "not even one image fits"
      : fits
        ? `the largest batch is ${count(most)}`
        : `a batch of ${batch} does not fit; the largest is ${count(most)}: train.batch=${most}`;
  return [`             in ${bytes(available)}: ${answer}`];
};

const rates = ({ groups }: Plan): string =>
  table(
    [
      text("rate at step"),
      figure("parameters"),
      ...(groups[0]?.rates ?? []).map(({ step }) => figure(count(step))),
    ],
    groups.map((group) => [
      `${group.name} ×${group.multiplier}`,
      count(group.parameters),
      ...group.rates.map(({ rate }) => rateText(rate)),
    ]),
  );
