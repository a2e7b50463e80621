/** Digests of the pairs that a training reads, and what has changed between two lists of them. */

import { createHash } from "node:crypto";
import { relative } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import type { FactStore } from "./facts.js";
import type { Sample } from "./sample.js";

export interface PairDigest {
  /** The image's path, relative to the root of its data set. */
  readonly image: string;
  /** Of the bytes of both files, not of their names: 16 hexadecimal digits. */
  readonly digest: string;
}

const short = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);

/** What cannot be read is skipped in training, where it may be; here it has a digest of its own. */
const UNREADABLE = "unreadable";

/** In the order of the samples. A file is read only where the store has not seen it. */
export const digestPairs = async (
  samples: readonly Sample[],
  root: string,
  store: FactStore,
  report: (done: number, total: number) => void = () => {},
): Promise<readonly PairDigest[]> => {
  const pairs: PairDigest[] = [];
  for (const { image, label } of samples) {
    const [a, b] = [await store.digest(image), await store.digest(label)].map(
      E.getOrElse(() => UNREADABLE),
    );
    pairs.push({ image: relative(root, image), digest: short(`${a} ${b}`) });
    report(pairs.length, samples.length);
  }
  await store.save();
  return pairs;
};

/** Of all pairs, in their order: the order of an epoch is drawn over their places. */
export const digestOfAll = (pairs: readonly PairDigest[]): string =>
  short(pairs.map(({ digest }) => digest).join(" "));

export interface PairChanges {
  /** Images of pairs that have other bytes under the same name. */
  readonly changed: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** Pairs that kept their bytes count as the same, whatever they are called now. Nothing where only the order differs. */
export const pairChanges = (
  then: readonly PairDigest[],
  now: readonly PairDigest[],
): PairChanges => {
  const added = without(now, then);
  const removed = without(then, now);
  const names = new Set(removed.map(({ image }) => image));
  const changed = new Set(added.flatMap(({ image }) => (names.has(image) ? [image] : [])));
  const others = (pairs: readonly PairDigest[]): readonly string[] =>
    pairs.flatMap(({ image }) => (changed.has(image) ? [] : [image]));
  return { changed: [...changed], added: others(added), removed: others(removed) };
};

/** The pairs that the others lack, as often as they lack them. */
const without = (
  pairs: readonly PairDigest[],
  others: readonly PairDigest[],
): readonly PairDigest[] => {
  const there = new Map<string, number>();
  for (const { digest } of others) there.set(digest, (there.get(digest) ?? 0) + 1);
  return pairs.filter(({ digest }) => {
    const left = there.get(digest) ?? 0;
    there.set(digest, left - 1);
    return left <= 0;
  });
};
