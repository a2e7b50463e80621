/** The published PSPNets, as specs/zoo/zoo.json lists them: what their specs come to, beside what their authors say. */

import { families } from "../language/family.js";
import { outputStride } from "../language/geometry.js";
import type { Backbone, Experiment } from "../normalize/experiment.js";
import { networkGraph } from "../plan/inference.js";
import { count, figure, scaled, table, text } from "./format.js";
import { type LayerRow, layers } from "./layers.js";

/** What the spec of a network says: held to the spec by a test, so that listing compiles nothing. */
export interface Derived {
  readonly backbone: string;
  readonly classes: number;
  readonly crop: readonly [height: number, width: number];
  /** With its auxiliary head, as it is trained; and without. */
  readonly parameters: { readonly training: number; readonly inference: number };
  /** Multiply-accumulates to predict an image of the crop's size. */
  readonly macs: number;
}

export interface Published extends Partial<Derived> {
  /** Of its spec: `specs/zoo/NAME.yaml`. */
  readonly name: string;
  readonly from: string;
  readonly data: string;
  /** On one scale, and on several mirrored; in per cent. */
  readonly miou: number | null;
  readonly multi: number | null;
  /** Its file of weights, as its authors name it. */
  readonly weights: string;
  readonly note?: string;
  /** Why there is no spec of it. */
  readonly missing?: string;
}

/** `ResNet-50, 7×7 stem, output stride 32`: the depth, and what is not usual. */
const backboneWords = (of: Backbone): string => {
  const stride = outputStride(of);
  const words = [
    families[of.block].title(of),
    ...(of.stem.kind === "conv7" ? ["7×7 stem"] : []),
    ...(of.shortcut === "averaged" && of.split_attention === null ? ["vd"] : []),
    ...(stride === 8 ? [] : [`output stride ${stride}`]),
  ];
  return words.join(", ");
};

export const derived = (experiment: Experiment): Derived => {
  const { model, data, train } = experiment;
  const rows = layers(networkGraph(experiment, "train"));
  const sum = (of: (row: LayerRow) => number, some = rows): number =>
    some.reduce((total, row) => total + of(row), 0);
  const predicting = rows.filter(({ part }) => part !== "auxiliary");
  return {
    backbone: backboneWords(model.backbone),
    classes: data.classes.length,
    crop: train.crop,
    parameters: {
      training: sum(({ parameters }) => parameters),
      inference: sum(({ parameters }) => parameters, predicting),
    },
    macs: sum(({ macs }) => macs, predicting),
  };
};

const score = (of: number | null): string => (of === null ? "–" : of.toFixed(2));

const columns = [
  text("name"),
  text("backbone"),
  text("data"),
  text("crop"),
  figure("parameters"),
  figure("MACs"),
  figure("mIoU"),
  figure("several scales"),
  text("weights"),
];

/** A line a network; what is unusual of one, and what there is no spec of, below. */
export const zooTable = (published: readonly Published[]): string => {
  const rows = published
    .filter(({ missing }) => missing === undefined)
    .map(({ name, backbone = "", data, crop = [0, 0], parameters, macs = 0, ...rest }) => [
      name,
      backbone,
      data,
      crop.join("×"),
      count(parameters?.inference ?? 0),
      scaled(macs),
      score(rest.miou),
      score(rest.multi),
      rest.weights,
    ]);
  const said = published.flatMap(({ name, note, missing }) => {
    const words = missing === undefined ? note : `no spec: ${missing}`;
    return words === undefined ? [] : [`${name}: ${words}`];
  });
  const below = [
    ...said,
    "Parameters and MACs are those of predicting one image of the crop's size; scores are their authors' own.",
  ];
  return `${table(columns, rows)}\n\n${below.join("\n")}`;
};
