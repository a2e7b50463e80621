/** The variants that a comparison is about, from a spec or from runs, with what differs between them. */

import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { Failure } from "../diagnostic/failure.js";
import { type Difference, differences, experimentDifferences } from "../normalize/difference.js";
import type { Resolved } from "../normalize/normalize.js";
import { type Program, withSeed } from "../plan/program.js";
import type { Variant } from "../run/compare.js";
import { groups, runsOf, type SeedGroup } from "../run/find.js";
import { lower } from "../tensorflow/target.js";
import { noOverride, noSuchVariants } from "./errors.js";
import { open, type SpecRequest } from "./read.js";
import type { Terminal } from "./terminal.js";
import { otherClasses, overridesNeedSpec, seedsOfRuns } from "./verb/errors.js";

/** A variant, and how its meaning differs from the first one's. */
export interface Meant extends Variant {
  readonly differences: readonly Difference[];
}

export type AllMeant = readonly [Meant, ...Meant[]];

export const isRun = (word: string): boolean => existsSync(word) && statSync(word).isDirectory();

export interface Asked {
  /** Variants by name, or all. */
  readonly names: readonly string[] | undefined;
  readonly seeds: number;
  readonly json: boolean;
}

/** The variants that are asked for, or all; a spec without variants is compared with nothing. */
export const variantsOfSpec = async (
  terminal: Terminal,
  { target, overrides, runCode }: SpecRequest,
  { names, seeds, json }: Asked,
): Promise<AllMeant> => {
  // All of them are checked each time, and have the same to say.
  const told = new Set<string>();
  const { resolved, variants } = await open(terminal, { target, overrides, runCode }, json, told);
  const unknown = (names ?? []).filter((name) => !variants.includes(name));
  if (unknown.length > 0) throw noSuchVariants(unknown, variants);
  const chosen = target.variant === undefined ? (names ?? variants) : [];
  const opened = chosen.map(async (variant) => {
    const request = { target: { ...target, variant }, overrides, runCode };
    return [variant, (await open(terminal, request, json, told)).resolved] as const;
  });
  const [first = [target.variant ?? null, resolved] as const, ...rest] = await Promise.all(opened);
  const meant = ([name, of]: readonly [string | null, Resolved]): Meant => ({
    name,
    programs: seeded(of, seeds),
    differences: differences(first[1], of),
  });
  return [meant(first), ...rest.map(meant)];
};

const seeded = ({ experiment }: Resolved, seeds: number): readonly [Program, ...Program[]] => {
  const program = (i: number): Program => lower(withSeed(experiment, experiment.train.seed + i));
  return [program(0), ...Array.from({ length: seeds - 1 }, (_, i) => program(i + 1))];
};

/**
 * Runs that differ in their seed alone are one variant; damaged ones are left out.
 * @throws Misused where they cannot stand in one table; Failed where none can be read.
 */
export const variantsOfRuns = async (
  words: readonly [string, ...string[]],
  seeds: number,
): Promise<{ readonly variants: AllMeant; readonly damaged: readonly Failure[] }> => {
  const stray = words.find((word) => !isRun(word));
  if (stray !== undefined)
    throw stray.includes("=") ? overridesNeedSpec(words[0]) : noOverride(stray);
  if (seeds > 1) throw seedsOfRuns();
  const { runs, damaged } = runsOf(words);
  const [first, ...rest] = groups(runs);
  if (first === undefined) throw noOverride(words[0]);
  const base = first[0].run.experiment;
  const meant = (group: SeedGroup): Meant => {
    const { experiment } = group[0].run;
    if (`${experiment.data.classes}` !== `${base.data.classes}`)
      throw otherClasses(first[0].folder, group[0].folder);
    return {
      name: nameOf(group, words),
      programs: [lower(experiment), ...group.slice(1).map(({ run }) => lower(run.experiment))],
      folders: group.map(({ folder }) => folder),
      differences: experimentDifferences(base, experiment).filter(
        ({ path }) => path !== "train.seed",
      ),
    };
  };
  return { variants: [meant(first), ...rest.map(meant)], damaged };
};

/** The folder's own name, or its path where two are named the same. */
const nameOf = ([{ folder }]: SeedGroup, words: readonly string[]): string => {
  const name = basename(folder);
  return words.filter((word) => basename(word) === name).length > 1 ? folder : name;
};
