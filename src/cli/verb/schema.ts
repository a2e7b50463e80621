/** `schema`: the JSON Schema of the language leaves, for editors. */

import { command } from "cmd-ts";
import { jsonSchema } from "../../spec/schema.js";
import { exit } from "../exit.js";
import { printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "schema",
    description: "Prints the JSON Schema of the language.",
    args: {},
    handler: async () => {
      printJson(terminal, jsonSchema());
      return exit.ok;
    },
  }),
);
