/**
 * Draws a network as the paper's figure 3 does, as SVG: picture, feature maps to scale, the pyramid's bins over the
 * picture, head, prediction, and the auxiliary head. Colours stand in attributes: no style sheet is needed.
 */

import { featureSize } from "../language/geometry.js";
import type { Experiment } from "../normalize/experiment.js";
import { count, scaled } from "../report/format.js";
import type { LayerRow } from "../report/layers.js";
import { type Html, html, nothing } from "../report/page/html.js";
import { networkName, summary } from "../report/summary.js";
import { arrow, type Box, lines, picture, round, solid } from "./svg.js";

export interface Drawing {
  readonly svg: string;
  /** Parts that can be chosen, each by the layer that it ends in. */
  readonly parts: readonly string[];
}

interface Asked {
  readonly experiment: Experiment;
  readonly layers: readonly LayerRow[];
  /** The layer whose receptive field is shown; the backbone's last otherwise. */
  readonly chosen?: string | undefined;
  /** In two rows, for narrow places. */
  readonly isStacked?: boolean;
  /** A file of its own has a ground and an ink; in a page they are the page's. */
  readonly isAlone?: boolean;
}

/** Layers that are drawn as one thing. */
interface Part {
  readonly title: string;
  readonly rows: readonly [LayerRow, ...LayerRow[]];
}

/** What leaves the part: of a block's two ways the one that sees most. */
const lastOf = ({ rows: [first, ...rest] }: Part): LayerRow =>
  rest.reduce((last, row) => (row.receptive_field >= last.receptive_field ? row : last), first);
const sum = (rows: readonly LayerRow[], of: (row: LayerRow) => number): number =>
  rows.reduce((n, row) => n + of(row), 0);

const part = (title: string, rows: readonly LayerRow[]): readonly Part[] => {
  const [first, ...rest] = rows;
  return first === undefined ? [] : [{ title, rows: [first, ...rest] }];
};

const backboneParts = (layers: readonly LayerRow[]): readonly Part[] => {
  const own = layers.filter((row) => row.part === "backbone");
  const stage = (n: number): readonly Part[] => {
    const rows = own.filter(({ block }) => block?.stage === n);
    const blocks = Math.max(0, ...rows.map(({ block }) => block?.block ?? 0));
    return part(`stage ${n} · ${blocks} block${blocks === 1 ? "" : "s"}`, rows);
  };
  const stem = own.filter(({ block }) => block === null);
  return [...part("stem", stem), ...[1, 2, 3, 4].flatMap(stage)];
};

/** Blue, green, orange, red as the dilation doubles; steps between are as those below. */
const inks = ["#4d8fc4", "#3f9e74", "#d0922f", "#c65a45", "#8d5aa5"] as const;
const inkOf = (dilation: number): string =>
  inks[Math.min(inks.length - 1, Math.floor(Math.log2(Math.max(1, dilation))))] ?? inks[0];

const SIDE = 220;
const STEP = 122;
/** What every part of the drawing is placed by. */
interface Frame {
  readonly experiment: Experiment;
  readonly chosen: LayerRow | undefined;
  /** Of a pixel of the crop. */
  readonly scale: number;
  /** The line on which the maps stand. */
  readonly middle: number;
}

