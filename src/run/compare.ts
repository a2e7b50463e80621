/** Variants side by side: programs enter; what is missing of their runs is trained, and a row a variant leaves. */

import { existsSync } from "node:fs";
import { openSplit, type Split } from "../data/layout.js";
import { fingerprintOf, type Program } from "../plan/program.js";
import type { Want } from "../runtime/library.js";
import { evaluate } from "./evaluate.js";
import { type Evaluation, evaluationFingerprint } from "./evaluation.js";
import type { Event } from "./event.js";
import { findRun } from "./find.js";
import { readEvaluation, readRun, runFile, runFolder } from "./folder.js";
import { type Result, type Row, rowOf } from "./row.js";
import { train } from "./train.js";

export interface Variant {
  /** `null` is the spec itself. */
  readonly name: string | null;
  /** One a seed; they differ in nothing else. The first is the spec's own, which `train` may have trained. */
  readonly programs: readonly [Program, ...Program[]];
  /** The run of each program, where it is known; otherwise where `train` puts it. */
  readonly folders?: readonly string[];
}

export interface CompareRequest {
  /** As the user named it. */
  readonly spec: string;
  readonly variants: readonly Variant[];
  /** Folder of the runs; `runs` unless said otherwise. */
  readonly parent?: string;
  readonly split: Split;
  readonly device: Want;
  readonly workers?: number;
  readonly signal?: AbortSignal;
}

interface Entry {
  readonly variant: Variant;
  readonly program: Program;
  readonly folder: string;
}

/**
 * A finished run of the same plan is not trained again, whatever its folder is called, and an unfinished one is
 * continued; `null` where the comparison was asked to stop. @throws Failed as training and evaluation do.
 */
export async function* compare(
  request: CompareRequest,
): AsyncGenerator<Event, readonly Row[] | null> {
  const entries = await entriesOf(request);
  // What cannot be scored need not be trained.
  const data = entries.map(({ program: { experiment } }) => experiment.data);
  for (const one of new Map(data.map((each) => [fingerprintOf(each), each])).values())
    await openSplit(one, request.split);
  const results = new Map<Variant, Result[]>(request.variants.map((variant) => [variant, []]));
  for (const [index, entry] of entries.entries()) {
    const { variant, program, folder } = entry;
    const { seed } = program.experiment.train;
    const at = index + 1;
    yield { kind: "variant", name: shownAs(variant), seed, run: folder, at, of: entries.length };
    yield* trained(request, entry);
    if (request.signal?.aborted) return null;
    const evaluation =
      (await known(request, entry)) ?? (yield* evaluate({ ...request, program, folder }));
    if (evaluation === null) return null;
    results.get(variant)?.push({ folder, run: await readRun(folder), evaluation });
  }
  const rows = [...results].flatMap(([variant, [first, ...rest]]) =>
    first === undefined
      ? []
      : [rowOf(shownAs(variant), variant.programs[0].experiment, [first, ...rest])],
  );
  yield { kind: "compared", rows };
  return rows;
}

export const shownAs = ({ name }: Variant): string => name ?? "spec";

/** Variants that differ in evaluation alone are one training: they share the first one's run. */
const entriesOf = async (request: CompareRequest): Promise<readonly Entry[]> => {
  const folders = new Map<string, string>();
  const entries: Entry[] = [];
  for (const variant of request.variants)
    for (const [index, program] of variant.programs.entries()) {
      const { training } = program.fingerprint;
      const folder = folders.get(training) ?? (await folderOf(request, variant, index));
      folders.set(training, folder);
      entries.push({ variant, program, folder });
    }
  return entries;
};

const folderOf = async (
  { spec, parent = "runs" }: CompareRequest,
  { name, programs, folders }: Variant,
  index: number,
): Promise<string> => {
  const given = folders?.[index];
  if (given !== undefined) return given;
  const program = programs[index]!;
  const seed = index === 0 ? [] : [`seed${program.experiment.train.seed}`];
  const own = [...(name === null ? [] : [name]), ...seed].join("-");
  return findRun(parent, runFolder(spec, own === "" ? null : own, parent), program);
};

async function* trained(
  request: CompareRequest,
  { variant: { name }, program, folder }: Entry,
): AsyncGenerator<Event, void> {
  const resume = existsSync(runFile(folder));
  yield* train({ ...request, program, folder, variant: name, resume });
}

/** The evaluation of the finished training that lies in the run's folder, if it was made in this way. */
const known = (
  { split }: CompareRequest,
  { program: { experiment, fingerprint }, folder }: Entry,
): Promise<Evaluation | null> => {
  const weights = { training: fingerprint.training, step: experiment.train.iterations };
  return readEvaluation(folder, split, evaluationFingerprint(experiment, split, weights));
};
