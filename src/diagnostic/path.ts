/** A path enters, its spelling leaves: `model.pyramid.bins[3]`; keys that are not plain words are quoted. */

import type { Path } from "./diagnostic.js";

const WORD = /^[A-Za-z_][\w-]*$/;

const step = (key: string | number): string => {
  if (typeof key === "number") return `[${key}]`;
  return WORD.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
};

/** One spelling for each path, so that it can serve as a key. The empty path is `(spec)`. */
export const formatPath = (path: Path): string =>
  path.length === 0 ? "(spec)" : path.map(step).join("").replace(/^\./, "");
