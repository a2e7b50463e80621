/** `explain` and `schema`: the page of an error code, and the JSON Schemas. */

import { readFileSync } from "node:fs";
import { command, flag, positional, string } from "cmd-ts";
import { codesLike, pageOf } from "../../diagnostic/catalogue.js";
import { jsonSchema } from "../../language/schema.js";
import { unknownCode } from "../errors.js";
import { exit } from "../exit.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const explain = verb((terminal) =>
  command({
    name: "explain",
    description: "Explains an error code.",
    args: { code: positional({ type: string, displayName: "CODE", description: "E0503" }) },
    handler: async ({ code }) => {
      const page = pageOf(code);
      if (page === undefined) throw unknownCode(code, codesLike(code));
      print(terminal, readFileSync(new URL(`../../../${page}`, import.meta.url), "utf8"));
      return exit.ok;
    },
  }),
);

const answer = new URL("../../../schema/check.schema.json", import.meta.url);

export const schema = verb((terminal) =>
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
