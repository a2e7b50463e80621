/** The messages of normalisation: parents, variants, overrides, and names that must be known. */

import {
  type Diagnostic,
  error,
  formatPath,
  type Path,
  type Span,
} from "../diagnostic/diagnostic.js";
import type { Failure } from "../diagnostic/failure.js";
import { didYouMean, nearest } from "../diagnostic/nearest.js";
import type { NamedRange } from "../language/labels.js";
import { path } from "../language/path.js";
import { flow } from "../source/flow.js";

export const entryUnreadable = (file: string, message: string, help: string): Diagnostic =>
  error(
    "E0101",
    message,
    { path: [], label: "", at: { file, start: 0, end: 0 } },
    { help: [help] },
  );

/** Whoever reads says what to do where the file is there. */
export const parentUnreadable = (
  parent: string,
  { message, reason = message, help }: Failure,
  at: Span,
): Diagnostic =>
  error(
    "E0301",
    `the parent ${parent} cannot be read`,
    { path: path("extends"), label: reason, at },
    help === undefined
      ? { notes: ["a parent is looked for beside the file that names it"] }
      : { help: [help] },
  );

export const parentCycle = (chain: readonly string[], at: Span): Diagnostic =>
  error(
    "E0302",
    "this spec is among its own parents",
    { path: path("extends"), label: "leads back to a spec already read", at },
    { notes: [chain.join(" → ")], help: ["remove one `extends` from the cycle"] },
  );

export const unknownVariant = (name: string, known: readonly string[], at: Span): Diagnostic =>
  error(
    "E0303",
    `there is no variant \`${name}\``,
    {
      path: path("variants"),
      label: known.length === 0 ? "no variants here" : "unknown variant",
      at,
    },
    {
      notes: known.length === 0 ? [] : [`variants: ${listed(known)}`],
      help: didYouMean(name, known),
    },
  );

export const severalVariants = (name: string, members: readonly string[], at: Span): Diagnostic =>
  error(
    "E0304",
    `\`${name}\` is a matrix of ${members.length} variants`,
    { path: path("variants", name), label: "which of them?", at },
    { help: [`choose one: ${listed(members)}`] },
  );

const listed = (names: readonly string[]): string =>
  names.length > 12
    ? `${names.slice(0, 12).join(", ")}, … (${names.length} in all)`
    : names.join(", ");

export const nothingBelow = (to: Path, depth: number, value: string, at: Span): Diagnostic => {
  const owner = formatPath(to.slice(0, depth));
  return error(
    "E0305",
    `\`${owner}\` is \`${value}\` and has no \`${formatPath(to.slice(depth))}\``,
    { path: to, label: "nothing can stand below a value", at },
    { help: [`write \`${owner}\` as a map`] },
  );
};

export const listsAreWhole = (to: Path, depth: number, at: Span): Diagnostic => {
  const owner = formatPath(to.slice(0, depth));
  return error(
    "E0305",
    `\`${owner}\` is a list, and lists are replaced as a whole`,
    { path: to, label: "one item cannot be set", at },
    { help: [`write the whole list: \`${owner}: […]\``] },
  );
};

export const notChangeable = (to: Path, at: Span): Diagnostic =>
  error(
    "E0306",
    `a variant or override cannot change \`${formatPath(to)}\``,
    { path: to, label: "only the spec's own file sets this", at },
    { help: ["change it in the spec, or write a separate spec"] },
  );

export const axisNotList = (to: Path, at: Span): Diagnostic =>
  error(
    "E0307",
    "an axis of a matrix is a list of values",
    { path: to, label: "expected a list", at },
    { help: ["write `[a, b]`; for a single value take it out of the matrix"] },
  );

export const matrixEmpty = (to: Path, at: Span): Diagnostic =>
  error("E0308", "the matrix is empty, so it has no variants", { path: to, label: "empty", at });

