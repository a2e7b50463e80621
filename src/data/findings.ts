/** What is wrong or odd about a split as a whole, where each of its files may be well. */

import type { Failure } from "../diagnostic/failure.js";
import { rgb } from "../language/dataset.js";
import { ignoredOf, VOID } from "../language/labels.js";
import type { CheckedLabel, Checkup, Pair } from "./check.js";
import { classNeverOccurs, isSmoothed, palettesDiffer, unnamedValues } from "./label-errors.js";
import { type Labelling, labelTable } from "./labels.js";
import type { Split } from "./layout.js";

/** Something that may be meant, in words, and the files that it is said of. */
export interface Notice {
  readonly message: string;
  readonly files: readonly string[];
}

/** Mistakes that belong to no single pair: training on such a split learns something else than its author means. */
export const flawsIn = (
  split: Split,
  { labels }: Checkup,
  labelling: Labelling,
): readonly Failure[] => {
  const mixed = labelling.label_format === "index" ? mixedPalettes(labels) : null;
  const lost = split === "train" && onlyIgnored(labels, labelling);
  return [
    ...(mixed === null ? [] : [palettesDiffer(mixed, coloursOf(labels))]),
    ...(lost ? [classNeverOccurs()] : []),
  ];
};

/** Fewer labels with a value are told one by one. */
const SEVERAL = 3;

/** The failures of a split, of which those that come from one wrong count of classes are one. */
export const diagnosed = (
  { failures, strays, labels }: Checkup,
  labelling: Labelling,
): readonly Failure[] => {
  const found = new Map<number, number>();
  for (const values of strays.values())
    for (const { value } of values) found.set(value, (found.get(value) ?? 0) + 1);
  const common = [...found].filter(([, n]) => n >= SEVERAL).sort(([a], [b]) => a - b);
  if (labelling.label_format !== "index" || common.length === 0) return failures;
  const isCommon = new Set(common.map(([value]) => value));
  const others = failures.filter(
    (failure) => !(strays.get(failure)?.every(({ value }) => isCommon.has(value)) ?? false),
  );
  return [unnamedValues(common, labels.length, labelling.classes.length), ...others];
};

/** A colour that is one index in one file, and another in another. */
export interface MixedColour {
  readonly colour: number;
  readonly uses: readonly [Use, Use];
}

interface Use {
  readonly file: string;
  readonly index: number;
}

/** The first colour that is told. One that several indices of a file share says nothing of that file. */
export const mixedPalettes = (labels: readonly CheckedLabel[]): MixedColour | null => {
  const first = new Map<number, Use>();
  for (const { path: file, values, colours } of labels) {
    if (colours === null) continue;
    for (const [i, colour] of colours.entries()) {
      const index = values[i]?.[0];
      if (index === undefined || colours.indexOf(colour) !== colours.lastIndexOf(colour)) continue;
      const use = first.get(colour) ?? { file, index };
      first.set(colour, use);
      if (use.index !== index) return { colour, uses: [use, { file, index }] };
    }
  }
  return null;
};

const coloursOf = (labels: readonly CheckedLabel[]) =>
  [...new Set(labels.flatMap(({ colours }) => colours ?? []))].sort((a, b) => a - b).map(rgb);

/** Masks of 0 and 255 alone, where 255 counts for nothing and 0 is a class: nothing tells the classes apart. */
const onlyIgnored = (labels: readonly CheckedLabel[], labelling: Labelling): boolean => {
  if (labelling.label_format !== "index") return false;
  const { meaning } = labelTable(labelling);
  const ignored = ignoredOf(labelling.classes.length);
  const values = new Set(labels.flatMap(({ values: seen }) => seen.map(([value]) => value)));
  const isMask = values.size === 2 && values.has(0) && values.has(VOID);
  return isMask && meaning(VOID) === ignored && meaning(0) !== ignored;
};

/** A picture whose values span less than this, of 255, is nearly of one colour. */
const TENTH = 25.5;

export const noticesIn = ({ pairs }: Checkup): readonly Notice[] =>
  [narrow(pairs), listedTwice(pairs), labelledTwice(pairs)].filter(({ files }) => files.length > 0);

const counted = (n: number, one: string, more: string): string =>
  `${n.toLocaleString("en")} ${n === 1 ? one : more}`;

const narrow = (pairs: readonly Pair[]): Notice => {
  const found = pairs.filter(({ limits: [low, high] }) => high - low < TENTH);
  return {
    message: `${counted(found.length, "picture uses", "pictures use")} less than a tenth of the values from 0 to 255${found.length === pairs.length ? " (all of them)" : ""}; where the format makes them dark, say its range: \`data.images: {range: [LOW, HIGH]}\``,
    files: found.map(({ image, limits: [low, high] }) => `${image}: ${low} to ${high}`),
  };
};

const groups = (pairs: readonly Pair[], key: (pair: Pair) => string): readonly Pair[][] => {
  const found = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const group = found.get(key(pair));
    if (group === undefined) found.set(key(pair), [pair]);
    else group.push(pair);
  }
  return [...found.values()].filter(({ length }) => length > 1);
};

const listedTwice = (pairs: readonly Pair[]): Notice => {
  const found = groups(pairs, ({ image, label }) => `${image}\n${label}`);
  return {
    message: `${counted(found.length, "pair is", "pairs are")} listed more than once, and counted as often`,
    files: found.map(([first, ...others]) => `${first?.image}: ${others.length + 1} times`),
  };
};

/** One file with labels of two names, or pictures of equal pixels with labels that differ. */
const labelledTwice = (pairs: readonly Pair[]): Notice => {
  const found = groups(pairs, ({ digest }) => digest).filter(
    (group) =>
      groups(group, ({ image }) => image).some((one) => namesOf(one).length > 1) ||
      new Set(group.map(({ labelDigest }) => labelDigest)).size > 1,
  );
  return {
    message: `${counted(found.length, "picture has", "pictures have")} two labels`,
    files: found.map((group) => `${group[0]?.image}: ${namesOf(group).join(", ")}`),
  };
};

const namesOf = (group: readonly Pair[]): readonly string[] => [
  ...new Set(group.map(({ label }) => label)),
];

/** Masks of 0 and 255 with values between along their edges. */
export const areSmoothed = (labels: readonly CheckedLabel[]): boolean => {
  const pixels = new Map<number, number>();
  for (const { values } of labels)
    for (const [value, count] of values) pixels.set(value, (pixels.get(value) ?? 0) + count);
  const between = [...pixels].filter(([value]) => value > 0 && value !== VOID);
  const all = [...pixels.values()].reduce((sum, count) => sum + count, 0);
  const strays = between.map(([value, count]) => ({ value, pixels: count }));
  return pixels.has(0) && pixels.has(VOID) && isSmoothed(strays, all);
};
