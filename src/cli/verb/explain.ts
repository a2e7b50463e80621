/** `explain`: an error code enters; its page leaves, with a spec that fails and one that works. */

import { readFileSync } from "node:fs";
import { command, positional, string } from "cmd-ts";
import { codesLike, pageOf } from "../../diagnostic/catalogue.js";
import { unknownCode } from "../errors.js";
import { exit } from "../exit.js";
import { print } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
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
