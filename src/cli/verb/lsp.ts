/** `lsp`: the language server for editors, over stdin and stdout. */

import { command, flag } from "cmd-ts";
import { runCodeFlag } from "../arguments.js";
import { serve } from "../editor/server.js";
import { exit } from "../exit.js";
import { verb } from "../verb.js";
import { version } from "../version.js";

export const run = verb(() =>
  command({
    name: "lsp",
    description: "Serves an editor over stdin and stdout (Language Server Protocol).",
    args: {
      stdio: flag({ long: "stdio", description: "as editors ask for it; there is no other way" }),
      runCode: runCodeFlag,
      all: flag({
        long: "all",
        description: "take every YAML file for a spec, also one without `pspc:` or `extends:`",
      }),
      defaults: flag({
        long: "defaults",
        description: "show behind each map what it leaves to defaults (inlay hints)",
      }),
    },
    handler: async ({ all, runCode, defaults }) => {
      await serve(process.stdin, process.stdout, { version: version(), all, runCode, defaults });
      return exit.ok;
    },
  }),
);
