/** `check`: every mistake in a spec and its variants, each with its place and its remedy; `--fix` makes the safe ones. */

import { realpathSync } from "node:fs";
import { command, flag } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import type { Check } from "../../compile.js";
import { writeFileAtomic } from "../../data/write.js";
import { toJson } from "../../diagnostic/json.js";
import { position, visible } from "../../diagnostic/text.js";
import { edited, safeActions } from "../../editor/actions.js";
import { someOf } from "../../report/format.js";
import { summary } from "../../report/summary.js";
import { jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { checked, type SpecRequest } from "../read.js";
import { print, printJson, type Terminal, tell, tellDiagnostics } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "check",
    description: "Finds every mistake in a spec and all its variants; TensorFlow is not loaded.",
    args: {
      ...specArguments,
      json: jsonFlag,
      fix: flag({
        long: "fix",
        description: "first make the fixes that are surely meant, in the spec's own file",
      }),
    },
    handler: async ({ json, fix, ...request }) => {
      const found = await checked(request);
      const { result, diagnostics, sources, variants } = fix
        ? await repaired(terminal, request, found)
        : found;
      const answer = toJson(diagnostics, sources);
      const code = answer.valid ? exit.ok : exit.wrong;
      if (json) {
        printJson(terminal, answer);
        return code;
      }
      if (diagnostics.length > 0) {
        tellDiagnostics(terminal, diagnostics, sources);
      }
      if (answer.valid && E.isRight(result)) {
        const more = variants.length === 0 ? "" : ` · variants: ${someOf(variants)}`;
        print(
          terminal,
          visible(`${request.target.entry}: ${summary(result.right.experiment)}${more}`),
        );
      } else tell(terminal, count(answer.error_count));
      return code;
    },
  }),
);

const count = (errors: number): string => `${errors} ${errors === 1 ? "error" : "errors"}`;

/** A fix may uncover what another fix removes; no spec takes more rounds. */
const ROUNDS = 8;

/** Makes the safe fixes, tells of each, and checks again. */
const repaired = async (
  terminal: Terminal,
  request: SpecRequest,
  found: Check,
  rounds = ROUNDS,
): Promise<Check> => {
  const { entry } = request.target;
  const actions = safeActions({ name: entry, check: found });
  const text = found.sources.get(entry);
  if (actions.length === 0 || text === undefined || rounds === 0) return found;
  const edits = actions.flatMap((action) => action.edits);
  await writeFileAtomic(realpathSync(entry), edited(text, edits));
  for (const { code, title, at } of actions) {
    const { line, column } = position(text, at.start);
    tell(terminal, visible(`fixed ${code} at ${at.file}:${line}:${column}: ${title}`));
  }
  return repaired(terminal, request, await checked(request), rounds - 1);
};
