/** Names of specs enter; their checked, resolved contents leave. The compiler's only contact with files. */

import { resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { render } from "../diagnostic/render.js";
import type { Data } from "../normalize/experiment.js";
import type { Read } from "../normalize/extend.js";
import type { Resolved } from "../normalize/normalize.js";
import { type Check, checkData, checkSpec } from "../rules/check.js";
import { computesBf16 } from "../runtime/machine.js";
import type { Target } from "./arguments.js";
import { Rejected } from "./exit.js";
import { evaluate, isModule } from "./module.js";
import { hasColour, type Terminal, tell } from "./terminal.js";
import { readText } from "./text.js";

export interface SpecRequest {
  readonly target: Target;
  readonly overrides: readonly string[];
}

/** Parses, decodes, normalises and validates, looks into files of weights and at budgets of memory; nothing is printed. */
export const checked = async ({
  target: { entry, variant },
  overrides,
}: SpecRequest): Promise<Check> => {
  const machine = { cwd: process.cwd(), read: reader, computesBf16, samples: listed };
  const request = { entry, variant, overrides, ...machine };
  const files = new Set<string>();
  let budgets = false;
  const look = ({ experiment: { model, train } }: Resolved): [] => {
    if (model.weights !== null) files.add(model.weights.file);
    budgets ||= train.memory !== null && "budget" in train.memory;
    return [];
  };
  const check = checkSpec({ ...request, also: look });
  if (files.size === 0 && !budgets) return check;
  const { readHeaders, weightsFit } = await import("../weights/check.js");
  const { withinBudget } = await import("../plan/budget.js");
  const weights = weightsFit(await readHeaders(files));
  return checkSpec({ ...request, also: (spec) => [...weights(spec), ...withinBudget(spec)] });
};

/** Lines of the training list; none where there is no list, or none that can be read. */
const listed = ({ layout, root, train }: Data): number | null => {
  if (layout !== "list" || typeof train !== "string") return null;
  const list = readText(resolve(root, train));
  if (E.isLeft(list)) return null;
  return list.right.split("\n").filter((line) => line.trim() !== "").length || null;
};

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

/** The data section of a spec, the rest of which may be wrong. @throws Rejected where it is wrong itself. */
export const openData = (
  { target: { entry, variant }, overrides }: SpecRequest,
  json: boolean,
): Data => {
  const check = checkData({ entry, variant, overrides, cwd: process.cwd(), read: reader });
  if (E.isLeft(check.result)) throw new Rejected(check, json);
  return check.result.right;
};

/** A spec that is text is read; one in TypeScript or JavaScript is run, in a process of its own. */
const reader: Read = (path) => {
  const text = readText(path);
  return isModule(path) ? E.map((t: string) => evaluate(resolve(path), t))(text) : text;
};
