/** A dataset folder enters; what a spec needs to know of it leaves: splits, sizes, label values. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { imageSize } from "../data/image.js";
import { openSplit, type Split } from "../data/layout.js";
import { decodeIndices } from "../data/png.js";
import type { Sample } from "../data/sample.js";
import { Failed } from "../diagnostic/failure.js";
import type { Data } from "../normalize/experiment.js";
import { noLists } from "./errors.js";

export interface Survey {
  /** Images of each split that has a list. */
  readonly splits: Readonly<Partial<Record<Split, number>>>;
  /** Least sides among the images that were looked at. */
  readonly height: number;
  readonly width: number;
  /** Values that occur in the labels that were looked at, ascending. */
  readonly values: readonly number[];
  readonly looked: number;
}

/** Labels tell their values soon: this many are looked at, spread over the list. */
const enough = 100;

/** @throws Failed where there is no `train.txt`, or a file of it is wrong. */
export const survey = async (root: string): Promise<Survey> => {
  const names = (["train", "val", "test"] as const).filter((split) =>
    existsSync(join(root, `${split}.txt`)),
  );
  if (!names.includes("train")) throw new Failed(noLists(root));
  const opened = await Promise.all(
    names.map(async (split) => [split, await openSplit(dataAt(root), split)] as const),
  );
  const samples = opened.find(([split]) => split === "train")?.[1] ?? [];
  const some = spread(samples, enough);
  const sizes = await Promise.all(some.map(({ image }) => imageSize(image)));
  return {
    splits: Object.fromEntries(opened.map(([split, found]) => [split, found.length])),
    height: Math.min(...sizes.map(({ height }) => height)),
    width: Math.min(...sizes.map(({ width }) => width)),
    values: await valuesIn(some),
    looked: some.length,
  };
};

const dataAt = (root: string): Data => ({
  layout: "list",
  root,
  train: "train.txt",
  val: "val.txt",
  test: "test.txt",
  classes: [],
  labels: new Map(),
  damaged: "stop",
  label_format: "index",
  label_map: null,
  palette: null,
  mean: [0, 0, 0],
  std: [1, 1, 1],
});

const spread = <A>(items: readonly A[], n: number): readonly A[] => {
  const step = Math.max(1, items.length / n);
  return items.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
};

const valuesIn = async (samples: readonly Sample[]): Promise<readonly number[]> => {
  const seen = new Set<number>();
  for (const { label } of samples) {
    const { values } = await decodeIndices(await readFile(label), label);
    for (const value of values) seen.add(value);
  }
  return [...seen].sort((a, b) => a - b);
};
