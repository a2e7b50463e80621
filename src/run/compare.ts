/** The variants of one spec side by side: programs enter; what is missing is trained, and a row a variant leaves. */

import { existsSync } from "node:fs";
import type { Split } from "../data/layout.js";
import { macs, parameterCount } from "../graph/cost.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Program } from "../plan/program.js";
import { networkGraph } from "../plan/step.js";
import type { Want } from "../runtime/library.js";
import { evaluate } from "./evaluate.js";
import { type Evaluation, evaluationFingerprint } from "./evaluation.js";
import type { Event } from "./event.js";
import { readEvaluation, readRun, runFile, runFolder } from "./folder.js";
import type { Row, Spread } from "./row.js";
import { train } from "./train.js";

export interface Variant {
  /** `null` is the spec itself. */
  readonly name: string | null;
  /** One a seed; they differ in nothing else. The first is the spec's own, which `train` may have trained. */
  readonly programs: readonly [Program, ...Program[]];
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
  readonly variant: string | null;
  readonly program: Program;
  readonly folder: string;
}

/**
 * A finished run of the same plan is not trained again, and an unfinished one is continued; `null` where the
 * comparison was asked to stop. @throws Failed as training and evaluation do.
 */
export async function* compare(
  request: CompareRequest,
): AsyncGenerator<Event, readonly Row[] | null> {
  const entries = shared(request.variants.flatMap((variant) => runsOf(request, variant)));
  const results = new Map<Entry, Evaluation>();
  for (const [index, entry] of entries.entries()) {
    const { variant, program, folder } = entry;
    const { seed } = program.experiment.train;
    yield {
      kind: "variant",
      name: shownAs(variant),
      seed,
      run: folder,
      at: index + 1,
      of: entries.length,
    };
    yield* trained(request, entry);
    if (request.signal?.aborted) return null;
    const evaluation =
      (await known(request, entry)) ?? (yield* evaluate({ ...request, program, folder }));
    if (evaluation === null) return null;
    results.set(entry, evaluation);
  }
  const rows = await Promise.all(
    request.variants.map(({ name }) =>
      rowOf(
        name,
        [...results].filter(([{ variant }]) => variant === name),
      ),
    ),
  );
  yield { kind: "compared", rows };
  return rows;
}

const shownAs = (variant: string | null): string => variant ?? "spec";

/** The first seed's run lies where `train` puts it. */
const runsOf = ({ spec, parent }: CompareRequest, { name, programs }: Variant): readonly Entry[] =>
  programs.map((program, index) => {
    const seed = index === 0 ? [] : [`seed${program.experiment.train.seed}`];
    const own = [...(name === null ? [] : [name]), ...seed].join("-");
    return { variant: name, program, folder: runFolder(spec, own === "" ? null : own, parent) };
  });

/** Variants that differ in evaluation alone are one training: they share the first one's run. */
const shared = (entries: readonly Entry[]): readonly Entry[] =>
  entries.map((entry) => {
    const training = ({ program: { experiment, fingerprint } }: Entry): string =>
      [fingerprint.training, experiment.data.root, experiment.model.weights?.file].join("\0");
    const first = entries.find((each) => training(each) === training(entry))!;
    return { ...entry, folder: first.folder };
  });

async function* trained(
  request: CompareRequest,
  { variant, program, folder }: Entry,
): AsyncGenerator<Event, void> {
  const resume = existsSync(runFile(folder));
  yield* train({ ...request, program, folder, variant, resume });
}

/** The evaluation of the finished training that lies in the run's folder, if it was made in this way. */
const known = (
  { split }: CompareRequest,
  { program: { experiment, fingerprint }, folder }: Entry,
): Promise<Evaluation | null> => {
  const weights = { training: fingerprint.training, step: experiment.train.iterations };
  return readEvaluation(folder, split, evaluationFingerprint(experiment, split, weights));
};

const rowOf = async (
  variant: string | null,
  results: readonly (readonly [Entry, Evaluation])[],
): Promise<Row> => {
  const runs = results.map(([{ folder }]) => folder);
  const seconds = await Promise.all(runs.map(async (run) => (await readRun(run)).seconds));
  const evaluations = results.map(([, evaluation]) => evaluation);
  const over = (of: (evaluation: Evaluation) => number): Spread => spread(evaluations.map(of));
  const { experiment } = results[0]![0].program;
  return {
    variant: shownAs(variant),
    seeds: results.map(([{ program }]) => program.experiment.train.seed),
    runs,
    ...costs(experiment),
    seconds: mean(seconds),
    miou: over(({ miou }) => miou),
    mean_accuracy: over(({ mean_accuracy }) => mean_accuracy),
    pixel_accuracy: over(({ pixel_accuracy }) => pixel_accuracy),
    classes: experiment.data.classes.map((name, c) => ({
      name,
      iou: meanOfPresent(evaluations.map(({ classes }) => classes[c]!.iou)),
    })),
    evaluations,
  };
};

/** Of the network as the paper draws it, on one crop. */
const costs = (experiment: Experiment): Pick<Row, "parameters" | "macs"> => {
  const graph = networkGraph(experiment, "infer");
  return { parameters: parameterCount(graph), macs: macs(graph) };
};

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

const meanOfPresent = (xs: readonly (number | null)[]): number | null => {
  const present = xs.filter((x) => x !== null);
  return present.length === 0 ? null : mean(present);
};

const spread = (xs: readonly number[]): Spread => ({
  mean: mean(xs),
  spread: Math.max(...xs) - Math.min(...xs),
});
