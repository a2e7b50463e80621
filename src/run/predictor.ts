/** Predicts pictures in memory: weights are read once, and a session of each size stays open for the next picture. */

import { existsSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { type Palette, palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { Failed } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import { sizeName } from "../plan/graphs.js";
import type { Program } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import type { Session } from "../runtime/session.js";
import { lower } from "../tensorflow/target.js";
import { noBest, oddPixels, predictorClosed } from "./errors.js";
import { bestFile } from "./folder.js";
import { openNetwork, readNetwork, rounded, strangers, type Trained } from "./inference.js";
import { type Area, areasOf, segment } from "./prediction.js";
import { readRun } from "./record.js";

/** Whose weights are taken: a run's (the last, or those that scored best on the way), or a file's for a program. */
export type PredictorSource =
  | { readonly run: string; readonly best?: boolean }
  | { readonly program: Program; readonly weights: string };

export type PredictorRequest = PredictorSource & {
  /** `auto` unless said. */
  readonly device?: Want;
  /** Whether each prediction has probabilities, too. */
  readonly probabilities?: boolean;
  /** Sizes that are compiled at once; each other one is at its first picture. */
  readonly sizes?: readonly Size[];
  /** How many sessions stay open; 4 unless said. Each is for one size and holds the weights; the one unused longest goes. */
  readonly keep?: number;
};

export interface Segmentation extends Size {
  /** `[H, W]`, row by row: indices into the predictor's `names`; 16 bits above 255 classes. */
  readonly classes: ClassIndices;
  /** f32 `[H, W, C]`: of each pixel they sum to 1. */
  readonly probabilities: Float32Array | null;
  /** Of the classes that occur, in their order: pixels, and their share of the picture from 0 to 1. */
  readonly areas: readonly Area[];
}

export interface Predictor {
  readonly program: Program;
  /** Of the classes, by index. */
  readonly names: readonly string[];
  /** RGB of each class: `[256 or more, 3]`. */
  readonly palette: Palette;
  /** What is odd: that another plan than the program's trained the weights, that classes are computed in bf16. */
  readonly notes: readonly string[];
  /**
   * Bytes `[H, W, 3]` of any size; calls may overlap, and are answered in turn.
   * @throws Failed where the pixels are not those of the size, or the predictor is closed.
   */
  readonly predict: (picture: Picture) => Promise<Segmentation>;
  /** Frees everything, once the calls under way are answered. */
  readonly close: () => Promise<void>;
}

/** @throws Failed where the run or the weights cannot be read or do not fit, or there is no such device. */
export const openPredictor = async (request: PredictorRequest): Promise<Predictor> => {
  const { device = "auto", probabilities = false, sizes = [] } = request;
  const keep = Math.max(1, sizes.length, request.keep ?? 4);
  const { program, trained } = await sourceOf(request);
  const network = await readNetwork(program, trained, device);
  const { classes: names, palette: colours } = program.experiment.data;
  // In the order of their last use.
  const sessions = new Map<string, Session>();
  const sessionFor = async (size: Size): Promise<Session> => {
    const name = sizeName(size);
    const known = sessions.get(name);
    const session =
      known ?? (await openNetwork(network, { predict: [size], asked: { probabilities } }));
    sessions.delete(name);
    sessions.set(name, session);
    const [oldest] = sessions;
    if (sessions.size > keep && oldest !== undefined) {
      oldest[1].dispose();
      sessions.delete(oldest[0]);
    }
    return session;
  };

  let closed = false;
  const inTurn = turns();
  const predict: Predictor["predict"] = async ({ pixels, height, width }) => {
    if (closed) throw new Failed(predictorClosed);
    if (!isWhole(height) || !isWhole(width) || pixels.length !== height * width * 3)
      throw new Failed(oddPixels(height, width, pixels.length));
    return inTurn(async () => {
      // A call computes on this thread: between two, whatever else waits has its turn.
      await setImmediate();
      const size = { height, width };
      const session = await sessionFor(size);
      const [found] = segment(session, size, [{ pixels, ...size }], 1, names.length);
      if (found == null) throw new Failed(oddPixels(height, width, pixels.length));
      const { classes, probabilities: shares = null } = found;
      return { ...size, classes, probabilities: shares, areas: areasOf(classes, names) };
    });
  };
  const close = (): Promise<void> => {
    closed = true;
    return inTurn(async () => {
      for (const session of sessions.values()) session.dispose();
      sessions.clear();
    });
  };
  for (const size of sizes) await sessionFor(size);
  const notes = [...strangers(network), ...rounded(network)].flatMap((event) =>
    event.kind === "note" ? [event.message] : [],
  );
  return { program, names, palette: palette(colours, names.length), notes, predict, close };
};

const sourceOf = async (
  source: PredictorSource,
): Promise<{ readonly program: Program; readonly trained: Trained }> => {
  if ("program" in source) return { program: source.program, trained: { weights: source.weights } };
  const { run: folder, best = false } = source;
  const program = lower((await readRun(folder)).experiment);
  if (!best) return { program, trained: { folder } };
  if (!existsSync(bestFile(folder))) throw new Failed(noBest(folder));
  return { program, trained: { weights: bestFile(folder) } };
};

const isWhole = (sides: number): boolean => Number.isSafeInteger(sides) && sides > 0;

/** Runs tasks one after the other, in the order of the calls; a task that fails stops no other. */
const turns = (): (<A>(task: () => Promise<A>) => Promise<A>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => {});
    return next;
  };
};
