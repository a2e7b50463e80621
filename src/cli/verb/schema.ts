/** `schema`: the JSON Schema of the language leaves, for editors, or that of the diagnostics. */

import { readFileSync } from "node:fs";
import { command, flag } from "cmd-ts";
import { jsonSchema } from "../../language/schema.js";
import { exit } from "../exit.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

const answer = new URL("../../../schema/check.schema.json", import.meta.url);

export const run = verb((terminal) =>
  command({
    name: "schema",
    description: "Prints the JSON Schema of the language.",
    args: {
      diagnostics: flag({
        long: "diagnostics",
        description: "the schema of what `check --json` answers, instead",
      }),
    },
    handler: async ({ diagnostics }) => {
      if (diagnostics) print(terminal, readFileSync(answer, "utf8"));
      else printJson(terminal, jsonSchema());
      return exit.ok;
    },
  }),
);
