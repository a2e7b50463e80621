/** Parses `path.to.key=value` of a command line. Places point into the argument. */

import * as E from "fp-ts/lib/Either.js";
import { type Checked, type Path, reject, type Span } from "../diagnostic/diagnostic.js";
import * as says from "./errors.js";
import type { Tree } from "./tree.js";
import { parseFrom } from "./yaml.js";

/** `value` put at `path`; `key` is where the path itself is written. */
export interface Assignment {
  readonly path: Path;
  readonly key: Span;
  readonly value: Tree;
}

/** Name of the argument as a source: what the user typed stands under the caret. */
export const argumentFile = (index: number): string => `argument ${index + 1}`;

/** Dots separate the steps of a path. No step is an index, because lists are replaced as a whole. */
export const dottedPath = (text: string): Path => text.split(".");

/** The value is YAML: `89`, `none`, `[1, 2]`, `{channels: 512}`. */
export const parseOverride = (text: string, index: number): Checked<Assignment> => {
  const file = argumentFile(index);
  const equals = text.indexOf("=");
  const written = equals < 0 ? text.length : equals;
  const key = { file, start: 0, end: written };
  const path = dottedPath(text.slice(0, written));
  if (equals < 0 || path.some((step) => step === "")) return reject(says.notAnOverride(key));
  return E.map((value: Tree) => ({ path, key, value }))(parseFrom(file, text, equals + 1));
};
