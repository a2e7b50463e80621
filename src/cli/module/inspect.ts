/** Any value enters; plain data leaves, with the paths of what is not plain. */

import type { Path } from "../../diagnostic/diagnostic.js";
import type { Strange } from "../../source/module.js";
import type { Plain } from "../../source/tree.js";

/** The bounds of a spec in YAML. */
const MAX_DEPTH = 32;
const MAX_VALUES = 20_000;

interface Inspected {
  readonly value: Plain;
  readonly strange: readonly Strange[];
}

export const inspect = (value: unknown): Inspected => {
  const strange: Strange[] = [];
  let count = 0;
  const refuse = (path: Path, what: string): null => {
    strange.push({ path, what });
    return null;
  };
  const walk = (inner: unknown, path: Path, open: readonly unknown[]): Plain => {
    if (++count > MAX_VALUES)
      return count === MAX_VALUES + 1 ? refuse(path, `beyond ${MAX_VALUES} values`) : null;
    if (isScalar(inner)) return inner;
    if (typeof inner !== "object") return refuse(path, oddity(inner));
    if (open.includes(inner)) return refuse(path, "a value that contains itself");
    if (path.length > MAX_DEPTH) return refuse(path, `nested deeper than ${MAX_DEPTH} levels`);
    const inside = [...open, inner];
    if (Array.isArray(inner)) return inner.map((item, i) => walk(item, [...path, i], inside));
    const name = className(inner);
    if (name !== undefined) return refuse(path, name);
    // A key without a value is a key left out, as in TypeScript.
    const entries = Object.entries(inner).filter(([, v]) => v !== undefined);
    return Object.fromEntries(entries.map(([k, v]) => [k, walk(v, [...path, k], inside)]));
  };
  return { value: walk(value, [], []), strange };
};

const isScalar = (value: unknown): value is null | boolean | number | string =>
  value === null || ["boolean", "number", "string"].includes(typeof value);

const oddity = (value: unknown): string =>
  value === undefined ? "undefined" : `a ${typeof value}`;

/** Of what is more than a map. */
const className = (value: object): string | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return undefined;
  const name = value.constructor?.name ?? "";
  if (name === "Promise") return "a promise";
  return name === "" ? "an object with a prototype" : `of the class ${name}`;
};
