/** The record of a run, `run.json`: what was trained and how far it came; written, read back, and upgraded from 0.1. */

import { createRequire } from "node:module";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { TypeOf } from "io-ts";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { anything, record } from "../language/map.js";
import { closed, isMap } from "../language/section.js";
import { choice, list, real } from "../language/value.js";
import type { Experiment } from "../normalize/experiment.js";
import { type Fingerprint, fingerprintOf } from "../plan/program.js";
import { isForm } from "../rewrite/forms.js";
import type { Kernels } from "../tensorflow/target.js";
import { lower } from "../tensorflow/target.js";
import { count, decoded, nullable, parseJson, reasons, textOf, words } from "./codec.js";
import { damagedRun, type Foreign, foreignRun, noRun } from "./errors.js";
import { decodeExperiment } from "./experiment.js";
import { runFile } from "./folder.js";

/** Of `run.json`: raised where the pspc before could not take up the run. 0.1 wrote 2. */
const FORMAT = 3;

/** What all records that are read have in common. */
const parts = {
  /** As the user named it, and the variant, `null` for the spec itself. */
  spec: words,
  variant: nullable(words),
  /** `key=value`, as on the command line. */
  overrides: list("overrides", words),
  state: choice("running", "finished"),
  /** Steps done when this was written, of all. */
  step: count,
  steps: count,
  /** Spent in these steps, over all sessions. */
  seconds: real({ min: 0 }),
  device: choice("cpu", "gpu"),
  /** Of the session that began the run. */
  versions: closed("the versions", { pspc: words, node: words, tensorflow: words }, {}),
  /** ISO 8601. */
  created: words,
  experiment: anything,
  /**
   * Steps back, so that whatever resumes the run takes the same way: step `step` diverged by `what` (`NaN`, or the
   * variable that was not finite), and after the checkpoint of `to` the rate is multiplied by `factor`.
   */
  recoveries: list(
    "recoveries",
    closed("a recovery", { step: count, to: count, what: words, factor: real({ above: 0 }) }, {}),
  ),
  /** What the plan was changed in on the way, and at which step. */
  amendments: list(
    "amendments",
    closed("an amendment", { step: count, changes: list("changes", words) }, {}),
  ),
};

const forms = record("forms of layers", { pattern: /./, expects: "a layer" }, words);

/** A program and the bytes that it was trained on: a digest of its pairs, in their order, and of its first weights. */
const training = closed(
  "the training",
  { fingerprint: words, data: words, pairs: count, weights: nullable(words) },
  {},
);

export type Training = Readonly<TypeOf<typeof training>>;

const written = closed(
  "the record of a run",
  {
    format: choice(FORMAT),
    ...parts,
    /** Of the program. */
    fingerprint: closed("the fingerprint", { graph: words, data: words, program: words }, {}),
    /** `null` where the files of a run of 0.1 were not read since. */
    training: nullable(training),
    /** Most main memory that the process held while it trained, in bytes; `null` before the first checkpoint. */
    peak_memory: nullable(count),
    /** How each layer of the step is computed: a resume does the same, whatever was measured since. */
    kernels: forms,
    /** The fingerprints under which older versions knew this training; its weights and evaluations name them. */
    formerly: list("fingerprints", words),
  },
  {
    /** Where the spec's file lies, from the run's folder, with no links on either way; for `isOf` in `find.ts`. */
    spec_place: words,
    /** Among how many devices each batch was divided, where it was more than one. */
    devices: count,
  },
);

/** Of 0.1 and of the time before trainings had digests. */
const writtenBefore = closed(
  "the record of a run",
  {
    format: choice(2, FORMAT),
    ...parts,
    fingerprint: closed("the fingerprint", { graph: words, data: words, training: words }, {}),
  },
  {
    peak_memory: nullable(count),
    kernels: forms,
    formerly: list("fingerprints", words),
  },
);

type Written = TypeOf<typeof written>;

export type Run = Omit<Readonly<Written>, "format" | "experiment" | "kernels"> & {
  readonly experiment: Experiment;
  readonly kernels: Kernels["known"];
};

export type Recovery = Run["recoveries"][number];

export const version = (
  createRequire(import.meta.url)("../../package.json") as { readonly version: string }
).version;

