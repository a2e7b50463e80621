/** Looks through every pair of a split before training: all mistakes at once, and what the files hold. */

import { availableParallelism } from "node:os";
import type { Failure } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import { sizesDiffer } from "./errors.js";
import {
  type FactStore,
  type ImageFacts,
  imageFacts,
  imageQuestion,
  isFailure,
  type LabelFacts,
  labelFacts,
} from "./facts.js";
import { isSmoothed, type Stray, strayValues } from "./label-errors.js";
import { type Labelling, type LabelTable, labelTable } from "./labels.js";
import type { Sample } from "./sample.js";

export interface Checkup {
  /** In the order of the samples. */
  readonly failures: readonly Failure[];
  /** Of failures that are label values without a meaning: these values. */
  readonly strays: ReadonlyMap<Failure, readonly Stray[]>;
  /** The samples that these are of, by their place in the split. */
  readonly damaged: readonly number[];
  /** How many images there are of each size, the most frequent first. */
  readonly sizes: readonly {
    readonly height: number;
    readonly width: number;
    readonly count: number;
  }[];
  /** Of each pair that has no mistake. */
  readonly pairs: readonly Pair[];
  /** Of each label that could be read. */
  readonly labels: readonly CheckedLabel[];
}

export interface CheckedLabel extends LabelFacts {
  readonly path: string;
}

export interface Pair extends Sample, Size {
  /** Digests of the image's pixels and of the label's. */
  readonly digest: string;
  readonly labelDigest: string;
  /** The least and the largest value of any channel of the image. */
  readonly limits: readonly [low: number, high: number];
  /** Pixels of each class that occurs, by its index; that of ignored pixels among them. */
  readonly classes: ReadonlyMap<number, number>;
}

export interface Watching {
  readonly report?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every pair as training would read it: files that cannot be decoded, sizes that differ, values outside the
 * label map. Decoding runs on the libraries' threads, a few pairs at a time; what the store knows of a file is
 * not looked up again. Throws the signal's reason once that is aborted; what was found till then is kept.
 */
export async function checkSamples(
  samples: readonly Sample[],
  labelling: Labelling,
  store: FactStore,
  { report = () => {}, signal }: Watching = {},
): Promise<Checkup> {
  const table = labelTable(labelling);
  const found: Examined[] = new Array(samples.length);
  let [next, done] = [0, 0];
  const look = async (): Promise<void> => {
    for (let index = next++; !signal?.aborted; index = next++) {
      const sample = samples[index];
      if (sample === undefined) return;
      found[index] = await examine(sample, table, store);
      report(++done, samples.length);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() + 2 }, look));
  await store.save();
  signal?.throwIfAborted();
  return summed(found);
}

interface Examined {
  readonly strays: readonly Stray[];
  readonly result: Pair | Failure;
  readonly label: CheckedLabel | null;
}

async function examine(sample: Sample, table: LabelTable, store: FactStore): Promise<Examined> {
  const [image, label] = await Promise.all([
    store.of(sample.image, imageQuestion(table.reading), imageFacts(table.reading)),
    store.of(sample.label, table.format, labelFacts(table.format)),
  ]);
  if (isFailure(label))
    return { result: isFailure(image) ? image.failure : label.failure, label: null, strays: [] };
  const read = { ...label, path: sample.label };
  if (isFailure(image)) return { result: image.failure, label: read, strays: [] };
  const strays = straysIn(label, table);
  const mistake = mistakeIn(sample, image, label, table, strays);
  const isOdd = isSmoothed(strays, label.height * label.width) || label.unlisted > 0;
  return {
    result: mistake ?? pairOf(sample, image, label, table),
    label: read,
    strays: isOdd || !sameSize(image, label) ? [] : strays,
  };
}

const sameSize = (image: Size, label: Size): boolean =>
  image.height === label.height && image.width === label.width;

const straysIn = (label: LabelFacts, table: LabelTable): readonly Stray[] =>
  label.values
    .filter(([value]) => table.meaning(value) < 0)
    .map(([value, pixels]): Stray => ({ value, pixels }));

const mistakeIn = (
  sample: Sample,
  image: ImageFacts,
  label: LabelFacts,
  table: LabelTable,
  strays: readonly Stray[],
): Failure | null => {
  if (!sameSize(image, label)) return sizesDiffer(sample, image, label, image.turned);
  const unlisted = strays.length === 0 ? 0 : label.unlisted;
  return strays.length > 0
    ? strayValues(sample.label, strays, table.format, {
        pixels: label.height * label.width,
        unlisted,
      })
    : null;
};

const pairOf = (
  { image, label }: Sample,
  { height, width, pixels, limits }: ImageFacts,
  { values, pixels: labelDigest }: LabelFacts,
  table: LabelTable,
): Pair => {
  const classes = new Map<number, number>();
  for (const [value, count] of values) {
    const meaning = table.meaning(value);
    classes.set(meaning, (classes.get(meaning) ?? 0) + count);
  }
  return { image, label, height, width, digest: pixels, labelDigest, limits, classes };
};

const isPair = (found: Pair | Failure): found is Pair => !("kind" in found);

const summed = (found: readonly Examined[]): Checkup => {
  const results = found.map(({ result }) => result);
  const pairs = results.filter(isPair);
  return {
    failures: results.filter((one): one is Failure => !isPair(one)),
    strays: new Map(
      found.flatMap(({ result, strays }) =>
        isPair(result) || strays.length === 0 ? [] : [[result, strays] as const],
      ),
    ),
    damaged: results.flatMap((one, index) => (isPair(one) ? [] : [index])),
    sizes: sizesOf(pairs),
    pairs,
    labels: found.flatMap(({ label }) => (label === null ? [] : [label])),
  };
};

const sizesOf = (pairs: readonly Pair[]): Checkup["sizes"] => {
  const sizes = new Map<string, { height: number; width: number; count: number }>();
  for (const { height, width } of pairs) {
    const size = sizes.get(`${height} ${width}`) ?? { height, width, count: 0 };
    sizes.set(`${height} ${width}`, { ...size, count: size.count + 1 });
  }
  return [...sizes.values()].sort(
    (a, b) => b.count - a.count || a.height - b.height || a.width - b.width,
  );
};

/** Pictures of one split that are pixel by pixel pictures of another. */
export interface Twin {
  readonly first: string;
  readonly second: string;
}

export const twins = (first: readonly Pair[], second: readonly Pair[]): readonly Twin[] => {
  const known = new Map(first.map(({ digest, image }) => [digest, image]));
  return second.flatMap(({ digest, image }) => {
    const other = known.get(digest);
    return other === undefined ? [] : [{ first: other, second: image }];
  });
};
