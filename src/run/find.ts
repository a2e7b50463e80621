/** Finds runs in a folder by what they trained, whatever their names. */

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { fingerprintOf, type Program, withSeed } from "../plan/program.js";
import { unreadableRuns } from "./errors.js";
import { runFile } from "./folder.js";
import { type Run, readRun } from "./record.js";

export interface Found {
  readonly folder: string;
  readonly run: Run;
}

/** Every run that can be read in a folder, by name; none where there is no such folder. */
export const runsIn = async (parent: string): Promise<readonly Found[]> => {
  const names = existsSync(parent) ? await readdir(parent) : [];
  const found = await Promise.all(names.sort().map((name) => readable(join(parent, name))));
  return found.filter((run) => run !== null);
};

/** `null` for what is no run, and for one that is damaged: whoever names it will hear of that. */
const readable = async (folder: string): Promise<Found | null> => {
  if (!existsSync(runFile(folder))) return null;
  try {
    return { folder, run: await readRun(folder) };
  } catch (error) {
    if (error instanceof Failed) return null;
    throw error;
  }
};

/**
 * The run of a program: in its own folder, or in another's that trained the same, as variants do that differ in
 * evaluation alone. `own` where there is neither.
 */
export const findRun = async (parent: string, own: string, program: Program): Promise<string> => {
  const same = ({ run }: Found): boolean =>
    run.fingerprint.training === program.fingerprint.training;
  const mine = await readable(own);
  if (mine !== null && same(mine)) return own;
  return (await runsIn(parent)).find(same)?.folder ?? own;
};

/** The runs in folders. @throws Failed with what is wrong with each that cannot be read. */
export const allFound = async (folders: readonly string[]): Promise<readonly Found[]> => {
  const failures: Failure[] = [];
  const found: Found[] = [];
  for (const folder of folders)
    try {
      found.push({ folder, run: await readRun(folder) });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      failures.push(error.failure);
    }
  if (failures.length > 0) throw new Failed(unreadableRuns(failures, folders.length));
  return found;
};

export type SeedGroup = readonly [Found, ...Found[]];

/** Runs of one plan, whatever their seed, in the order of their first. */
export const groups = (runs: readonly Found[]): readonly SeedGroup[] => {
  const known = new Map<string, [Found, ...Found[]]>();
  for (const found of runs) {
    const plan = fingerprintOf(withSeed(found.run.experiment, 0));
    const group = known.get(plan);
    if (group === undefined) known.set(plan, [found]);
    else group.push(found);
  }
  return [...known.values()];
};
