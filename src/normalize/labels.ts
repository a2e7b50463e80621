/** Decides what label files mean: one map from their values to classes, out of `labels`, `ignore` and `palette`. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import type { MapName } from "../language/data.js";
import type { Dataset } from "../language/dataset.js";
import { packRgb, type Rgb } from "../language/dataset.js";
import { mapNamed, usualMap } from "../language/datasets.js";
import type { Spec } from "../language/spec.js";
import * as says from "./errors.js";
import type { Data, LabelMap } from "./experiment.js";
import type { Decisions } from "./origin.js";

type Written = Spec["data"];
type WrittenLabels = NonNullable<Written["labels"]>;

export interface Labels extends Pick<Data, "labels" | "label_format" | "label_map" | "palette"> {
  readonly found: readonly Diagnostic[];
}

/** Value i is class i unless `labels` or the dataset says otherwise; ignored values are added, and 255 is one of them. */
export const decideLabels = (
  d: Written,
  classes: readonly string[],
  dataset: Dataset | undefined,
  decide: Decisions,
): Labels => {
  const labels = writtenOrUsual(d, dataset, decide);
  if (isColours(labels)) return fromColours(labels.colours, d, classes, decide);
  const name = typeof labels === "string" ? labels : null;
  const named = namedValues(labels, classes);
  const ignored = decide.or("data.ignore", d.ignore, 255, "255 is always ignored");
  const values = typeof ignored === "number" ? [ignored] : ignored;
  const found = [
    ...unknownClasses(named, classes),
    ...ignoredClasses(named, values, d),
    ...valuesOutOfRange(named),
  ];
  const map = labelMap(classes, named, values);
  if (name !== null) decide.explain("data.labels", mapInWords(map, classes));
  const palette = decidePalette(d, name, classes, decide);
  return { labels: map, label_format: "index", label_map: name, palette, found };
};

const writtenOrUsual = (
  d: Written,
  dataset: Dataset | undefined,
  decide: Decisions,
): WrittenLabels =>
  dataset === undefined
    ? decide.or("data.labels", d.labels, { first: 0 }, "value i is class i")
    : decide.or("data.labels", d.labels, usualMap(dataset), dataset.title);

type Colours = Extract<WrittenLabels, { readonly colours: unknown }>;

/** A free map may hold anything behind its keys, but not a map or a list. */
const isColours = (labels: WrittenLabels): labels is Colours =>
  typeof labels === "object" && "colours" in labels && typeof labels.colours === "object";

/** From values to names of classes, as an author could have written it. */
type Named = Readonly<Record<string, string>>;

const isFirst = (labels: object): labels is { readonly first: number } =>
  "first" in labels && typeof labels.first === "number";

