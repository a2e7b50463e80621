/** `show`: the spec with every default written out and the origin of each value, or what differs from another. */

import { command, flag } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import type { Check } from "../../compile.js";
import { type Difference, differences } from "../../normalize/difference.js";
import type { Resolved } from "../../normalize/normalize.js";
import { show } from "../../normalize/show.js";
import { differenceText, type Side, sideOf } from "../../report/difference.js";
import { fitting } from "../../report/weights.js";
import { kernelsHere } from "../../run/kernels.js";
import {
  isOverride,
  jsonFlag,
  nameOf,
  othersArguments,
  type Pair,
  pairOf,
  type Target,
} from "../arguments.js";
import { exit, Rejected } from "../exit.js";
import { checked, type SpecRequest } from "../read.js";
import { print, printJson, type Terminal } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "show",
    description: "The resolved spec: every default, preset and override in place, with its origin.",
    args: {
      ...othersArguments,
      diff: flag({
        long: "diff",
        description: "only what differs in meaning between two specs or variants",
      }),
      json: jsonFlag,
    },
    handler: async ({ target, runCode, others, json, diff }) => {
      const overrides = others.filter(isOverride);
      const [first, second] = pairOf("show", target, others, diff);
      const { check, resolved } = await opened({ target: first, overrides, runCode }, json);
      if (second !== undefined) {
        const other = await opened({ target: second, overrides: [], runCode }, json);
        const sides = [side(first, resolved), side(second, other.resolved)] as const;
        return showDifference(terminal, differences(resolved, other.resolved), sides, json);
      }
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

const showDifference = (
  terminal: Terminal,
  found: readonly Difference[],
  sides: Pair<Side>,
  json: boolean,
): typeof exit.ok => {
  const weights = fitting(sides[0].training, sides[1].training);
  if (json) {
    const effect = sides.map(({ name, plan: { parameters, macs, memory } }) => ({
      name,
      parameters,
      macs,
      memory,
    }));
    printJson(terminal, { differences: found, effect, weights });
  } else print(terminal, differenceText(found, sides, weights));
  return exit.ok;
};

const side = (target: Target, { experiment }: Resolved): Side =>
  sideOf(nameOf(target), experiment, kernelsHere("auto"));

/** Label maps as their entries. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner) => (inner instanceof Map ? [...inner] : inner)));
