/** A resolved experiment enters; a spec leaves in which everything is written out, each value with its origin. */

import { position, type Sources } from "../diagnostic/text.js";
import type { Resolved } from "./normalize.js";
import { type Decided, describeOrigin, type Origin } from "./origin.js";

/** The text is itself a spec, and means the same experiment. */
export const show = ({ origins }: Resolved, sources: Sources): string => {
  const rows = [...origins].flatMap(([path, decided], i) => {
    const before = [...origins.keys()][i - 1]?.split(".") ?? [];
    return rowsOf(path.split("."), before, decided, sources);
  });
  const written = rows.map((r) => r.text.length).filter((n) => n <= WIDEST);
  const width = Math.max(0, ...written) + 2;
  const lines = rows.map((r) =>
    r.comment === "" ? r.text : `${r.text.padEnd(width - 2)}  # ${r.comment}`,
  );
  return ["pspc: 1", ...lines, ""].join("\n");
};

/** Longer values push their comment to the right alone. */
const WIDEST = 56;

interface Row {
  readonly text: string;
  readonly comment: string;
}

/** The keys that lead to the value and were not yet open, then the value. */
const rowsOf = (
  path: readonly string[],
  before: readonly string[],
  { value, origin, means }: Decided,
  sources: Sources,
): readonly Row[] => {
  const shared = path.findIndex((key, i) => key !== before[i]);
  const opening = path
    .slice(shared, -1)
    .map((key, i) => ({ text: `${"  ".repeat(shared + i)}${key}:`, comment: "" }));
  const indent = "  ".repeat(path.length - 1);
  const key = path[path.length - 1]!;
  const absent = { text: `${indent}# ${key}:`, comment: tell(origin, sources) };
  const present = { text: `${indent}${key}: ${flow(value)}`, comment: tell(origin, sources) };
  const meaning = means === undefined ? [] : [{ text: `${indent}  # ${means}`, comment: "" }];
  return [...opening, value === null ? absent : present, ...meaning];
};

const tell = (origin: Origin, sources: Sources): string => {
  if (origin.kind !== "written") return describeOrigin(origin);
  const { file, start } = origin.span;
  const text = sources.get(file);
  return text?.includes("\n") ? `${file}:${position(text, start).line}` : file;
};

/** YAML in one line. */
const flow = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([k, v]) => `${word(k)}: ${flow(v)}`);
    return `{${entries.join(", ")}}`;
  }
  return typeof value === "string" ? word(value) : String(value);
};

/** Words that YAML reads as something else, or that hold its signs, are quoted. */
const word = (text: string): string => {
  const isPlain = /^[A-Za-z_][\w /.-]*$/.test(text) && !/^(true|false|null)$|\s$/i.test(text);
  return isPlain || /^\d+(\/\d+)?$/.test(text) ? text : JSON.stringify(text);
};
