/** `check`: every mistake in a spec and its variants, each with its place and its remedy. */

import { command } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { toJson } from "../../diagnostic/json.js";
import { visible } from "../../diagnostic/text.js";
import { someOf } from "../../report/format.js";
import { summary } from "../../report/summary.js";
import { jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { checked } from "../read.js";
import { print, printJson, tell, tellDiagnostics } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "check",
    description: "Finds every mistake in a spec and all its variants; TensorFlow is not loaded.",
    args: { ...specArguments, json: jsonFlag },
    handler: async ({ json, ...request }) => {
      const { result, diagnostics, sources, variants } = await checked(request);
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
