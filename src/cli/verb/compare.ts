/** `compare`: a spec enters; what is missing of its variants is trained, and one table of them all leaves. */

import { command, flag, number, oneOf, option, optional, string } from "cmd-ts";
import type { Resolved } from "../../normalize/normalize.js";
import { lower, type Program, withSeed } from "../../plan/program.js";
import { comparisonMarkdown, comparisonText } from "../../report/comparison.js";
import { compare, type Variant } from "../../run/compare.js";
import { deviceOption, jsonFlag, specArguments, textOption } from "../arguments.js";
import { badCount, noSuchVariants } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { open, type SpecRequest } from "../read.js";
import { hasColour, print, printJson, type Terminal, tell } from "../terminal.js";
import { defaultSplit } from "../trained.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "compare",
    description: "Trains what is missing of a spec's variants and prints them side by side.",
    args: {
      ...specArguments,
      variants: textOption(
        "variants",
        "A,B",
        "these only, in this order; the first is the baseline",
      ),
      seeds: option({
        long: "seeds",
        type: number,
        description: "trainings of each variant, from train.seed on",
        defaultValue: () => 1,
        defaultValueIsSerializable: true,
      }),
      split: option({
        long: "split",
        type: optional(oneOf(["train", "val", "test"])),
        description: "what is scored; val where the data have one, else test",
      }),
      runs: option({
        long: "runs",
        type: { ...string, displayName: "FOLDER" },
        description: "the folder of the runs",
        defaultValue: () => "runs",
        defaultValueIsSerializable: true,
      }),
      json: jsonFlag,
      markdown: flag({ long: "markdown", description: "answer in Markdown" }),
      device: deviceOption,
    },
    handler: async ({ variants, seeds, split, runs, json, markdown, device, ...request }) => {
      if (!Number.isInteger(seeds) || seeds < 1) throw badCount("seeds", seeds);
      const programs = await programsFor(terminal, request, variants?.split(","), seeds, json);
      const [first] = programs;
      const { answer } = await follow(
        terminal,
        (signal) =>
          compare({
            spec: request.target.entry,
            parent: runs,
            variants: programs,
            split: split ?? defaultSplit(first.programs[0]),
            device,
            signal,
          }),
        (name) => {
          const variant = programs.find((each) => each.name === name) ?? first;
          return variant.programs[0].experiment.train.batch;
        },
      );
      if (answer === null) {
        tell(terminal, "the same command goes on where this one stopped");
        return exit.interrupted;
      }
      if (json) printJson(terminal, answer);
      else if (markdown) print(terminal, comparisonMarkdown(answer));
      else print(terminal, comparisonText(answer, hasColour(terminal.out)));
      return exit.ok;
    },
  }),
);

type Variants = readonly [Variant, ...Variant[]];

/** The variants that are asked for, or all; a spec without variants is compared with nothing. */
const programsFor = async (
  terminal: Terminal,
  { target, overrides }: SpecRequest,
  asked: readonly string[] | undefined,
  seeds: number,
  json: boolean,
): Promise<Variants> => {
  const { resolved, variants } = await open(terminal, { target, overrides }, json);
  const unknown = (asked ?? []).filter((name) => !variants.includes(name));
  if (unknown.length > 0) throw noSuchVariants(unknown, variants);
  const one = (name: string | null, { experiment }: Resolved): Variant => {
    const program = (i: number): Program => lower(withSeed(experiment, experiment.train.seed + i));
    const others = Array.from({ length: seeds - 1 }, (_, i) => program(i + 1));
    return { name, programs: [program(0), ...others] };
  };
  const [first, ...rest] = target.variant === undefined ? (asked ?? variants) : [];
  if (first === undefined) return [one(target.variant ?? null, resolved)];
  const opened = async (variant: string): Promise<Variant> => {
    const request = { target: { ...target, variant }, overrides };
    return one(variant, (await open(terminal, request, json)).resolved);
  };
  return [await opened(first), ...(await Promise.all(rest.map(opened)))];
};
