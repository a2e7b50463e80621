/** What `data.labels`, `data.ignore` and `data.classes` get wrong with each other. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import { colourRows, isColours, type Named, namedValues, rangesIn } from "../language/labels.js";
import { path } from "../language/path.js";
import type { Spec } from "../language/spec.js";
import * as says from "./errors.js";
import type { Data } from "./experiment.js";

type Written = Spec["data"];

/** In the data section as written, of which the rest is decided. */
export const labelMistakes = (
  written: Written,
  { classes, label_map }: Pick<Data, "classes" | "label_map">,
): readonly Diagnostic[] => {
  if (written.labels === undefined && written.ignore === undefined) return [];
  const labels = written.labels ?? label_map ?? { first: 0 };
  if (isColours(labels)) return inColours(labels.colours, written, classes);
  const named = namedValues(labels, classes);
  return [
    // As they are written: a range is one key.
    ...unknownClasses(isOwnMap(labels) ? labels : named, classes),
    ...ignoredClasses(named, written),
    ...valuesOutOfRange(named),
    ...(isOwnMap(labels) ? overlaps(labels) : []),
  ];
};

/** Of two ranges neither stands above the other; one that is meant to is written as single values. */
const overlaps = (labels: Named): readonly Diagnostic[] => {
  const ranges = rangesIn(labels);
  return ranges.flatMap((later, i) => {
    const first = ranges
      .slice(0, i)
      .find((r) => r.low <= later.high && later.low <= r.high && r.name !== later.name);
    return first === undefined ? [] : [says.twoMeanings(first, later)];
  });
};

const isOwnMap = (labels: object | string): labels is Named =>
  typeof labels === "object" && Object.values(labels).every((name) => typeof name === "string");

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
const ignoredClasses = (named: Named, { ignore, labels }: Written): readonly Diagnostic[] => {
  if (ignore === undefined) return [];
  const from = path(labels === undefined ? "data.classes" : "data.labels");
  const values = typeof ignore === "number" ? [ignore] : ignore;
  return values.flatMap((value, i) => {
    const name = named[value];
    const at = typeof ignore === "number" ? [] : [i];
    const isClass = name !== undefined && name !== "ignore";
    return isClass ? [says.ignoredClass(value, name, path("data.ignore", ...at), from)] : [];
  });
};

const inColours = (
  colours: Parameters<typeof colourRows>[0],
  { ignore }: Written,
  classes: readonly string[],
): readonly Diagnostic[] => {
  const rows = colourRows(colours);
  const known = new Set([...classes, "ignore"]);
  const firsts = new Map(rows.map(({ key, name }) => [key, name] as const).toReversed());
  const seen = new Set<number>();
  const repeated = rows.flatMap(({ key, name, colour }) => {
    const isFirst = !seen.has(key);
    seen.add(key);
    return isFirst ? [] : [says.repeatedColour(colour, name, firsts.get(key) ?? name)];
  });
  return [
    ...Object.keys(colours)
      .filter((name) => !known.has(name))
      .map((name) => says.unknownColourClass(name, classes)),
    ...repeated,
    ...(ignore === undefined ? [] : [says.ignoreAmongColours()]),
  ];
};
