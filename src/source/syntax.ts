/** The YAML library's errors enter; diagnostics in our own words leave, one a line. */

import type { Diagnostic, Span } from "../diagnostic/diagnostic.js";
import { position } from "../diagnostic/position.js";
import * as says from "./errors.js";

interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

type Remedy = readonly [reason: string, help: string];

/** What is wrong, and what to do, for the errors that authors make; by code, or by code and a word of the message. */
const remedies: Readonly<Record<string, Remedy>> = {
  "BAD_INDENT Flow sequence": ["a `[` is still open here", "close the list with `]`"],
  "BAD_INDENT Flow map": ["a `{` is still open here", "close the map with `}`"],
  BAD_INDENT: ["indented unlike its neighbours", "keys of one map begin in the same column"],
  BAD_SCALAR_START: ["a value cannot begin with this character", "put the value in quotes"],
  BAD_DQ_ESCAPE: [
    "not an escape of double-quoted text",
    "use single quotes for text with backslashes",
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    "a second key inside this value",
    "quote text that holds `: `, and begin keys of one map in the same column",
  ],
  BLOCK_IN_FLOW: ["a block inside `[…]` or `{…}`", "separate the items by commas"],
  "MISSING_CHAR Missing closing": ["a quote is still open here", "close the quote"],
  "MISSING_CHAR Flow sequence": ["a `[` is still open here", "close the list with `]`"],
  "MISSING_CHAR Flow map": ["a `{` is still open here", "close the map with `}`"],
  MISSING_CHAR: ["a key without a colon", "put `: `, a colon and a space, behind the key"],
  MULTILINE_IMPLICIT_KEY: [
    "a key without a colon",
    "put `: `, a colon and a space, behind the key",
  ],
  MULTIPLE_ANCHORS: ["a second anchor", "keep one"],
  UNEXPECTED_TOKEN: ["not expected here", "look at the lines before: is a quote or bracket open?"],
};

const remedyFor = ({ code, message }: YamlError): Remedy => {
  const special = Object.keys(remedies).find((key) => `${code} ${message}`.startsWith(`${key} `));
  return special === undefined ? [decapitalised(message), "mend the line"] : remedies[special]!;
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
  const [reason, help] = remedyFor({ code, message, pos });
  return says.syntax(place, reason, [help]);
};

/** Whether the line is indented with a tab: the library often blames what comes behind it. */
const isTabbed = (yaml: string, offset: number): boolean => {
  const line = yaml.slice(yaml.lastIndexOf("\n", offset - 1) + 1);
  return /^ *\t/.test(line);
};

const decapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
