/** Finds runs in a folder by what they trained, whatever their names; damaged ones are told apart, and hide no other. */

import { existsSync, realpathSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { separate } from "fp-ts/lib/Array.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { fingerprintOf, type Program, withSeed } from "../plan/program.js";
import { changesOf } from "./claim.js";
import { besides, unreadableRuns } from "./errors.js";
import { runFile, runFolder } from "./folder.js";
import { type Run, readRecord, type Training } from "./record.js";
import { isSameTraining } from "./training.js";

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

/** What a run is called after. */
export interface Name {
  /** As typed, relative to where the command runs. */
  readonly spec: string;
  readonly variant: string | null;
  /** What stands behind the spec's name in the folder's, where that is not the variant alone. */
  readonly suffix?: string | null;
  /** The folder of the runs; `runs` unless said otherwise. */
  readonly parent?: string;
}

export interface Chosen {
  readonly folder: string;
  /** Why it is not the folder that the name alone gives: said where the run is still to be trained. */
  readonly note: string | null;
}

/**
 * The run of a program, which need not be trained yet. Where the variant's own folder holds a training by another plan,
 * that stays as it is, and this one has another folder.
 */
export const chooseRun = async (
  name: Name,
  program: Program,
  training: Training | null = null,
): Promise<Chosen> => {
  const usual = await findRun(name, program, training);
  const there = found(usual);
  if (E.isLeft(there)) return { folder: usual, note: null };
  const { refused } = changesOf(there.right.run, program);
  if (refused === null) return { folder: usual, note: null };
  const folder = ownFolder(name, program, training, true);
  return { folder, note: besides(usual, refused, folder) };
};

/**
 * The run of a program: in its own folder, or in another's that trained the same; its own folder where there is
 * neither. `training` is `null` where the files were not read.
 */
export const findRun = async (
  name: Name,
  program: Program,
  training: Training | null = null,
): Promise<string> => {
  const same = ({ run }: Found): boolean => isSameTraining(run, program, training);
  const own = ownFolder(name, program, training);
  const mine = found(own);
  if (E.isRight(mine) && same(mine.right)) return own;
  const { runs } = await runsIn(name.parent ?? "runs");
  return runs.find(same)?.folder ?? own;
};

/**
 * Where the run of a spec goes: `runs/camvid`, unless another spec of that name has its run there; then
 * `runs/streets-camvid` for `streets/camvid.yaml`, and so on. A run of this spec by another plan is in the way too, if
 * one `isStrict`: whoever trains there is told otherwise.
 */
export const ownFolder = (
  name: Name,
  program: Program,
  training: Training | null = null,
  isStrict = false,
): string => {
  const folders = candidates(name);
  for (;;) {
    const { value: folder } = folders.next();
    const there = found(folder);
    // What cannot be read is nobody else's for certain: whoever trains there is told.
    if (E.isLeft(there)) return folder;
    const { run } = there.right;
    if (isSameTraining(run, program, training)) return folder;
    if (isOf(name, there.right) && !(isStrict && changesOf(run, program).refused !== null))
      return folder;
  }
};

/** Standard input is another spec each time. 0.1 recorded the spec as it was typed, and from where nobody knows. */
const isOf = ({ spec, variant }: Name, { folder, run }: Found): boolean =>
  spec !== "-" &&
  run.variant === variant &&
  (run.spec_place === undefined
    ? resolve(run.spec) === resolve(spec)
    : run.spec_place === specPlace(folder, spec));

/**
 * Where a spec lies, from the folder of its run: whoever types the same name elsewhere means another spec, and a
 * project that is moved or mounted elsewhere as a whole keeps its runs.
 */
export const specPlace = (folder: string, spec: string): string =>
  relative(withoutLinks(folder), join(withoutLinks(dirname(resolve(spec))), basename(spec)));

const withoutLinks = (folder: string): string =>
  existsSync(folder) ? realpathSync(folder) : resolve(folder);

/** With ever more of the folders that the spec lies in before its name, then with numbers behind it. */
function* candidates({ spec, variant, suffix = variant, parent }: Name): Generator<string, never> {
  const name = basename(spec, extname(spec));
  const above = dirname(resolve(spec))
    .split(sep)
    .filter((folder) => folder !== "");
  for (let depth = 0; depth <= above.length; depth++) {
    const folders = depth === 0 ? [] : above.slice(-depth);
    yield runFolder(`${[...folders, name].join("-")}.yaml`, suffix, parent);
  }
  for (let n = 2; ; n++)
    yield runFolder(spec, [suffix, n].filter((part) => part !== null).join("-"), parent);
}

export type SeedGroup = readonly [Found, ...Found[]];

/** Runs of one plan on the same bytes, whatever their seed, in the order of their first. */
export const groups = (runs: readonly Found[]): readonly SeedGroup[] => {
  const known = new Map<string, [Found, ...Found[]][]>();
  for (const found of runs) {
    const plan = fingerprintOf(withSeed(found.run.experiment, 0));
    const groups = known.get(plan) ?? [];
    const group = groups.find((each) => each.every(({ run }) => isSameFiles(run, found.run)));
    if (group === undefined) groups.push([found]);
    else group.push(found);
    known.set(plan, groups);
  }
  return [...known.values()].flat();
};

/** Of runs of one plan: of which one was never read, the bytes are not known to differ. */
const isSameFiles = ({ training: a }: Run, { training: b }: Run): boolean =>
  a === null || b === null || (a.data === b.data && a.weights === b.weights);
