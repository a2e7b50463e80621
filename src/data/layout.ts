/** Data sets as they lie on disk: the data section of an experiment and a split enter, pairs of paths leave. */

import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Data, SplitName } from "../normalize/experiment.js";
import { emptySplit, noSplit, several } from "./errors.js";
import { pairedCity } from "./layout-cityscapes.js";
import type { Entry } from "./layout-entry.js";
import { pairedFolders } from "./layout-folders.js";
import { listed } from "./layout-list.js";
import { vocListed } from "./layout-voc.js";
import type { Sample } from "./sample.js";

export type Split = "train" | "val" | "test";

/** Of an experiment, what decides where its files are. */
export type Place = Pick<Data, "layout" | "root" | Split | "label_map">;

export interface Listing {
  readonly samples: readonly Sample[];
  /** Bad lines and missing partners, in order. */
  readonly failures: readonly Failure[];
}

/** Every pair of a split and every mistake in its listing. Throws `Failed` where there is nothing to list. */
export async function listSplit(data: Place, split: Split): Promise<Listing> {
  const name = data[split];
  if (name === null) throw new Failed(noSplit(split));
  const entries = await entriesOf(data, split, name);
  if (entries.length === 0) throw new Failed(emptySplit(data.layout, split, name));
  const isFailure = (entry: Entry): entry is Failure => "kind" in entry;
  return {
    samples: entries.filter((entry): entry is Sample => !isFailure(entry)),
    failures: entries.filter(isFailure),
  };
}

/** The pairs of a split, in an order that never changes. Throws one `Failed` with every mistake in the listing. */
export async function openSplit(data: Place, split: Split): Promise<readonly Sample[]> {
  const { samples, failures } = await listSplit(data, split);
  if (failures.length === 1) throw new Failed(failures[0]!);
  if (failures.length > 1) throw new Failed(several(failures));
  return samples;
}

/** A rule sees to it that two folders are named where the layout wants them, and one name elsewhere. */
const entriesOf = (
  { layout, root, label_map }: Place,
  split: Split,
  name: SplitName,
): Promise<readonly Entry[]> => {
  if (typeof name !== "string") return pairedFolders(root, split, name);
  switch (layout) {
    case "voc":
      return vocListed(root, split, name);
    case "cityscapes":
      return pairedCity(root, split, name, label_map === "labelTrainIds" ? label_map : "labelIds");
    case "ade20k":
      return pairedFolders(root, split, {
        images: `images/${name}`,
        labels: `annotations/${name}`,
        suffix: "",
      });
    default:
      return listed(root, split, name);
  }
};
