/** Looks at the pictures and labels of a dataset folder, for `init` to write a spec of them. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { spread } from "../data/browse.js";
import type { CheckedLabel } from "../data/check.js";
import { type ClassNames, classNamesIn } from "../data/class-names.js";
import { scoresAlone, several } from "../data/errors.js";
import { type FactStore, isFailure, labelFacts, openFacts } from "../data/facts.js";
import { areSmoothed, mixedPalettes } from "../data/findings.js";
import { nameOf as nameOfPair, partOf } from "../data/held-out.js";
import { imageSize } from "../data/image.js";
import { type Listing, layouts, listSplit, type Split } from "../data/layout.js";
import { type Recognised, recognise } from "../data/recognise.js";
import type { Sample } from "../data/sample.js";
import { polygonsIn, unconverted } from "../data/unreadable.js";
import { Failed } from "../diagnostic/failure.js";
import type { Layout } from "../language/data.js";
import { datasetOf } from "../language/datasets.js";
import { VOID } from "../language/labels.js";
import type { Share, SplitName } from "../normalize/experiment.js";
import { tooManyValues } from "./errors.js";
import { noDataFolder, noLayout } from "./verb/errors.js";

export interface Survey extends Recognised {
  /** Images of each split. */
  readonly images: Readonly<Partial<Record<Split, number>>>;
  /** Least sides among the images that were looked at. */
  readonly height: number;
  readonly width: number;
  /** What a pixel of the labels is. */
  readonly format: "index" | "colour";
  /** Values or colours that occur in the labels that were looked at, and those that have a name; values ascend. */
  readonly values: readonly number[];
  /** What the tool that made the labels calls them, where it says so. */
  readonly named: ClassNames | null;
  /** Whether masks of 0 and 255 hold values between along their edges; `values` leaves these out. */
  readonly smoothed: boolean;
  /** Files and lines of lists without a partner, in all splits. */
  readonly alone: number;
  /** What is held out for validation where no split is there for it. */
  readonly heldOut: Share | null;
  readonly looked: number;
}

/** Labels tell their values soon: this many are looked at, spread over the split. */
const ENOUGH = 100;

/** Classes, and as many values again to ignore. */
const MOST = 512;

/** @throws Failed where no layout is recognised, or a file of it is wrong. */
export const survey = async (folder: string): Promise<Survey> => {
  if (!existsSync(folder)) throw new Failed(noDataFolder(folder));
  const found = await recognise(folder);
  if (found === null || found.pairs !== undefined || found.layout === "folders") {
    const original = await unconverted(folder);
    if (original !== null) throw new Failed(original);
  }
  if (found === null) throw new Failed((await polygonsIn(folder)) ?? noLayout(folder));
  const { layout, root, splits, pairs, labels = null } = found;
  const dataset = datasetOf(layout);
  if (dataset?.scores !== undefined) throw new Failed(scoresAlone(layout, dataset));
  const place = { train: "", val: null, test: null, ...splits, layout, root, label_map: labels };
  const listed: Partial<Record<Split, Listing>> = {};
  for (const split of ["train", "val", "test"] as const)
    if (pairs?.[split] !== undefined) listed[split] = { samples: pairs[split], failures: [] };
    else if (splits[split] !== undefined) listed[split] = await listSplit(place, split);
  const samples = listed.train?.samples ?? [];
  if (samples.length === 0) throw new Failed(several(listed.train?.failures ?? [noLayout(folder)]));
  const listings = Object.entries(listed);
  const some = spread(samples.length, ENOUGH).flatMap((index) => samples[index] ?? []);
  const sizes = await Promise.all(some.map(({ image }) => imageSize(image)));
  return {
    ...found,
    images: Object.fromEntries(listings.map(([split, { samples }]) => [split, samples.length])),
    alone: listings.reduce((sum, [, { failures }]) => sum + failures.length, 0),
    heldOut: "val" in listed || samples.length < 2 ? null : shareOf(root, place, layout, samples),
    height: Math.min(...sizes.map(({ height }) => height)),
    width: Math.min(...sizes.map(({ width }) => width)),
    ...(await valuesIn(root, some)),
    looked: some.length,
  };
};

/** A fifth, by the first seed that holds out about as many: of few pairs, chance may hold out none. */
const shareOf = (
  root: string,
  { train }: { readonly train: SplitName },
  layout: Layout,
  samples: readonly Sample[],
): Share => {
  const folder = join(root, train === "" ? "." : layouts[layout].images(root, train));
  const names = samples.map((sample) => nameOfPair(sample, folder));
  const wanted = 0.2 * names.length;
  const isFair = (seed: number): boolean => {
    const part = partOf({ val: { share: 0.2, together: null, seed }, test: null });
    const held = names.filter((name) => part(name) === "val").length;
    return held >= 1 && held < names.length && Math.abs(held - wanted) <= Math.max(1, wanted / 4);
  };
  const seeds = Array.from({ length: 100 }, (_, seed) => seed);
  return { share: 0.2, together: null, seed: seeds.find(isFair) ?? 0 };
};

/** Labels are indices if the first is, and their palettes agree; else all of them are read as colours. */
const valuesIn = async (
  root: string,
  samples: readonly Sample[],
): Promise<Pick<Survey, "format" | "values" | "smoothed" | "named">> => {
  const store = await openFacts(root);
  const indices = await labelsAs("index", samples, store);
  const asIndices = indices !== null && mixedPalettes(indices) === null;
  const format = asIndices ? "index" : "colour";
  const labels = asIndices ? indices : await labelsAs("colour", samples, store);
  await store.save();
  if (asIndices && areSmoothed(indices))
    return { format, values: [0, VOID], smoothed: true, named: null };
  const seen = new Set<number>();
  for (const { path, values } of labels ?? []) {
    for (const [value] of values) seen.add(value);
    if (seen.size > MOST) throw new Failed(tooManyValues(path, MOST));
  }
  const named = classNamesIn(root, format);
  const values = new Set([...seen, ...(named?.names.keys() ?? [])]);
  return { format, values: [...values].sort((a, b) => a - b), smoothed: false, named };
};

/** What the labels hold; `null` where the first holds colours and indices were asked for. @throws Failed for others. */
const labelsAs = async (
  format: Survey["format"],
  samples: readonly Sample[],
  store: FactStore,
): Promise<readonly CheckedLabel[] | null> => {
  const labels: CheckedLabel[] = [];
  for (const { label: path } of samples) {
    const facts = await store.of(path, format, labelFacts(format));
    if (!isFailure(facts)) labels.push({ ...facts, path });
    else if (format === "index" && labels.length === 0) return null;
    else throw new Failed(facts.failure);
  }
  return labels;
};
