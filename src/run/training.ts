/** What a training is: a program, and the bytes of the pairs and of the first weights that it reads. */

import { resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { checkSamples } from "../data/check.js";
import { digestOfAll, digestPairs, type PairDigest, pairChanges } from "../data/digest.js";
import { openFacts } from "../data/facts.js";
import { openSplit, type Split } from "../data/layout.js";
import type { Sample } from "../data/sample.js";
import { writeFileAtomic } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { closed } from "../language/section.js";
import { list } from "../language/value.js";
import type { Experiment } from "../normalize/experiment.js";
import { fingerprintOf, type Program } from "../plan/program.js";
import { readJson, words } from "./codec.js";
import { type Difference, otherPairs, otherWeights } from "./errors.js";
import type { Event } from "./event.js";
import { pairsFile } from "./folder.js";
import { progress } from "./progress.js";
import type { Run, Training } from "./record.js";

/** What is read before the first step. */
export interface Files {
  readonly pairs: readonly PairDigest[];
  /** The digest of a file of first weights; `null` where the spec names none. */
  readonly weights: string | null;
}

export const trainingOf = ({ fingerprint }: Program, { pairs, weights }: Files): Training => {
  const data = digestOfAll(pairs);
  return {
    fingerprint: fingerprintOf({ program: fingerprint.program, data, weights }),
    data,
    pairs: pairs.length,
    weights,
  };
};

/**
 * Whether a run is that training. Where one of the two was never read, as a run of 0.1, they are the same if they are
 * one program that finds its files in one place.
 */
export const isSameTraining = (run: Run, program: Program, training: Training | null): boolean =>
  run.fingerprint.program === program.fingerprint.program &&
  (run.training !== null && training !== null
    ? run.training.fingerprint === training.fingerprint
    : placeOf(run.experiment) === placeOf(program.experiment));

/** Where the files of a training are found, as far as the spec says. */
export const placeOf = ({ data, model: { weights } }: Experiment): string =>
  fingerprintOf({
    layout: data.layout,
    root: resolve(data.root),
    train: data.train,
    weights: weights && resolve(weights.file),
  });

/** Of the file of first weights, or why it cannot be read; `null` where the spec names none. */
export async function* weightsDigest({
  model: { weights },
}: Experiment): AsyncGenerator<Event, E.Either<Failure, string | null>> {
  if (weights === null) return E.right(null);
  const file = resolve(weights.file);
  const store = await openFacts(resolve(file, ".."));
  const found = yield* progress("reading the first weights, MiB", (report) =>
    store.digest(file, (done, total) => report(mebibytes(done), mebibytes(total))),
  );
  await store.save();
  return E.map((digest: string) => digest.slice(0, 16))(found);
}

const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

/**
 * What a training of this experiment would read, `null` where it cannot be: whoever trains it hears why. The pairs are
 * checked on the way, as a training does, so that no file is read twice.
 */
export async function* filesOf(
  experiment: Experiment,
  signal: AbortSignal | undefined,
): AsyncGenerator<Event, Files | null> {
  const { data } = experiment;
  const weights = yield* weightsDigest(experiment);
  const samples = await openSplit(data, "train").catch((error: unknown) => {
    if (error instanceof Failed) return null;
    throw error;
  });
  if (samples === null || E.isLeft(weights)) return null;
  const store = await openFacts(data.root);
  yield* progress("checking train", (report) =>
    checkSamples(samples, data, store, { report, signal }),
  );
  return { pairs: await digestPairs(samples, data.root, store), weights: weights.right };
}

/** Of the pairs of a split, in their order; a file is read only where that was not done before. */
export async function* pairsDigest(
  { root }: Experiment["data"],
  split: Split,
  samples: readonly Sample[],
): AsyncGenerator<Event, string> {
  const store = await openFacts(root);
  const pairs = yield* progress(`reading ${split}`, (report) =>
    digestPairs(samples, root, store, report),
  );
  return digestOfAll(pairs);
}

const listed = list("pairs", closed("a pair", { image: words, digest: words }, {}));

/** Leaves in a run's folder what it is trained on, so that a change can be told by name. @throws Failed */
export const writePairs = (folder: string, pairs: readonly PairDigest[]): Promise<void> =>
  writeFileAtomic(
    pairsFile(folder),
    `[\n${pairs.map((pair) => JSON.stringify(pair)).join(",\n")}\n]\n`,
    false,
  );

/** What was trained on, if the list is whole and is that training's. */
const readPairs = (folder: string, { data }: Training): readonly PairDigest[] | null =>
  pipe(
    readJson(pairsFile(folder), listed),
    E.match(
      () => null,
      (pairs) => (pairs !== null && digestOfAll(pairs) === data ? pairs : null),
    ),
  );

/** In which files a run of the same program differs from those that are there now. */
export const fileDifferences = (
  folder: string,
  then: Training,
  { pairs, weights }: Files,
): readonly Difference[] => {
  const known = digestOfAll(pairs) === then.data ? pairs : readPairs(folder, then);
  return [
    ...(known === pairs
      ? []
      : [otherPairs(then.pairs, pairs.length, known && pairChanges(known, pairs))]),
    ...(weights === then.weights ? [] : [otherWeights]),
  ];
};