/** @throws Failed where the disk refuses. */
export const writeRun = async (folder: string, run: Run): Promise<void> => {
  makeFolder(folder);
  // Label maps stand in JSON as their entries.
  const entries = (_: string, value: unknown): unknown =>
    value instanceof Map ? [...value] : value;
  await writeFileAtomic(
    runFile(folder),
    `${JSON.stringify({ format: FORMAT, ...run }, entries, 2)}\n`,
  );
};

/** @throws Failed where the folder holds no run, a damaged one, or one of a version that cannot be upgraded. */
export const readRun = async (folder: string): Promise<Run> => {
  const run = readRecord(folder);
  if (E.isLeft(run)) throw new Failed(run.left);
  return run.right;
};

/** The run, or why there is none to be read. */
export const readRecord = (folder: string): E.Either<Failure, Run> =>
  pipe(
    textOf(runFile(folder)),
    E.mapLeft((reason) => damagedRun(runFile(folder), reason)),
    E.chain(E.fromNullable(noRun(folder))),
    E.chain((text) => decodeRun(folder, text)),
  );

const decodeRun = (folder: string, text: string): E.Either<Failure, Run> => {
  const damaged = (reason: string): Failure => damagedRun(runFile(folder), reason);
  return pipe(
    parseJson(text),
    E.filterOrElse(isMap, () => "it is not a map"),
    E.mapLeft(damaged),
    E.filterOrElse(isKnown, (value) => foreignRun(folder, foreign(value))),
    E.chain((value) =>
      pipe(hasDigests(value) ? current(value) : upgraded(value), E.mapLeft(damaged)),
    ),
  );
};

type Json = Readonly<Record<string, unknown>>;

const isKnown = ({ format }: Json): boolean => format === FORMAT || format === 2;

const hasDigests = ({ format, fingerprint }: Json): boolean =>
  format === FORMAT && !(isMap(fingerprint) && "training" in fingerprint);

const current = (value: Json): E.Either<string, Run> =>
  pipe(
    decoded(written)(value),
    E.bindTo("record"),
    E.bind("experiment", ({ record }) => experimentOf(record)),
    E.map(({ record: { format: _, ...rest }, experiment }) => ({
      ...rest,
      experiment,
      kernels: knownForms(rest.kernels),
    })),
  );

/**
 * The same training by another name: what the fingerprint was a hash of, the printed graph and the names of files, has
 * changed.
 */
const upgraded = (value: Json): E.Either<string, Run> =>
  pipe(
    decoded(writtenBefore)(value),
    E.bindTo("record"),
    E.bind("experiment", ({ record }) => experimentOf(record)),
    E.map(({ record: { format: _, ...rest }, experiment }) => ({
      ...rest,
      experiment,
      peak_memory: rest.peak_memory ?? null,
      kernels: knownForms(rest.kernels ?? {}),
      fingerprint: fingerprintNow(experiment),
      training: null,
      formerly: [rest.fingerprint.training, ...(rest.formerly ?? [])],
    })),
  );

const experimentOf = (record: { readonly experiment: unknown }): E.Either<string, Experiment> =>
  pipe(
    decodeExperiment(record.experiment),
    E.mapLeft((found) => reasons(found, ["experiment"])),
  );

/** A form that this version does not have is guessed anew. */
const knownForms = (forms: Readonly<Record<string, string>>): Kernels["known"] =>
  Object.fromEntries(
    Object.entries(forms).flatMap(([layer, form]) => (isForm(form) ? [[layer, form]] : [])),
  );

/** Compiles, which takes a while for a deep network: once, although a live page reads a record often. */
const fingerprintNow = (experiment: Experiment): Fingerprint => {
  const key = fingerprintOf(experiment);
  const known = fingerprints.get(key) ?? lower(experiment).fingerprint;
  fingerprints.set(key, known);
  return known;
};

const fingerprints = new Map<string, Fingerprint>();

/** What a record that cannot be upgraded still says of itself. */
const foreign = ({ format, versions, spec, variant }: Json): Foreign => ({
  version: isMap(versions) ? String(versions.pspc) : "of another version",
  newer: Number(format) > FORMAT,
  spec: typeof spec === "string" ? spec : null,
  variant: typeof variant === "string" ? variant : null,
});
