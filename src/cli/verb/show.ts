/** `show`: a spec enters; the same spec with everything written out leaves, each value with where it came from. */

import { command } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { show } from "../../normalize/show.js";
import { jsonFlag, specArguments } from "../arguments.js";
import { exit, Rejected } from "../exit.js";
import { checked } from "../read.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "show",
    description: "The resolved spec: every default, preset and override in place, with its origin.",
    args: { ...specArguments, json: jsonFlag },
    handler: async ({ json, ...request }) => {
      const check = await checked(terminal, request);
      if (E.isLeft(check.result)) throw new Rejected(check, json);
      const resolved = check.result.right;
      if (!json) print(terminal, show(resolved, check.sources));
      else {
        const { semantics, variant, experiment } = resolved;
        printJson(terminal, { semantics, variant, experiment: plain(experiment) });
      }
      return exit.ok;
    },
  }),
);

/** Label maps as their entries. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner] : inner)));
