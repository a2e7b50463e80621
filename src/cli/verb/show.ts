/** `show`: a spec enters; the same spec with everything written out leaves, or what differs from another. */

import { command, option, optional } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { differences } from "../../normalize/difference.js";
import type { Resolved } from "../../normalize/normalize.js";
import { show } from "../../normalize/show.js";
import { lower } from "../../plan/program.js";
import { differenceText, type Side } from "../../report/difference.js";
import { plan } from "../../report/plan.js";
import type { Check } from "../../validate/check.js";
import { jsonFlag, specArguments, type Target, targetType } from "../arguments.js";
import { exit, Rejected } from "../exit.js";
import { checked, type SpecRequest } from "../read.js";
import { hasColour, print, printJson, type Terminal } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "show",
    description: "The resolved spec: every default, preset and override in place, with its origin.",
    args: {
      ...specArguments,
      diff: option({
        long: "diff",
        type: optional(targetType),
        description: "only what differs in meaning from this spec or variant",
      }),
      json: jsonFlag,
    },
    handler: async ({ json, diff, ...request }) => {
      const { check, resolved } = await opened(request, json);
      if (diff !== undefined) return showDifference(terminal, resolved, request.target, diff, json);
      if (!json) print(terminal, show(resolved, check.sources));
      else {
        const { semantics, variant, experiment } = resolved;
        printJson(terminal, { semantics, variant, experiment: plain(experiment) });
      }
      return exit.ok;
    },
  }),
);

interface Opened {
  readonly check: Check;
  readonly resolved: Resolved;
}

const opened = async (request: SpecRequest, json: boolean): Promise<Opened> => {
  const check = await checked(request);
  if (E.isLeft(check.result)) throw new Rejected(check, json);
  return { check, resolved: check.result.right };
};

const showDifference = async (
  terminal: Terminal,
  left: Resolved,
  target: Target,
  diff: Target,
  json: boolean,
): Promise<typeof exit.ok> => {
  const { resolved: right } = await opened({ target: diff, overrides: [] }, json);
  const found = differences(left, right);
  if (json) printJson(terminal, found);
  else {
    const sides = [side(target, left), side(diff, right)] as const;
    print(terminal, differenceText(found, sides, hasColour(terminal.out)));
  }
  return exit.ok;
};

const side = ({ entry, variant }: Target, { experiment }: Resolved): Side => {
  const { training } = lower(experiment);
  return {
    name: variant === undefined ? entry : `${entry}#${variant}`,
    plan: plan({ experiment, training, fingerprint: "", variants: [], images: null }),
  };
};

/** Label maps as their entries. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner] : inner)));