const namedValues = (
  labels: Exclude<WrittenLabels, Colours>,
  classes: readonly string[],
): Named => {
  if (typeof labels === "string") return builtIn(labels, classes);
  return isFirst(labels) ? counted(classes, labels.first) : (labels as Named);
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

const unknownClasses = (named: Named, classes: readonly string[]): readonly Diagnostic[] => {
  const known = new Set([...classes, "ignore"]);
  return Object.entries(named)
    .filter(([, name]) => !known.has(name))
    .map(([value, name]) => says.unknownClass(name, value, classes));
};

/** Only counting from a first value can leave 16 bits: the codec checks written values. */
const valuesOutOfRange = (named: Named): readonly Diagnostic[] => {
  const last = Math.max(...Object.keys(named).map(Number));
  return last > 65535 ? [says.labelsOutOfRange(last)] : [];
};

/** The silent 255 gives way to a class that is written for it; a written value does not. */
const ignoredClasses = (
  named: Named,
  ignored: readonly number[],
  d: Written,
): readonly Diagnostic[] => {
  if (d.ignore === undefined) return [];
  const from = ["data", d.labels === undefined ? "classes" : "labels"];
  return ignored.flatMap((value, i) => {
    const name = named[value];
    const at = typeof d.ignore === "number" ? [] : [i];
    const isClass = name !== undefined && name !== "ignore";
    return isClass ? [says.ignoredClass(value, name, ["data", "ignore", ...at], from)] : [];
  });
};

const labelMap = (
  classes: readonly string[],
  named: Named,
  ignored: readonly number[],
): LabelMap => {
  const index = indexOf(classes);
  const values = new Map<number, number | "ignore">([[255, "ignore"]]);
  for (const [value, name] of Object.entries(named)) {
    values.set(Number(value), index.get(name) ?? "ignore");
  }
  for (const value of ignored) if (named[value] === undefined) values.set(value, "ignore");
  return new Map([...values].sort(([a], [b]) => a - b));
};

const indexOf = (classes: readonly string[]): ReadonlyMap<string, number> =>
  new Map(classes.map((name, i) => [name, i] as const).toReversed());

/** A colour a class, or several; the first of each also draws it. */
const fromColours = (
  colours: Colours["colours"],
  d: Written,
  classes: readonly string[],
  decide: Decisions,
): Labels => {
  const index = indexOf(classes);
  const rows = Object.entries(colours).flatMap(([name, one]) =>
    several(one).map((colour, i) => ({ name, i, colour, key: packRgb(colour) })),
  );
  const known = new Set([...classes, "ignore"]);
  const strangers = Object.keys(colours).filter((name) => !known.has(name));
  const found = [
    ...strangers.map((name) => says.unknownColourClass(name, classes)),
    ...rows.flatMap(({ name, key, colour }, i) => {
      const first = rows.findIndex((other) => other.key === key);
      return first < i ? [says.repeatedColour(colour, name, rows[first]!.name)] : [];
    }),
    ...(d.ignore === undefined ? [] : [says.ignoreAmongColours()]),
  ];
  const labels = new Map(rows.map(({ key, name }) => [key, index.get(name) ?? "ignore"] as const));
  const drawn = classes.map((name) => several(colours[name] ?? [0, 0, 0])[0]!);
  const palette = decide.or("data.palette", d.palette, drawn, "those of the labels");
  return { labels, label_format: "colour", label_map: null, palette, found };
};

type OneOrMore = Colours["colours"][string];

const several = (colours: OneOrMore): readonly Rgb[] =>
  typeof colours[0] === "number" ? [colours as Rgb] : (colours as readonly Rgb[]);

/** A dataset's colours belong to its own classes; for any others there is Pascal VOC's colour map. */
const decidePalette = (
  d: Written,
  name: MapName | null,
  classes: readonly string[],
  decide: Decisions,
): Labels["palette"] => {
  const dataset = name === null ? undefined : mapNamed(name).dataset;
  return dataset !== undefined && dataset.classes.length === classes.length
    ? decide.or("data.palette", d.palette, dataset.palette, dataset.title)
    : decide.or("data.palette", d.palette, null, "Pascal VOC's colour map");
};

interface Run {
  readonly first: number;
  readonly last: number;
  readonly meaning: number | "ignore";
}

export const mapInWords = (map: LabelMap, classes: readonly string[]): string => {
  const runs = [...map].reduce<readonly Run[]>(extended, []);
  const meant = runs.flatMap((run) => (run.meaning === "ignore" ? [] : [meantRun(run, classes)]));
  const ignored = runs.flatMap((run) => (run.meaning === "ignore" ? [values(run)] : []));
  return `${meant.join(", ")}; ignored: ${ignored.join(", ")}`;
};

/** Values and classes that go up together are one run, and so are ignored neighbours. */
const extended = (
  runs: readonly Run[],
  [value, meaning]: readonly [number, number | "ignore"],
): readonly Run[] => {
  const run = runs.at(-1);
  const next = run !== undefined && value === run.last + 1 && follows(run, meaning);
  return next
    ? [...runs.slice(0, -1), { ...run, last: value }]
    : [...runs, { first: value, last: value, meaning }];
};

const follows = ({ first, last, meaning }: Run, next: number | "ignore"): boolean =>
  meaning === "ignore" || next === "ignore"
    ? meaning === next
    : next === meaning + (last - first) + 1;

const values = ({ first, last }: Run): string => (first === last ? `${first}` : `${first}…${last}`);

const meantRun = ({ first, last, meaning }: Run, classes: readonly string[]): string => {
  const name = (value: number): string => classes[Number(meaning) + value - first] ?? "";
  return last - first < 3
    ? Array.from({ length: last - first + 1 }, (_, i) => `${first + i} ${name(first + i)}`).join(
        ", ",
      )
    : `${first} ${name(first)} … ${last} ${name(last)}`;
};
