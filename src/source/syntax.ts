/** The YAML library's errors enter; diagnostics in our own words leave, one a line. */

import type { Diagnostic, Span } from "../diagnostic/diagnostic.js";
import { position } from "../diagnostic/position.js";
import * as says from "./errors.js";

interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** What is wrong, and what to do, for the errors that authors make. */
const remedies: Readonly<Record<string, readonly [reason: string, help: string]>> = {
  BAD_INDENT: ["indented unlike its neighbours", "keys of one map begin in the same column"],
  BAD_SCALAR_START: ["a value cannot begin with this character", "put the value in quotes"],
  BAD_DQ_ESCAPE: [
    "not an escape of double-quoted text",
    "use single quotes for a text with backslashes",
  ],
  BLOCK_AS_IMPLICIT_KEY: ["a second `: ` in one line", "quote the text, or begin a new line"],
  BLOCK_IN_FLOW: ["a block inside `[…]` or `{…}`", "separate the items by commas"],
  MISSING_CHAR: [
    "something is missing here",
    "close every quote, `[` and `{`; put `:` behind keys",
  ],
  MULTILINE_IMPLICIT_KEY: ["a key that goes over several lines", "put `:` behind the key"],
  UNEXPECTED_TOKEN: [
    "not expected here",
    "look at the lines before: a quote or bracket may be open",
  ],
};

export const syntaxMistakes = (
  errors: readonly YamlError[],
  yaml: string,
  at: (start: number, end: number) => Span,
): readonly Diagnostic[] => {
  const lines = new Map(errors.toReversed().map((e) => [position(yaml, e.pos[0]).line, e]));
  return [...lines.values()].map((e) => mistake(e, yaml, at));
};

const mistake = (
  { code, message, pos }: YamlError,
  yaml: string,
  at: (start: number, end: number) => Span,
): Diagnostic => {
  const place = at(Math.min(pos[0], yaml.length), Math.min(Math.max(pos[1], pos[0]), yaml.length));
  if (code === "TAB_AS_INDENT" || isTabbed(yaml, pos[0])) return says.tab(place);
  if (code === "MULTIPLE_DOCS") return says.severalDocuments(place);
  if (code === "TAG_RESOLVE_FAILED") return says.unknownTag(yaml.slice(...pos), place, []);
  const remedy = remedies[code];
  const reason = code === "MISSING_CHAR" || remedy === undefined ? message : remedy[0];
  return says.syntax(place, decapitalised(reason), remedy ? [remedy[1]] : []);
};

/** Whether the line is indented with a tab: the library often blames what comes behind it. */
const isTabbed = (yaml: string, offset: number): boolean => {
  const line = yaml.slice(yaml.lastIndexOf("\n", offset - 1) + 1);
  return /^ *\t/.test(line);
};

const decapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
