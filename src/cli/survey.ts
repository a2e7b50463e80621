/** A dataset folder enters; what a spec needs to know of it leaves: layout, splits, sizes, what its labels hold. */

import { existsSync } from "node:fs";
import { spread } from "../data/browse.js";
import { isFailure, labelFacts, openFacts } from "../data/facts.js";
import { imageSize } from "../data/image.js";
import { openSplit, type Split } from "../data/layout.js";
import { type Recognised, recognise } from "../data/recognise.js";
import type { Sample } from "../data/sample.js";
import { Failed } from "../diagnostic/failure.js";
import { noDataFolder, noLayout, tooManyValues } from "./errors.js";

export interface Survey extends Recognised {
  /** Images of each split. */
  readonly images: Readonly<Partial<Record<Split, number>>>;
  /** Least sides among the images that were looked at. */
  readonly height: number;
  readonly width: number;
  /** What a pixel of the labels is. */
  readonly format: "index" | "colour";
  /** Values or colours that occur in the labels that were looked at; values ascend. */
  readonly values: readonly number[];
  readonly looked: number;
}

/** Labels tell their values soon: this many are looked at, spread over the split. */
const ENOUGH = 100;

/** Classes, and as many values again to ignore. */
const MOST = 512;

/** @throws Failed where no layout is recognised, or a file of it is wrong. */
export const survey = async (folder: string): Promise<Survey> => {
  if (!existsSync(folder)) throw new Failed(noDataFolder(folder));
  const found = recognise(folder);
  if (found === null) throw new Failed(noLayout(folder));
  const { layout, root, splits } = found;
  const place = { train: "", val: null, test: null, ...splits, layout, root, label_map: null };
  const counted: Partial<Record<Split, number>> = {};
  for (const split of Object.keys(splits) as Split[])
    counted[split] = (await openSplit(place, split)).length;
  const samples = await openSplit(place, "train");
  const some = spread(samples.length, ENOUGH).map((index) => samples[index]!);
  const sizes = await Promise.all(some.map(({ image }) => imageSize(image)));
  return {
    ...found,
    images: counted,
    height: Math.min(...sizes.map(({ height }) => height)),
    width: Math.min(...sizes.map(({ width }) => width)),
    ...(await valuesIn(root, some)),
    looked: some.length,
  };
};

/** Labels are indices if the first is; else all of them are read as colours. */
const valuesIn = async (
  root: string,
  samples: readonly Sample[],
): Promise<Pick<Survey, "format" | "values">> => {
  const store = await openFacts(root);
  const first = await store.of(samples[0]!.label, "index", labelFacts("index"));
  const format = isFailure(first) ? "colour" : "index";
  const seen = new Set<number>();
  for (const { label } of samples) {
    const facts = await store.of(label, format, labelFacts(format));
    if (isFailure(facts)) throw new Failed(facts.failure);
    for (const [value] of facts.values) seen.add(value);
    if (seen.size > MOST) throw new Failed(tooManyValues(label, MOST));
  }
  await store.save();
  return { format, values: [...seen].sort((a, b) => a - b) };
};
