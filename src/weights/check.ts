/** Headers of the files that specs name enter; a check of resolved specs leaves, which knows whether the weights fit. */

import * as E from "fp-ts/lib/Either.js";
import type { Diagnostic, Path } from "../diagnostic/diagnostic.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { valuesOfOp } from "../graph/graph.js";
import { isNetwork, type Ops } from "../graph/op.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import { networkGraph } from "../plan/inference.js";
import { unreadableNamed } from "./errors.js";
import { fitOf } from "./fit.js";
import { asDiagnostic, misfits } from "./misfit.js";
import { openWeights } from "./open.js";
import type { Header } from "./weights-file.js";

export type Headers = ReadonlyMap<string, E.Either<Failure, Header>>;

/** Of each file, what can be known before any number is read. */
export const readHeaders = async (files: Iterable<string>): Promise<Headers> =>
  new Map(await Promise.all([...files].map(async (file) => [file, await headerOf(file)] as const)));

const headerOf = async (file: string): Promise<E.Either<Failure, Header>> => {
  try {
    const opened = await openWeights(file);
    opened.close();
    return E.right(opened);
  } catch (error) {
    if (error instanceof Failed) return E.left(error.failure);
    throw error;
  }
};

/** The variables of a network, without those of its training. */
export const networkVariables = (
  experiment: Experiment,
  phase: "train" | "infer",
): readonly Ops["variable"][] =>
  valuesOfOp(networkGraph(experiment, phase), "variable")
    .map(({ attributes }) => attributes)
    .filter(isNetwork); // dropout counts steps, and that is the training's

/** Everything that is wrong with the initial weights of a spec, at the place where it names them. */
export const weightsFit =
  (headers: Headers) =>
  ({ experiment, origins }: Resolved): readonly Diagnostic[] => {
    const { weights } = experiment.model;
    const header = weights === null ? undefined : headers.get(weights.file);
    if (weights === null || header === undefined) return [];
    const path = places.find((place) => origins.has(place.join("."))) ?? [];
    if (E.isLeft(header)) return [asDiagnostic(unreadableNamed(header.left), path)];
    const found = fitOf(
      header.right,
      networkVariables(experiment, "train"),
      experiment.model,
      weights.only,
    );
    return misfits(found, experiment.model).map((each) => asDiagnostic(each, path));
  };

/** Where a spec can name its weights. */
const places: readonly Path[] = [
  ["model", "weights", "file"],
  ["model", "weights"],
  ["model", "backbone", "weights"],
];
