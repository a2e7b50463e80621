/** Pairs images with labels by a vote over all names, where no layout tells which files are labels. */

import { extname } from "node:path";
import type { Sample } from "./sample.js";
import type { FoundFile } from "./walk.js";

/** Words that people put into names of labels; a tie goes to them. */
const LABELS = new Set(
  "mask masks label labels lbl lb annotation annotations annot anno gt groundtruth seg segmentation".split(
    " ",
  ),
);

interface Split {
  readonly file: FoundFile;
  readonly words: readonly string[];
}

interface Reading {
  readonly pairs: readonly Sample[];
  readonly images: number;
  readonly isKnown: boolean;
  readonly plain: boolean;
}

/**
 * What most names agree on: `img_7` and `mask_7`, `7_rgb` and `7_gt`, `north/images/7` and `north/masks/7`. A word that
 * stands in a third of the names marks the labels. Without such words as only labels have, and only images, the two of
 * a pair are called the same. `null` where fewer than three quarters of the images have a label so. JPEG files are no labels.
 */
export const pairsByVote = (files: readonly FoundFile[]): readonly Sample[] | null => {
  const split = files.map((file) => ({ file, words: wordsOf(file.stem) }));
  const frequent = frequentWords(split);
  const readings = frequent.map((mark) => reading(split, mark, frequent));
  const [best] = readings
    .filter(({ pairs, images }) => pairs.length > 0 && 4 * pairs.length >= 3 * images)
    .sort(
      (a, b) =>
        b.pairs.length - a.pairs.length ||
        Number(b.isKnown) - Number(a.isKnown) ||
        Number(b.plain) - Number(a.plain),
    );
  return best?.pairs ?? null;
};

/** Parts of a path between signs, with the signs, so that nothing of the rest is lost. */
const wordsOf = (stem: string): readonly string[] =>
  stem.split(/([/_.\s-])/).filter((word) => word !== "");

const isWord = (word: string): boolean => /[a-z]/i.test(word);

const frequentWords = (split: readonly Split[]): readonly string[] => {
  const times = new Map<string, number>();
  for (const { words } of split)
    for (const word of new Set(words.filter(isWord))) times.set(word, (times.get(word) ?? 0) + 1);
  return [...times]
    .filter(([, n]) => 3 * n >= split.length && n < split.length)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 12)
    .map(([word]) => word);
};

/** Labels are the files with the mark, images all others. */
const reading = (split: readonly Split[], mark: string, frequent: readonly string[]): Reading => {
  const labels = split.filter(({ words }) => words.includes(mark));
  const images = split.filter(({ words }) => !words.includes(mark));
  const among = (words: ReadonlySet<string>) => new Set(frequent.filter((word) => words.has(word)));
  const onlyLabels = among(wordsOnlyOf(labels, images));
  const onlyImages = among(wordsOnlyOf(images, labels));
  const known = new Map(
    labels
      .filter(({ file }) => !/^\.jpe?g$/i.test(extname(file.path)))
      .map(({ file, words }) => [keyWithout(words, onlyLabels), file.path]),
  );
  const pairs = images.flatMap(({ file, words }): readonly Sample[] => {
    const label = known.get(keyWithout(words, onlyImages));
    return label === undefined ? [] : [{ image: file.path, label }];
  });
  const isKnown = LABELS.has(mark.toLowerCase());
  return { pairs, images: images.length, isKnown, plain: onlyImages.size === 0 };
};

const wordsOnlyOf = (these: readonly Split[], others: readonly Split[]): ReadonlySet<string> => {
  const known = new Set(others.flatMap(({ words }) => words));
  return new Set(these.flatMap(({ words }) => words).filter((word) => !known.has(word)));
};

/** What is left of a name; signs count for nothing, so that `mask_7` and `7` are one. */
const keyWithout = (words: readonly string[], left: ReadonlySet<string>): string =>
  words.filter((word) => !left.has(word) && (isWord(word) || /\d/.test(word))).join("/");
