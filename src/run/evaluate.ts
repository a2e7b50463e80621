/** Scores of trained weights on a split: a program and its weights enter; progress and scores leave. */

import { setImmediate } from "node:timers/promises";
import { imageSize } from "../data/image.js";
import { labelTable } from "../data/labels.js";
import { openSplit, type Split } from "../data/layout.js";
import { readSample, type Sample } from "../data/sample.js";
import { fromCounts, monoid } from "../metric/confusion.js";
import type { Program } from "../plan/program.js";
import type { Want } from "../runtime/library.js";
import { sizeName } from "../tensorflow/model.js";
import { type Evaluation, evaluationFingerprint, scored } from "./evaluation.js";
import type { Event } from "./event.js";
import { writeEvaluation } from "./folder.js";
import {
  ahead,
  type Measured,
  type Network,
  readNetwork,
  serve,
  strangers,
  type Trained,
} from "./inference.js";

export type EvaluateRequest = Trained & {
  readonly program: Program;
  readonly split: Split;
  readonly device: Want;
  readonly signal?: AbortSignal;
};

/**
 * Whole images of their own sizes, counted inside the graph. Of a run, the scores also stay in its folder.
 * Returns `null` where it was asked to stop. @throws Failed for data or weights that do not fit.
 */
export async function* evaluate(
  request: EvaluateRequest,
): AsyncGenerator<Event, Evaluation | null> {
  const { program, split, device, signal } = request;
  const { experiment } = program;
  const network = await readNetwork(program, request, device);
  yield* strangers(network);
  const samples = await openSplit(experiment.data, split);
  const images = await Promise.all(
    samples.map(async (item) => ({ item, size: await imageSize(item.image) })),
  );
  const { concat, empty } = monoid(experiment.data.classes.length);
  let [total, done] = [empty, 0];
  for await (const counts of confusions(network, images)) {
    total = concat(total, fromCounts(counts, experiment.data.classes.length));
    yield { kind: "progress", what: `evaluating ${split}`, done: ++done, total: images.length };
    await setImmediate();
    if (signal?.aborted) return null;
  }
  const weights = { training: network.metadata.training ?? null, step: stepOf(network) };
  const about = { split, images: images.length, fingerprint: weights.training };
  const found = scored(experiment, total, about);
  if ("folder" in request) {
    const fingerprint = evaluationFingerprint(experiment, split, weights);
    await writeEvaluation(request.folder, fingerprint, found.evaluation);
  }
  yield { kind: "scored", split, ...found };
  return found.evaluation;
}

/** Counts `[C·C]` of each image. */
async function* confusions(
  network: Network,
  images: readonly Measured<Sample>[],
): AsyncGenerator<ArrayLike<number>> {
  const table = labelTable(network.program.experiment.data);
  for await (const { session, members } of serve(network, "evaluate", images)) {
    for await (const [{ size }, sample] of ahead(members, ({ item }) => readSample(item, table))) {
      const inputs = { image: sample.image, label: sample.labels };
      yield session.run(`evaluate_${sizeName(size)}`, inputs).confusion!.data;
    }
  }
}

/** Steps behind the weights; 0 where their file does not say. */
const stepOf = ({ metadata }: Network): number => Number(metadata.step ?? 0);
