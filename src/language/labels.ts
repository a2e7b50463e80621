/** What label files mean: one map from their values to classes. */

import type * as t from "io-ts";
import { type LabelMap, packRgb, type Rgb } from "./dataset.js";
import { type MapName, mapNamed, mapNames } from "./datasets.js";
import { key, required } from "./key.js";
import { keyed, record } from "./map.js";
import { choice, integer, list, oneOf, text, tuple } from "./value.js";

/** Class indices of pixels: bytes for up to 255 classes, words of 16 bits for more. */
export type ClassIndices = Uint8Array | Uint16Array;

/** The indices of a byte and of a word that no class has. */
const [BYTE, WORD] = [255, 65535];

export const areWide = (classes: number): boolean => classes > BYTE;

/** The class index of a pixel that does not count, in batches and in graphs. */
export const ignoredOf = (classes: number): number => (areWide(classes) ? WORD : BYTE);

export const ignoredIn = (indices: ClassIndices): number =>
  indices instanceof Uint8Array ? BYTE : WORD;

/** Room for so many pixels. */
export const classIndices = (classes: number, pixels: number): ClassIndices =>
  areWide(classes) ? new Uint16Array(pixels) : new Uint8Array(pixels);

/** Indices that a graph gave as whole numbers. */
export const toClassIndices = (classes: number, found: ArrayLike<number>): ClassIndices =>
  areWide(classes) ? Uint16Array.from(found) : Uint8Array.from(found);

/** The value that datasets by convention (VOC, Cityscapes, ADE20K) give to pixels of no class. */
export const VOID = 255;

export const labelValue = integer(
  { min: 0, max: 65535 },
  "label files hold at most 16 bits a pixel",
);

export const colour = tuple(3, "whole numbers (red, green, blue)", integer({ min: 0, max: 255 }));

/** A whole number of 16 bits. */
const word = "(0|[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d\\d|655[0-2]\\d|6553[0-5])";

const labelMap = record(
  "a map from label values to class names",
  {
    pattern: new RegExp(`^${word}(\\.\\.${word})?$`),
    expects: "a label value from 0 to 65535, or a range of them: `0..127`",
  },
  text("a class name or `ignore`"),
);

const colourTable = record(
  "a map from class names to colours",
  { pattern: /./, expects: "a class name or `ignore`" },
  oneOf(list("colours", colour, { min: 1 }), colour),
);

/** Of labels that are pictures. */
export const colours = key(
  colourTable,
  "For labels that are pictures: the colour of each class, `sky: [70, 130, 180]`, or a list of colours; and of `ignore`.",
  required({}),
);

/** As written: a built-in map, the value of the first class, colours, or a map of one's own. */
export const labelsForm = oneOf(
  choice(...mapNames),
  keyed("`labels`", labelMap, {
    first: key(labelValue, "Value of the first class; the others follow it.", required(0)),
    colours,
  }),
);

export type WrittenLabels = t.TypeOf<typeof labelsForm>;

export interface Labels {
  readonly map: LabelMap;
  /** Whether a pixel of a label file is an index of 1 to 16 bits, or a colour. */
  readonly format: "index" | "colour";
  /** The built-in map that it is; `null` for the author's own. */
  readonly name: MapName | null;
  /** The colour of each class, where labels are colours. */
  readonly drawn: readonly Rgb[] | null;
}

/** The meaning of labels for these classes. 255 (65535 above 255 classes) is ignored unless it is a class; so are the values of `ignore`. */
export const labelsOf = (
  written: WrittenLabels,
  classes: readonly string[],
  ignored: readonly number[],
): Labels => {
  if (isColours(written)) return fromColours(written.colours, classes);
  const name = typeof written === "string" ? written : null;
  const map = mapOf(classes, namedValues(written, classes), ignored);
  return { map, format: "index", name, drawn: null };
};

type Colours = Extract<WrittenLabels, { readonly colours: unknown }>;

/** A free map may hold anything behind its keys, but not a map or a list. */
export const isColours = (labels: WrittenLabels): labels is Colours =>
  typeof labels === "object" && "colours" in labels && typeof labels.colours === "object";

/** From values to names of classes, as an author could have written it. */
export type Named = Readonly<Record<string, string>>;

const isFirst = (labels: object): labels is { readonly first: number } =>
  "first" in labels && typeof labels.first === "number";

export const namedValues = (
  labels: Exclude<WrittenLabels, Colours>,
  classes: readonly string[],
): Named => {
  if (typeof labels === "string") return builtIn(labels, classes);
  return isFirst(labels) ? counted(classes, labels.first) : spreadOut(labels as Named);
};

