/** The map of the compiler: text enters, and a program leaves, or every mistake in the text. */

import { map } from "fp-ts/lib/Either.js";
import type { Checked } from "./diagnostic/diagnostic.js";
import { withinBudget } from "./plan/budget.js";
import { lower, type Program } from "./plan/program.js";
import { type CheckRequest, checkSpec } from "./rules/check.js";

/**
 * 1. `checkSpec` (rules/check.ts) parses (source/), decodes (language/), normalises (normalize/) and validates
 *    (rules/): what leaves is an `Experiment`, in which everything is decided.
 *    `withinBudget` (plan/budget.ts) adds what takes a whole training step to know.
 * 2. `lower` (plan/program.ts) composes the network (model/) and its loss, rewrites them (rewrite/), takes the gradient
 *    (gradient/) and adds the updates (plan/step.ts): what leaves is a `Graph` (graph/) of the whole training step.
 *
 * `modelFor` (tensorflow/model.ts) turns a program into a SavedModel, and run/ runs it.
 */
export const compile = (request: CheckRequest): Checked<Program> =>
  map(({ experiment }: { readonly experiment: Program["experiment"] }) => lower(experiment))(
    checkSpec({
      ...request,
      also: (resolved) => [...(request.also?.(resolved) ?? []), ...withinBudget(resolved)],
    }).result,
  );
