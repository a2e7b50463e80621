/** Specs in TypeScript or JavaScript: runs one in a process of its own, and keeps of its value what is plain data. */

import { spawnSync } from "node:child_process";
import { deserialize } from "node:v8";
import type { Path } from "../diagnostic/diagnostic.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import type { Evaluated, Strange } from "../source/module.js";
import type { Plain } from "../source/tree.js";
import { compiled } from "./places.js";

export const notRun = (path: string): Failure =>
  failure(
    `${path} is code, and is not run`,
    "it is code, and only the file that you name is run",
    "look at the file; `--run-code` then runs the modules that a spec extends, with your rights",
  );

/** Longer than any spec needs, shorter than a person waits. */
const PATIENCE_MS = 10_000;

/**
 * In a process of its own, so that nothing a spec does reaches the compiler: it may throw, exit, print or never end.
 * What it prints goes to stderr.
 */
export const evaluate = (path: string, text: string, patience = PATIENCE_MS): Evaluated => {
  const { output, error, signal } = spawnSync(
    process.execPath,
    ["--no-warnings", compiled("file/module/program.js"), path],
    {
      stdio: ["ignore", 2, 2, "pipe"],
      timeout: patience,
      killSignal: "SIGKILL",
      maxBuffer: 64 * 2 ** 20,
    },
  );
  const told = (output as readonly (Buffer | null)[] | null)?.[3];
  if (told && told.length > 0) return deserialize(told) as Evaluated;
  const late = error !== undefined && "code" in error && error.code === "ETIMEDOUT";
  const reason = late
    ? `it did not end within ${patience / 1000} seconds`
    : `its process ended${signal === null ? "" : ` by ${signal}`} and left no spec`;
  return { text, code: text, outcome: { kind: "unfinished", reason } };
};

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
