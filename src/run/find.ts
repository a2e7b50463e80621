/** Finds runs in a folder by what they trained, whatever their names; damaged ones are told apart, and hide no other. */

import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { separate } from "fp-ts/lib/Array.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { fingerprintOf, type Program, withSeed } from "../plan/program.js";
import { unreadableRuns } from "./errors.js";
import { runFile } from "./folder.js";
import { type Run, readRecord } from "./record.js";

export interface Found {
  readonly folder: string;
  readonly run: Run;
}

export interface Runs {
  readonly runs: readonly Found[];
  /** Why the others cannot be read. */
  readonly damaged: readonly Failure[];
}

/** Every run in a folder, by name; none where there is no such folder. */
export const runsIn = async (parent: string): Promise<Runs> => {
  const names = existsSync(parent) ? await readdir(parent) : [];
  const folders = names.sort().map((name) => join(parent, name));
  return readAll(folders.filter((folder) => existsSync(runFile(folder))));
};

/** The runs in folders. @throws Failed where none of them can be read. */
export const runsOf = (folders: readonly string[]): Runs => {
  const found = readAll(folders);
  const [first, ...rest] = found.damaged;
  if (found.runs.length === 0 && first !== undefined) throw new Failed(unreadableRuns(first, rest));
  return found;
};

const readAll = (folders: readonly string[]): Runs => {
  const { left: damaged, right: runs } = separate(folders.map(found));
  return { runs, damaged };
};

const found = (folder: string): E.Either<Failure, Found> =>
  pipe(
    readRecord(folder),
    E.map((run) => ({ folder, run })),
  );

/**
 * The run of a program: in its own folder, or in another's that trained the same, as variants do that differ in
 * evaluation alone. `own` where there is neither.
 */
export const findRun = async (parent: string, own: string, program: Program): Promise<string> => {
  const same = ({ run }: Found): boolean =>
    run.fingerprint.training === program.fingerprint.training;
  const mine = found(own);
  if (E.isRight(mine) && same(mine.right)) return own;
  const { runs } = await runsIn(parent);
  return runs.find(same)?.folder ?? own;
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
