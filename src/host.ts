/** What this machine answers the compiler: files of specs and weights, lists of samples, what the processor computes. */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import type { World } from "./compile.js";
import type { Failure } from "./diagnostic/failure.js";
import { evaluate, notRun } from "./file/module.js";
import { readStandardInput, readText } from "./file/text.js";
import { type Data, isShare } from "./normalize/experiment.js";
import type { Read } from "./normalize/extend.js";
import { computesBf16 } from "./runtime/machine.js";
import { isModule } from "./source/module.js";
import { readHeaders } from "./weights/open.js";

/** What a user allows beyond reading. */
export interface Allowed {
  /** Modules that a spec extends are run, with the user's rights, as the module that the user names always is. */
  readonly runCode?: boolean;
}

/** Relative names start from `cwd`. */
export const thisMachine = (cwd: string = process.cwd(), allowed: Allowed = {}): World => ({
  cwd,
  read: read(cwd, allowed),
  headers: (files) => () => readHeaders(files),
  samples,
  isFolder: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  computesBf16,
});

let given: E.Either<Failure, string> | undefined;

/** It can be read once, and a spec is read for each of its variants. */
const standardInput = (): E.Either<Failure, string> => {
  given ??= readStandardInput();
  return given;
};

/**
 * A spec that is text is read; one in TypeScript or JavaScript is run, in a process of its own, if the user named it:
 * whoever sends a spec in YAML could send any module as its parent.
 */
const read =
  (cwd: string, { runCode = false }: Allowed): Read =>
  (path, by) => {
    const file = resolve(cwd, path);
    if (isModule(file) && by === "file" && !runCode) return E.left(notRun(path));
    const text = path === "-" ? standardInput() : readText(file, path);
    return isModule(file) ? E.map((t: string) => evaluate(file, t))(text) : text;
  };

/** Lines of the training list; `null` where there is none that can be read, or not all of it is trained on. */
const samples = ({ layout, root, train, val, test }: Data): number | null => {
  if (layout !== "list" || typeof train !== "string") return null;
  // Which pairs are held out, their names alone tell.
  if ([val, test].some((split) => split !== null && isShare(split))) return null;
  const list = readText(resolve(root, train));
  if (E.isLeft(list)) return null;
  return list.right.split("\n").filter((line) => line.trim() !== "").length || null;
};
