/** Prints a resolved experiment as a spec in which everything is written out, each value with its origin. */

import type { Path } from "../diagnostic/diagnostic.js";
import { position, type Sources } from "../diagnostic/text.js";
import type { Origin, Row } from "../language/scope.js";
import { flow } from "../source/flow.js";
import type { Resolved } from "./normalize.js";
import { describeOrigin } from "./origin.js";

/** The text is itself a spec, and means the same experiment. */
export const show = ({ origins }: Resolved, sources: Sources): string => {
  const rows = [...origins.values()];
  const lines = rows.flatMap((row, i) => linesOf(row, rows[i - 1]?.path ?? [], sources));
  const widths = lines.map(({ text }) => text.length).filter((n) => n <= WIDEST);
  const width = Math.max(0, ...widths) + 2;
  const printed = lines.map(({ text, comment }) =>
    comment === "" ? text : `${text.padEnd(width - 2)}  # ${comment}`,
  );
  return ["pspc: 1", ...printed, ""].join("\n");
};

/** Longer values push their comment to the right alone. */
const WIDEST = 56;

interface Line {
  readonly text: string;
  readonly comment: string;
}

/** The keys that lead to the value and are not yet open, then the value. */
const linesOf = (
  { path, value, origin, means }: Row,
  before: Path,
  sources: Sources,
): readonly Line[] => {
  const open = path.findIndex((step, i) => step !== before[i]);
  const opening = path.slice(0, -1).flatMap((step, i) => {
    const isNew = i >= open && typeof step === "string";
    return isNew ? [{ text: `${margin(path, i, open)}${step}:`, comment: "" }] : [];
  });
  const last = path.length - 1;
  const [at, key] = [margin(path, last, open), String(path[last])];
  const text = value === null ? `${at}# ${key}:` : `${at}${key}: ${flow(value)}`;
  const meaning = means === undefined ? [] : [{ text: `${at}  # ${means}`, comment: "" }];
  return [...opening, { text, comment: told(origin, sources) }, ...meaning];
};

/** What stands before a key: two columns a step, and the dash of the list item that it begins. */
const margin = (path: Path, i: number, open: number): string => {
  const begins = i > open && typeof path[i - 1] === "number";
  return begins ? `${"  ".repeat(i - 1)}- ` : "  ".repeat(i);
};

const told = (origin: Origin, sources: Sources): string => {
  if (origin.kind !== "written") return describeOrigin(origin);
  const { file, start } = origin.span;
  const text = sources.get(file);
  return text?.includes("\n") ? `${file}:${position(text, start).line}` : file;
};
