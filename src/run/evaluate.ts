/** Evaluates trained weights on a split, image by image, and keeps the scores in the run folder. */

import { relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { imageSize } from "../data/image.js";
import { labelTable } from "../data/labels.js";
import { openSplit, type Split } from "../data/layout.js";
import { palette } from "../data/palette.js";
import { type Labelled, readSample, type Sample } from "../data/sample.js";
import { makeFolder } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { toClassIndices } from "../language/labels.js";
import { boundaries } from "../metric/boundary.js";
import { sizeName } from "../plan/graphs.js";
import { fingerprintOf, type Program } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import { type Evaluation, evaluationFingerprint, scored, writeEvaluation } from "./evaluation.js";
import type { Event } from "./event.js";
import { partialEvaluationFile } from "./folder.js";
import {
  ahead,
  type Measured,
  type Network,
  readNetwork,
  serve,
  strangers,
  type Trained,
} from "./inference.js";
import { distinct } from "./inputs.js";
import { paint } from "./prediction.js";
import { type Counted, openTally } from "./tally.js";
import { pairsDigest } from "./training.js";

export type EvaluateRequest = Trained & {
  readonly program: Program;
  readonly split: Split;
  readonly device: Want;
  /** Folder for the predictions, `NAME.png` and `NAME.overlay.png`, where they shall be written. */
  readonly write?: string | undefined;
  readonly signal?: AbortSignal;
};

/** An image of the split, by its place there. */
interface Item {
  readonly sample: Sample;
  readonly index: number;
  /** Of the files that show it. */
  readonly name: string;
}

/**
 * Whole images of their own sizes, counted inside the graph. Of a run, the scores also stay in its folder, and what was
 * counted before an interruption is not counted again. Returns `null` where it was asked to stop.
 * @throws Failed for data or weights that do not fit.
 */
export async function* evaluate(
  request: EvaluateRequest,
): AsyncGenerator<Event, Evaluation | null> {
  const { program, split, device, write, signal } = request;
  const { experiment } = program;
  const network = await readNetwork(program, request, device);
  yield* strangers(network);
  const samples = await openSplit(experiment.data, split);
  const items = named(samples, experiment.data.root);
  const weights = { training: network.metadata.training ?? null, step: stepOf(network) };
  const pairs = yield* pairsDigest(experiment.data, split, samples);
  const fingerprint = evaluationFingerprint(experiment, split, weights, pairs);
  const file = "folder" in request ? partialEvaluationFile(request.folder, fingerprint) : null;
  const about = { images: fingerprintOf(samples), write: write ?? null };
  const { length: classes } = experiment.data.classes;
  const kept = await openTally(file, about, classes).catch(refusal);
  if ("refused" in kept) yield { kind: "note", message: notKept(kept.refused) };
  const tally = "refused" in kept ? await openTally(null, about, classes) : kept;
  if (tally.size() > 0) yield { kind: "note", message: goingOn(tally.size(), samples.length) };
  try {
    for await (const [index, counted] of counts(
      network,
      items.filter((item) => !tally.has(item.index)),
      write,
    )) {
      tally.add(index, counted);
      const done = tally.size();
      yield { kind: "progress", what: `evaluating ${split}`, done, total: samples.length };
      await setImmediate();
      if (signal?.aborted) return null;
    }
  } finally {
    tally.close();
  }
  const found = scored(experiment, tally.total(), {
    split,
    images: samples.length,
    fingerprint: weights.training,
  });
  if ("folder" in request && tally === kept)
    await writeEvaluation(request.folder, fingerprint, found.evaluation);
  await tally.drop();
  yield { kind: "scored", split, ...found };
  return found.evaluation;
}

/** A run's folder that takes no files can be scored all the same. */
const refusal = (error: unknown): { readonly refused: Failure } => {
  if (error instanceof Failed) return { refused: error.failure };
  throw error;
};

const notKept = ({ message, reason }: Failure): string =>
  `${message} (${reason}): the scores are told, and not kept`;

const goingOn = (done: number, all: number): string =>
  `${done} of ${all} images were evaluated before; going on`;

const named = (samples: readonly Sample[], root: string): readonly Item[] =>
  distinct(samples.map(({ image }) => ({ path: image, name: relative(root, image) }))).map(
    ({ name }, index) => ({ sample: samples[index]!, index, name }),
  );

/** What each image adds. */
async function* counts(
  network: Network,
  items: readonly Item[],
  write: string | undefined,
): AsyncGenerator<readonly [index: number, counted: Counted]> {
  const { data, evaluate } = network.program.experiment;
  const table = labelTable(data);
  const classes = write !== undefined || evaluate.boundary !== null;
  const look = { colours: palette(data.palette, data.classes.length), alpha: 0.5 };
  if (write !== undefined) makeFolder(write);
  const images = await Promise.all(
    items.map(async (item) => ({ item, size: await imageSize(item.sample.image) })),
  );
  const read = ({ item }: Measured<Item>): Promise<Labelled> => readSample(item.sample, table);
  for await (const { session, members } of serve(network, "evaluate", images, { classes })) {
    for await (const [{ item, size }, sample] of ahead(members, read)) {
      const inputs = { image: sample.image, label: sample.labels };
      const result = session.run(`evaluate_${sizeName(size)}`, inputs);
      const found = toClassIndices(data.classes.length, result.classes?.data ?? []);
      const picture = { ...size, pixels: sample.image };
      if (write !== undefined) await paint(write, item.name, { picture, classes: found }, look);
      const near = evaluate.boundary;
      const truth = { ...size, values: sample.labels };
      yield [
        item.index,
        {
          counts: result.confusion!.data,
          boundaries: near === null ? null : boundaries(truth, found, data.classes.length, near),
        },
      ];
    }
  }
}

/** Steps behind the weights; 0 where their file does not say. */
const stepOf = ({ metadata }: Network): number => Number(metadata.step ?? 0);
