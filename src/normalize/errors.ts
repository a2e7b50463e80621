/** What the normalize room says: of parents, variants, overrides, and names that must be known. */

import {
  type Diagnostic,
  error,
  formatPath,
  type Path,
  type Span,
} from "../diagnostic/diagnostic.js";
import { didYouMean } from "../diagnostic/nearest.js";

export const entryUnreadable = (file: string, message: string, help: string): Diagnostic =>
  error(
    "E0101",
    message,
    { path: [], label: "", at: { file, start: 0, end: 0 } },
    { help: [help] },
  );

export const parentUnreadable = (parent: string, reason: string, at: Span): Diagnostic =>
  error(
    "E0301",
    `the parent ${parent} cannot be read`,
    { path: ["extends"], label: reason, at },
    { notes: ["a parent is looked for beside the file that names it"] },
  );

export const parentCycle = (chain: readonly string[], at: Span): Diagnostic =>
  error(
    "E0302",
    "this spec is among its own parents",
    { path: ["extends"], label: "leads back to a spec already read", at },
    { notes: [chain.join(" → ")], help: ["remove one `extends` of the circle"] },
  );

export const unknownVariant = (name: string, known: readonly string[], at: Span): Diagnostic =>
  error(
    "E0303",
    `there is no variant \`${name}\``,
    { path: ["variants"], label: known.length === 0 ? "no variants here" : "unknown variant", at },
    {
      notes: known.length === 0 ? [] : [`variants: ${listed(known)}`],
      help: didYouMean(name, known),
    },
  );

export const severalVariants = (name: string, members: readonly string[], at: Span): Diagnostic =>
  error(
    "E0304",
    `\`${name}\` is a matrix of ${members.length} variants`,
    { path: ["variants", name], label: "which of them?", at },
    { help: [`choose one: ${listed(members)}`] },
  );

const listed = (names: readonly string[]): string =>
  names.length > 12
    ? `${names.slice(0, 12).join(", ")}, … (${names.length} in all)`
    : names.join(", ");

export const nothingBelow = (path: Path, depth: number, value: string, at: Span): Diagnostic => {
  const owner = formatPath(path.slice(0, depth));
  return error(
    "E0305",
    `\`${owner}\` is \`${value}\` and has no \`${formatPath(path.slice(depth))}\``,
    { path, label: "leads into a value", at },
    { help: [`put the whole of it: \`${owner}\` with a map`] },
  );
};

export const listsAreWhole = (path: Path, depth: number, at: Span): Diagnostic =>
  error(
    "E0305",
    `\`${formatPath(path.slice(0, depth))}\` is a list, and lists are replaced as a whole`,
    { path, label: "leads into a list", at },
    { help: [`write the whole list: \`${formatPath(path.slice(0, depth))}: […]\``] },
  );

export const notChangeable = (path: Path, at: Span): Diagnostic =>
  error(
    "E0306",
    `a variant or override cannot change \`${formatPath(path)}\``,
    { path, label: "decided by the file itself", at },
    { help: ["change it in the spec, or write a spec of its own"] },
  );

export const axisNotList = (path: Path, at: Span): Diagnostic =>
  error(
    "E0307",
    "an axis of a matrix is a list of values",
    { path, label: "expected a list", at },
    { help: ["write `[a, b]`; for a single value take it out of the matrix"] },
  );

export const matrixEmpty = (path: Path, at: Span): Diagnostic =>
  error("E0308", "the matrix is empty, so that it has no variants", { path, label: "empty", at });

export const tooManyVariants = (path: Path, count: number, limit: number, at: Span): Diagnostic =>
  error(
    "E0309",
    `the matrix has ${count.toLocaleString("en")} variants`,
    { path, label: `at most ${limit.toLocaleString("en")} variants in a spec`, at },
    { help: ["shorten the axes, or split them over several variants"] },
  );

export const sameName = (name: string, path: Path, at: Span): Diagnostic =>
  error(
    "E0310",
    `two variants are called \`${name}\``,
    { path, label: "the same value twice, or a name taken elsewhere", at },
    { help: ["remove the repetition"] },
  );

export const unknownClass = (name: string, value: string, classes: readonly string[]): Diagnostic =>
  error(
    "E0311",
    `there is no class \`${name}\``,
    { path: ["data", "labels", value], label: "not among `data.classes`" },
    {
      related: [{ path: ["data", "classes"], label: `${classes.length} classes`, on: "key" }],
      help: [
        ...didYouMean(name, [...classes, "ignore"]),
        "`ignore` makes the value count for nothing",
      ],
    },
  );

export const ignoredClass = (value: number, name: string, path: Path, from: Path): Diagnostic =>
  error(
    "E0312",
    `label value ${value} is ignored, and is the class ${name}`,
    { path, label: `${value} is also ${name}` },
    {
      related: [{ path: from, label: `says that ${value} is ${name}`, on: "key" }],
      help: [
        "take the class out of `data.classes`, or the value out of `data.ignore`",
        "where values and classes are not in the same order, write `data.labels`",
      ],
    },
  );

export const labelsOutOfRange = (last: number): Diagnostic =>
  error(
    "E0314",
    `the last class would have the label value ${last}`,
    { path: ["data", "labels"], label: "label files hold values from 0 to 65535" },
    { help: ["begin lower, or have fewer classes"] },
  );

export const unknownColourClass = (name: string, classes: readonly string[]): Diagnostic =>
  error(
    "E0311",
    `there is no class \`${name}\``,
    { path: ["data", "labels", "colours", name], on: "key", label: "not among `data.classes`" },
    {
      related: [{ path: ["data", "classes"], label: `${classes.length} classes`, on: "key" }],
      help: [
        ...didYouMean(name, [...classes, "ignore"]),
        "`ignore` makes its colours count for nothing",
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
      ? `the colour [${colour.join(", ")}] stands twice for ${name}`
      : `the colour [${colour.join(", ")}] means both ${first} and ${name}`,
    { path: ["data", "labels", "colours", name], label: "the same colour again" },
    {
      related: [{ path: ["data", "labels", "colours", first], label: "first here" }],
      help: ["give each colour one meaning"],
    },
  );

export const ignoreAmongColours = (): Diagnostic =>
  error(
    "E0555",
    "`ignore` lists label values, and these labels hold colours",
    { path: ["data", "ignore"], label: "values from 0 to 65535" },
    {
      related: [{ path: ["data", "labels"], on: "key", label: "colours" }],
      help: ["name ignored colours in `labels: {colours: {ignore: [0, 0, 0], …}}`"],
    },
  );