export const drawing = (asked: Asked): Drawing => {
  const { experiment, layers, isAlone = false } = asked;
  const [backbone, bins] = [backboneParts(layers), branches(layers)];
  const head = part(
    "head",
    layers.filter((row) => row.part === "head"),
  );
  const stages = backbone.at(-1);
  const chosen = layers.find(({ name }) => name === asked.chosen) ?? (stages && lastOf(stages));
  const { crop } = experiment.train;
  const scale = SIDE / Math.max(...crop);
  const at = placed(backbone.length, bins.length, crop[1] * scale, asked.isStacked ?? false);
  const frame = { experiment, chosen, scale, middle: at.middle };
  const below = { ...frame, middle: at.below };
  const ground = html`<rect width="${at.width}" height="${at.height}" fill="#ffffff"/>`;
  const { html: svg } =
    html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${at.width} ${at.height}" width="${at.width}" height="${at.height}" role="group" aria-label="${networkName(experiment.model)}" font-family="ui-sans-serif, system-ui, Helvetica, Arial, sans-serif" font-size="11" fill="currentColor" color="${isAlone ? "#1a1c1f" : "inherit"}">
<title>${summary(experiment)}</title>${isAlone ? ground : nothing}
${input(frame)}
${arrow(at.start - 36, at.middle, at.start - 6)}
${backbone.map((each, i) => slabOf(each, at.start + i * STEP, frame))}
${auxiliary(layers, backbone, at.start, frame)}
${asked.isStacked ? lines(LEFT, at.below - 4, ["from the", "last stage"]) : nothing}
${bins.map((branch, i) => branchOf(branch, at.behind, at.below + (i - bins.length / 2) * ROW, below))}
${bins.length === 0 ? nothing : concatenated(bins, backbone, at.after, below)}
${head.map((each) => slabOf(each, at.head, below))}
${prediction(at.head + STEP + 36, below)}
${legend(layers, LEFT, at.height - 12)}
</svg>`;
  return { svg, parts: [...backbone, ...head].map((each) => lastOf(each).name) };
};

/** Where things stand: in one row as the paper has it, or in two, the pyramid and what follows below the backbone. */
const placed = (stages: number, bins: number, picture: number, isStacked: boolean) => {
  const start = LEFT + picture + 44;
  const end = start + stages * STEP;
  const behind = isStacked ? LEFT + 70 : end;
  const after = behind + (bins === 0 ? 8 : 290);
  const head = after + (bins === 0 ? 0 : STEP);
  const last = head + STEP + 36 + SIDE * 0.62 + 16;
  const tall = Math.max((bins * ROW) / 2, 76);
  const middle = isStacked ? SIDE / 2 + 12 : Math.max(SIDE / 2 + 12, tall + 8);
  const below = isStacked ? middle + 270 + tall : middle;
  const foot = isStacked ? below + Math.max(tall, 160) : Math.max(middle + 252, middle + tall);
  return {
    ...{ start, behind, after, head, middle, below },
    width: Math.ceil(isStacked ? Math.max(end, last) : last),
    height: Math.ceil(foot + 40),
  };
};

const LEFT = 20;

/** The picture with the field of the chosen layer. */
const input = (frame: Frame): Html => {
  const { experiment, chosen, scale, middle } = frame;
  const [rows, columns] = experiment.train.crop;
  const [height, width] = [rows * scale, columns * scale];
  const y = middle - height / 2;
  const words = [`crop ${rows}×${columns}`, ...(chosen === undefined ? [] : fieldWords(chosen))];
  return html`${picture({ x: LEFT, y, width, height }, "picture")}${chosen === undefined ? nothing : field(chosen, frame)}${lines(LEFT, y + height + 18, words)}`;
};

/** The colours of the dilations that occur. */
const legend = (layers: readonly LayerRow[], x: number, y: number): Html => {
  const own = layers.filter((row) => row.part === "backbone").map(({ dilation }) => dilation);
  const found = [...new Set(own)].toSorted((a, b) => a - b);
  const words = "Sides to scale; thickness: root of the channels. Dilation:";
  return html`<text x="${x}" y="${y}">${words}</text>${found.map((dilation, i) => html`<rect x="${x + 330 + i * 48}" y="${y - 10}" width="12" height="12" fill="${inkOf(dilation)}"/><text x="${x + 347 + i * 48}" y="${y}">${dilation}</text>`)}`;
};

/** The square of pixels that one value of a layer depends on, about the middle of the picture. */
const field = (row: LayerRow, { experiment, scale, middle }: Frame): Html => {
  const { crop } = experiment.train;
  const [height, width] = crop.map((side) => Math.min(side, row.receptive_field) * scale);
  if (height === undefined || width === undefined) return nothing;
  const x = LEFT + (crop[1] * scale - width) / 2;
  return html`<rect x="${round(x)}" y="${round(middle - height / 2)}" width="${round(width)}" height="${round(height)}" fill="#ffffff" fill-opacity="0.22" stroke="#d81e5b" stroke-width="2.5" stroke-dasharray="7 4"><title>receptive field of ${row.name}</title></rect>`;
};

const fieldWords = ({ name, receptive_field }: LayerRow): readonly string[] => [
  `one value of ${name.replace("backbone.", "")}`,
  `sees ${receptive_field}×${receptive_field} pixels`,
];

const costsOf = (rows: readonly LayerRow[]): string => {
  const [parameters, macs] = [sum(rows, (row) => row.parameters), sum(rows, (row) => row.macs)];
  return `${parameters === 0 ? "no" : short(parameters)} parameters`.concat(
    macs === 0 ? "" : ` · ${short(macs)}MAC`,
  );
};

const short = (n: number): string => scaled(n);

const slabOf = (each: Part, x: number, frame: Frame): Html => {
  const { chosen, middle } = frame;
  const row = lastOf(each);
  const [height, width, channels] = row.output;
  const dilation = Math.max(...each.rows.map((one) => one.dilation));
  const parameters = sum(each.rows, (one) => one.parameters);
  const words = [
    each.title,
    `${height}×${width}×${channels}`,
    `stride ${strideOf(each)}, dilation ${dilation}`,
    `${short(parameters)} parameters`,
    `${short(sum(each.rows, (one) => one.macs))}MAC`,
  ];
  const isChosen = each.rows.some(({ name }) => name === chosen?.name);
  const label = `${words.join(", ")}, sees ${row.receptive_field} pixels`;
  return html`<g data-layer="${row.name}" tabindex="0" role="button" aria-pressed="${isChosen ? "true" : "false"}" aria-label="${label}"><title>${label}</title><rect x="${round(x - 8)}" y="${round(middle - 74)}" width="${STEP - 4}" height="236" rx="6" fill="currentColor" fill-opacity="${isChosen ? 0.06 : 0}"/>${solid({ height, width, channels, ink: inkOf(dilation) }, x + 8, frame.middle, frame.scale)}${lines(x, middle + BELOW, words)}</g>`;
};

/** Of the whole part: a shortcut goes beside what it is added to. */
const strideOf = (each: Part): number =>
  each.rows
    .filter(({ name }) => !name.endsWith(".shortcut"))
    .reduce((product, { stride }) => product * stride, 1);

/** A bin of the pyramid: its pool, and the layer behind it, if there is one. */
interface Branch {
  readonly bin: number;
  readonly rows: readonly LayerRow[];
}

const ROW = 88;
/** Where the words below the maps begin. */
const BELOW = 88;

const branches = (layers: readonly LayerRow[]): readonly Branch[] => {
  const own = layers.filter((row) => row.part === "pyramid");
  const bins = [...new Set(own.map(({ name }) => Number(/bin(\d+)/.exec(name)?.[1] ?? 0)))];
  const isOf = (bin: number) => (row: LayerRow) => RegExp(`bin${bin}(\\.|$)`).test(row.name);
  return bins.map((bin) => ({ bin, rows: own.filter(isOf(bin)) }));
};

/** The picture under the bin's cells, then what is left of it. */
const branchOf = ({ bin, rows }: Branch, x: number, y: number, { experiment }: Frame): Html => {
  const [cropHeight, cropWidth] = experiment.train.crop;
  const unit = 72 / Math.max(cropHeight, cropWidth);
  const box = { x: x + 30, y: y + 4, width: cropWidth * unit, height: cropHeight * unit };
  const [pool] = rows;
  const last = rows.at(-1);
  const pooled = pool === undefined ? "" : `${pool.kernel.join("×")} features a cell`;
  const words = [
    `bin ${bin}: ${bin}×${bin}, ${experiment.model.pyramid?.pool ?? ""}`,
    pooled,
    `${pool?.output[2] ?? 0} → ${last?.output[2] ?? 0} channels`,
    costsOf(rows),
  ];
  return html`<g role="img" aria-label="${words.join(", ")}"><title>${words.join(", ")}</title>${arrow(x + 6, y + 36, x + 26)}${picture(box, "picture")}${grid(bin, box, experiment)}${lines(x + 112, y + 18, words)}</g>`;
};

/** Where the cells begin and end on the feature map, as the pool cuts them: ⌊i·n/b⌋ to ⌈(i+1)·n/b⌉. */
const grid = (bin: number, { x, y, width, height }: Box, experiment: Experiment): Html => {
  const { train, model } = experiment;
  const side = (axis: 0 | 1): number => featureSize(train.crop[axis], model.backbone);
  const [rows, columns] = [side(0), side(1)];
  const cells = Array.from({ length: bin * bin }, (_, i) => {
    const [r, c] = [Math.floor(i / bin), i % bin];
    const [top, left] = [Math.floor((r * rows) / bin), Math.floor((c * columns) / bin)];
    const [bottom, right] = [
      Math.ceil(((r + 1) * rows) / bin),
      Math.ceil(((c + 1) * columns) / bin),
    ];
    return html`<rect x="${round(x + (left / columns) * width)}" y="${round(y + (top / rows) * height)}" width="${round(((right - left) / columns) * width)}" height="${round(((bottom - top) / rows) * height)}"/>`;
  });
  return html`<g fill="none" stroke="#ffffff" stroke-width="1.2"><g stroke="#1a1c1f" stroke-width="2.4" stroke-opacity="0.55">${cells}</g>${cells}</g>`;
};

/** The backbone's map with the branches behind it, all at its size. */
const concatenated = (
  bins: readonly Branch[],
  backbone: readonly Part[],
  x: number,
  frame: Frame,
): Html => {
  const last = backbone.at(-1);
  if (last === undefined) return nothing;
  const [height, width, channels] = lastOf(last).output;
  const more = sum(
    bins.flatMap(({ rows }) => rows.slice(-1)),
    (row) => row.output[2],
  );
  const words = [
    "concatenated",
    `${height}×${width}×${channels + more}`,
    `${count(channels)} + ${count(more)}`,
    "branches upsampled",
    `${frame.experiment.model.pyramid?.order ?? ""} bins`,
  ];
  return html`<g role="img" aria-label="${words.join(", ")}"><title>${words.join(", ")}</title>${arrow(x - 28, frame.middle, x - 4)}${solid({ height, width, channels: channels + more, ink: "#7d8894" }, x + 8, frame.middle, frame.scale)}${lines(x, frame.middle + BELOW, words)}</g>`;
};

/** Below the stage that it is behind. */
const auxiliary = (
  layers: readonly LayerRow[],
  backbone: readonly Part[],
  start: number,
  { experiment: { model }, middle }: Frame,
): Html => {
  const rows = layers.filter((row) => row.part === "auxiliary");
  if (model.auxiliary === null || rows.length === 0) return nothing;
  const { after, weight } = model.auxiliary;
  const at = backbone.findIndex(({ title }) => title.startsWith(`stage ${after} `));
  const [x, y] = [start + at * STEP, middle + BELOW + 86];
  const words = ["auxiliary head", costsOf(rows), `loss ×${weight}, in training alone`];
  return html`<g role="img" aria-label="${words.join(", ")}"><title>${words.join(", ")}</title><path d="M${round(x + 18)} ${y - 12}v24" stroke="currentColor" opacity="0.6"/><path d="M${round(x + 18)} ${y + 18}l-4 -7h8z" opacity="0.6"/><rect x="${round(x - 4)}" y="${y + 20}" width="230" height="58" rx="5" fill="#8d5aa5" fill-opacity="0.16" stroke="#8d5aa5"/>${lines(x + 6, y + 38, words)}</g>`;
};

const prediction = (x: number, { experiment, middle }: Frame): Html => {
  const { train, data } = experiment;
  const { crop } = train;
  const unit = (SIDE * 0.62) / Math.max(...crop);
  const [height, width] = [crop[0] * unit, crop[1] * unit];
  const box = { x, y: middle - height / 2, width, height };
  const words = ["prediction", `${crop[0]}×${crop[1]}`, `${data.classes.length} classes`];
  return html`<g role="img" aria-label="${words.join(", ")}"><title>${words.join(", ")}</title>${arrow(x - 36, middle, x - 6)}${picture(box, "classes")}${lines(box.x, box.y + height + 18, words)}</g>`;
};
