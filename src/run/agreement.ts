/** How far the answers of an exported network are from pspc's own logits. The inner loops index typed arrays within their length. */

import type { Answer } from "../runtime/exported.js";
import type { Precision } from "../target/format.js";

/** What an answer does not hold is null. */
export interface Agreement {
  /** Share of the pixels that have the same class, or one whose logit is within `CLOSE` of the best. */
  readonly classes: number | null;
  /** Largest difference of a logit, relative to the largest logit. */
  readonly logits: number | null;
  /** Largest difference of a probability. */
  readonly probabilities: number | null;
}

/** What sums of 32-bit floats in another order may differ by, relative to the largest logit. */
const CLOSE = 1e-4;

/** Of weights that were rounded to 16 or 8 bits. */
const ROUNDED_CLASSES = 0.99;
const CLASSES = 0.9999;

/**
 * Share of an example's classes that a runtime must find where the export is used. Backends that compute a network
 * wrongly find few of them; those with 16-bit textures differ at borders, as rounded weights do.
 */
export const leastOnRuntimes = (precision: Precision): number =>
  precision === "f32" ? ROUNDED_CLASSES : ROUNDED_CLASSES ** 2;

/** Whether an export may be kept. */
export const isClose = (found: Agreement, precision: Precision): boolean => {
  const { classes, logits, probabilities } = found;
  if (precision !== "f32") return (classes ?? 1) >= ROUNDED_CLASSES;
  // A comparison that is false for NaN.
  return (classes ?? 1) >= CLASSES && (logits ?? 0) <= CLOSE && (probabilities ?? 0) <= CLOSE;
};

/** What is compared: how many classes, and what pspc's own scores are. */
interface Scored {
  readonly classes: number;
  readonly scores: "logits" | "probabilities";
}

/** Of calls, each with its answer and pspc's own scores `[N, H, W, C]`: the worst of all. */
export const agreement = (
  answers: readonly Answer[],
  wanted: readonly Float32Array[],
  scored: Scored,
): Agreement => {
  const each = wanted.map((own, i) => one(answers[i] ?? {}, own, scored));
  const worst = (key: keyof Agreement, most: (...values: number[]) => number): number | null => {
    const known = each.map((found) => found[key]).filter((value) => value !== null);
    return known.length === 0 ? null : most(...known);
  };
  return {
    classes: worst("classes", Math.min),
    logits: worst("logits", Math.max),
    probabilities: worst("probabilities", Math.max),
  };
};

const one = (answer: Answer, wanted: Float32Array, { classes, scores }: Scored): Agreement => {
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const { logits, probabilities } = answer;
  // Scores alone say what the class is.
  const own = answer[scores];
  const found = answer.classes ?? (own && argmax(own, classes));
  const shares = scores === "logits" ? softmax : (probabilities: Float32Array) => probabilities;
  return {
    classes: found === undefined ? null : sameClasses(found, wanted, classes, CLOSE * largest),
    logits: logits === undefined || scores !== "logits" ? null : farthest(logits, wanted) / largest,
    probabilities:
      probabilities === undefined ? null : farthest(probabilities, shares(wanted, classes)),
  };
};

/** NaN where one of them is none, infinite where they are not of one length. */
const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
};

const bestOf = (logits: ArrayLike<number>, start: number, classes: number): number => {
  let best = start;
  for (let i = start + 1; i < start + classes; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
};

/** Logits `[H, W, C]` → classes `[H, W]`. */
export const argmax = (logits: ArrayLike<number>, classes: number): Int32Array =>
  Int32Array.from(
    { length: logits.length / classes },
    (_, pixel) => bestOf(logits, pixel * classes, classes) - pixel * classes,
  );

const sameClasses = (
  found: ArrayLike<number>,
  wanted: Float32Array,
  classes: number,
  close: number,
): number => {
  const pixels = wanted.length / classes;
  if (found.length !== pixels) return 0;
  let same = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const start = pixel * classes;
    const best = wanted[bestOf(wanted, start, classes)]!;
    const index = found[pixel]!;
    // The two best may lie so close that rounding decides.
    if (index >= 0 && index < classes && best - wanted[start + index]! <= close) same++;
  }
  return same / pixels;
};

const softmax = (logits: Float32Array, classes: number): Float32Array => {
  const shares = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const best = logits[bestOf(logits, start, classes)]!;
    let total = 0;
    for (let i = start; i < start + classes; i++) total += Math.exp(logits[i]! - best);
    for (let i = start; i < start + classes; i++) shares[i] = Math.exp(logits[i]! - best) / total;
  }
  return shares;
};
