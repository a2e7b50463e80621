/** The datasets that are built in: the name of a layout or of a label map enters, what is known of it leaves. */

import type { Layout, MapName } from "../spec/data.js";
import type { Dataset } from "./dataset.js";
import { ade20k } from "./dataset-ade20k.js";
import { cityscapes } from "./dataset-cityscapes.js";
import { voc } from "./dataset-voc.js";
import type { LabelMap } from "./experiment.js";

const datasets: Readonly<Partial<Record<Layout, Dataset>>> = { voc, cityscapes, ade20k };

/** `undefined` for the layouts that anybody may use: `list` and `folders`. */
export const datasetOf = (layout: Layout): Dataset | undefined => datasets[layout];

/** The dataset that a label map belongs to, and the map. */
export const mapNamed = (name: MapName): { readonly dataset: Dataset; readonly map: LabelMap } => {
  const found = Object.values(datasets).find(({ maps }) => maps[name] !== undefined)!;
  return { dataset: found, map: found.maps[name]! };
};

/** The usual map of a dataset. */
export const usualMap = ({ maps }: Dataset): MapName => Object.keys(maps)[0] as MapName;