/** Values of one name, both ends among them. */
export interface NamedRange {
  readonly key: string;
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

export const rangesIn = (written: Named): readonly NamedRange[] =>
  Object.entries(written).flatMap(([key, name]) => {
    const [from, to] = key.split("..").map(Number);
    return from === undefined || to === undefined
      ? []
      : [{ key, name, low: Math.min(from, to), high: Math.max(from, to) }];
  });

/** Every value of the ranges; a value that is written alone stands above a range that holds it. */
const spreadOut = (written: Named): Named => {
  const ranges = rangesIn(written);
  const values = ranges.flatMap(({ low, high, name }) =>
    Array.from({ length: high - low + 1 }, (_, i) => [low + i, name] as const),
  );
  const alone = Object.entries(written).filter(([key]) => !key.includes(".."));
  return ranges.length === 0 ? written : Object.fromEntries([...values, ...alone]);
};

/** Where the classes are fewer than the map's, a rule says so; here what lacks a class counts for nothing. */
const builtIn = (name: MapName, classes: readonly string[]): Named =>
  Object.fromEntries(
    [...mapNamed(name).map].map(([value, meaning]) => [
      value,
      meaning === "ignore" ? meaning : (classes[meaning] ?? "ignore"),
    ]),
  );

const counted = (classes: readonly string[], first: number): Named =>
  Object.fromEntries(classes.map((name, i) => [first + i, name]));

const mapOf = (classes: readonly string[], named: Named, ignored: readonly number[]): LabelMap => {
  const index = indexOf(classes);
  const values = new Map<number, number | "ignore">([[ignoredOf(classes.length), "ignore"]]);
  for (const [value, name] of Object.entries(named)) {
    values.set(Number(value), index.get(name) ?? "ignore");
  }
  for (const value of ignored) if (named[value] === undefined) values.set(value, "ignore");
  return new Map([...values].sort(([a], [b]) => a - b));
};

/** Of a name that stands twice, the first place. */
const indexOf = (classes: readonly string[]): ReadonlyMap<string, number> =>
  new Map(classes.map((name, i) => [name, i] as const).toReversed());

/** A colour a class, or several; the first of each also draws it. */
const fromColours = (written: Colours["colours"], classes: readonly string[]): Labels => {
  const index = indexOf(classes);
  const rows = colourRows(written);
  const map = new Map(rows.map(({ key, name }) => [key, index.get(name) ?? "ignore"] as const));
  const black: Rgb = [0, 0, 0];
  const drawn = classes.map((name) => rows.find((row) => row.name === name)?.colour ?? black);
  return { map, format: "colour", name: null, drawn };
};

export const colourRows = (
  written: Colours["colours"],
): readonly { readonly name: string; readonly colour: Rgb; readonly key: number }[] =>
  Object.entries(written).flatMap(([name, one]) =>
    several(one).map((colour) => ({ name, colour, key: packRgb(colour) })),
  );

type OneOrMore = Colours["colours"][string];

const isOne = (colours: OneOrMore): colours is Rgb => typeof colours[0] === "number";

const several = (colours: OneOrMore): readonly Rgb[] => (isOne(colours) ? [colours] : colours);

/** A dataset's colours belong to its own classes; for any others there are ours: `null`. */
export const usualPalette = (
  { drawn, name }: Labels,
  classes: readonly string[],
): { readonly colours: readonly Rgb[] | null; readonly source: string } => {
  if (drawn !== null) return { colours: drawn, source: "those of the labels" };
  const dataset = name === null ? undefined : mapNamed(name).dataset;
  return dataset !== undefined && dataset.classes.length === classes.length
    ? { colours: dataset.palette, source: dataset.title }
    : { colours: null, source: "pspc's own" };
};

interface ValueRange {
  readonly first: number;
  readonly last: number;
  readonly meaning: number | "ignore";
}

/** A label map in a line: `7 road, 8 sidewalk, …; ignored: 0…6, 9, 10`. */
export const mapInWords = (map: LabelMap, classes: readonly string[]): string => {
  const runs = [...map].reduce<readonly ValueRange[]>(extended, []);
  const meant = runs.flatMap((run) => (run.meaning === "ignore" ? [] : [meantRun(run, classes)]));
  const ignored = runs.flatMap((run) => (run.meaning === "ignore" ? [values(run)] : []));
  return `${meant.join(", ")}; ignored: ${ignored.join(", ")}`;
};

/** Values and classes that go up together are one run, and so are ignored neighbours. */
const extended = (
  runs: readonly ValueRange[],
  [value, meaning]: readonly [number, number | "ignore"],
): readonly ValueRange[] => {
  const run = runs.at(-1);
  const next = run !== undefined && value === run.last + 1 && follows(run, meaning);
  return next
    ? [...runs.slice(0, -1), { ...run, last: value }]
    : [...runs, { first: value, last: value, meaning }];
};

const follows = ({ first, last, meaning }: ValueRange, next: number | "ignore"): boolean =>
  meaning === "ignore" || next === "ignore"
    ? meaning === next
    : next === meaning + (last - first) + 1;

const values = ({ first, last }: ValueRange): string =>
  first === last ? `${first}` : `${first}…${last}`;

const meantRun = ({ first, last, meaning }: ValueRange, classes: readonly string[]): string => {
  const name = (value: number): string => classes[Number(meaning) + value - first] ?? "";
  return last - first < 3
    ? Array.from({ length: last - first + 1 }, (_, i) => `${first + i} ${name(first + i)}`).join(
        ", ",
      )
    : `${first} ${name(first)} … ${last} ${name(last)}`;
};