export const tooManyVariants = (to: Path, count: number, limit: number, at: Span): Diagnostic =>
  error(
    "E0309",
    `the matrix has ${count.toLocaleString("en")} variants`,
    { path: to, label: `at most ${limit.toLocaleString("en")} variants in a spec`, at },
    { help: ["shorten the axes, or split them over several variants"] },
  );

export const sameName = (name: string, to: Path, at: Span): Diagnostic =>
  error(
    "E0310",
    `two variants are called \`${name}\``,
    { path: to, label: "a value is repeated, or the name is used elsewhere", at },
    { help: ["remove the duplicate"] },
  );

export const unknownClass = (name: string, value: string, classes: readonly string[]): Diagnostic =>
  error(
    "E0311",
    `there is no class \`${name}\``,
    { path: path("data.labels", value), label: "not among `data.classes`" },
    {
      related: [{ path: path("data.classes"), label: `${classes.length} classes`, on: "key" }],
      fixes: nearClass(name, classes).map((text) => ({
        title: `write \`${text}\``,
        edits: [{ path: path("data.labels", value), text }],
        safe: false,
      })),
      help: [
        ...didYouMean(name, [...classes, "ignore"]),
        "to leave the value out of loss and scores, write `ignore`",
      ],
    },
  );

const nearClass = (name: string, classes: readonly string[]): readonly string[] => {
  const meant = nearest(name, [...classes, "ignore"]);
  return meant === undefined ? [] : [flow(meant)];
};

export const ignoredClass = (value: number, name: string, to: Path, from: Path): Diagnostic =>
  error(
    "E0312",
    `label value ${value} is both ignored and the class ${name}`,
    { path: to, label: `${value} is also ${name}` },
    {
      related: [{ path: from, label: `says that ${value} is ${name}`, on: "key" }],
      help: [
        "remove the class from `data.classes`, or the value from `data.ignore`",
        "if values and classes are in different orders, write `data.labels`",
      ],
    },
  );

export const twoMeanings = (first: NamedRange, later: NamedRange): Diagnostic => {
  const shared = Math.max(first.low, later.low);
  return error(
    "E0317",
    `label value ${shared} means both ${first.name} and ${later.name}`,
    { path: path("data.labels", later.key), on: "key", label: `holds ${shared}` },
    {
      related: [{ path: path("data.labels", first.key), on: "key", label: "so does this" }],
      help: [
        "end one range before the other begins; a value that is written alone stands above ranges",
      ],
    },
  );
};

export const labelsOutOfRange = (last: number): Diagnostic =>
  error(
    "E0314",
    `the last class would have the label value ${last}`,
    { path: path("data.labels"), label: "label files hold values from 0 to 65535" },
    { help: ["start from a lower value, or use fewer classes"] },
  );

export const unknownColourClass = (name: string, classes: readonly string[]): Diagnostic =>
  error(
    "E0311",
    `there is no class \`${name}\``,
    { path: path("data.labels.colours", name), on: "key", label: "not among `data.classes`" },
    {
      related: [{ path: path("data.classes"), label: `${classes.length} classes`, on: "key" }],
      help: [
        ...didYouMean(name, [...classes, "ignore"]),
        "to leave its colours out of loss and scores, write `ignore`",
      ],
    },
  );

export const repeatedColour = (
  colour: readonly number[],
  name: string,
  first: string,
): Diagnostic =>
  error(
    "E0554",
    name === first
      ? `the colour [${colour.join(", ")}] is listed twice for ${name}`
      : `the colour [${colour.join(", ")}] means both ${first} and ${name}`,
    { path: path("data.labels.colours", name), label: "the same colour again" },
    {
      related: [{ path: path("data.labels.colours", first), label: "first here" }],
      help: ["give each colour one meaning"],
    },
  );

export const ignoreAmongColours = (): Diagnostic =>
  error(
    "E0555",
    "`ignore` lists label values, and these labels hold colours",
    { path: path("data.ignore"), label: "values from 0 to 65535" },
    {
      related: [{ path: path("data.labels"), on: "key", label: "colours" }],
      help: ["name ignored colours in `labels: {colours: {ignore: [0, 0, 0], …}}`"],
    },
  );
