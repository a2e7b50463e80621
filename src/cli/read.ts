/** Names of specs enter; their checked, resolved contents leave. The compiler's only contact with files. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as E from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import { render } from "../diagnostic/render.js";
import type { Read } from "../normalize/extend.js";
import type { Resolved } from "../normalize/normalize.js";
import { computesBf16 } from "../runtime/processor.js";
import { type Check, checkSpec } from "../validate/check.js";
import type { Target } from "./arguments.js";
import { moduleUnreadable, noDefaultExport, unreadable } from "./errors.js";
import { Rejected } from "./exit.js";
import { hasColour, type Terminal, tell } from "./terminal.js";

export interface SpecRequest {
  readonly target: Target;
  readonly overrides: readonly string[];
}

/** Parses, decodes, normalises and validates; nothing is printed. */
export const checked = async ({
  target: { entry, variant },
  overrides,
}: SpecRequest): Promise<Check> =>
  checkSpec({
    entry,
    variant,
    overrides,
    cwd: process.cwd(),
    read: await reader(entry),
    computesBf16,
  });

export interface Opened {
  readonly resolved: Resolved;
  readonly variants: readonly string[];
}

/**
 * The resolved spec; warnings are told, notes are not (`check` tells them).
 * @throws Rejected where the spec is wrong.
 */
export const open = async (
  terminal: Terminal,
  request: SpecRequest,
  json = false,
): Promise<Opened> => {
  const check = await checked(request);
  if (E.isLeft(check.result)) throw new Rejected(check, json);
  const warnings = check.diagnostics.filter(({ severity }) => severity === "warning");
  if (warnings.length > 0) {
    tell(terminal, render(warnings, check.sources, { colour: hasColour(terminal.err) }));
  }
  return { resolved: check.result.right, variants: check.variants };
};

const reader = async (entry: string): Promise<Read> => {
  const fromModule = /\.[cm]?[jt]s$/.test(entry) ? await readModule(entry) : undefined;
  return (path) =>
    path === entry && fromModule !== undefined
      ? fromModule
      : E.tryCatch(
          () => readFileSync(path, "utf8"),
          (error) => unreadable(path, error),
        );
};

/** A spec in TypeScript or JavaScript is its default export, shown in errors as JSON. */
const readModule = async (entry: string): Promise<E.Either<Failure, string>> => {
  try {
    const loaded: { readonly default?: unknown } = await import(pathToFileURL(resolve(entry)).href);
    return loaded.default === undefined
      ? E.left(noDefaultExport(entry))
      : E.right(JSON.stringify(loaded.default, null, 2));
  } catch (error) {
    return E.left(moduleUnreadable(entry, error));
  }
};
