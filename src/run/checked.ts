/** Asks the draft of an export in the runtime that it is for, and compares what that answers with pspc's own scores. */

import { basename } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { readImage } from "../data/image.js";
import { openSplit } from "../data/layout.js";
import { Failed } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { Experiment } from "../normalize/experiment.js";
import { type Answer, type Look, scoresOf } from "../plan/inference.js";
import { fillUniform } from "../plan/random.js";
import type { Call, Runtime, Told } from "../runtime/exported.js";
import type { Format, Precision, Presentation } from "../target/format.js";
import { type Agreement, agreement, argmax, isClose } from "./agreement.js";
import { exportDisagrees, exportUnchecked, exportUnread } from "./export-errors.js";

/** How an export was checked, as it says itself. */
export type Check =
  | ({
      readonly runtime: string;
      readonly pictures: readonly string[];
      readonly milliseconds: number;
    } & Agreement)
  | { readonly unchecked: string };

/** What a picture is called that is none. */
export const NOISE = "noise";

interface Picture extends Call {
  readonly name: string;
}

/** One of the validation split and one of noise; without data two of noise. */
export const picturesFor = async (
  { data }: Experiment,
  size: Size,
): Promise<readonly [Picture, Picture]> => {
  try {
    const [sample] = await openSplit(data, data.val === null ? "train" : "val");
    if (sample === undefined) return [noise(1, size), noise(2, size)];
    const { pixels, height, width } = await readImage(sample.image, data.images);
    const own = new Uint8Array(size.height * size.width * 3);
    // From its corner, and where it ends from there again: sizes need not agree.
    for (let y = 0; y < size.height; y++)
      for (let x = 0; x < size.width; x++) {
        const from = 3 * ((y % height) * width + (x % width));
        own.set(pixels.subarray(from, from + 3), 3 * (y * size.width + x));
      }
    // An export travels: where the picture lies is nobody's business.
    const picture = { name: basename(sample.image), pixels: own, count: 1, ...size };
    return [picture, noise(1, size)];
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return [noise(1, size), noise(2, size)];
  }
};

const noise = (seed: number, { height, width }: Size): Picture => {
  const values = new Float32Array(height * width * 3);
  fillUniform(values, seed, "export", 0, 256);
  return { name: NOISE, pixels: Uint8Array.from(values), count: 1, height, width };
};

/** The pictures one by one; where any size is taken, noise of another. */
export const singles = (pictures: readonly Picture[], anySize: boolean): readonly Call[] => {
  const [{ height, width } = { height: 1, width: 1 }] = pictures;
  return anySize ? [...pictures, noise(3, { height: height + 9, width: width + 5 })] : pictures;
};

/** Two calls of one size as one. */
const together = (one: Call, other: Call): Call => ({
  ...one,
  pixels: Buffer.concat([one.pixels, other.pixels]),
  count: one.count + other.count,
});

const joined = (one: Float32Array, other: Float32Array): Float32Array => {
  const both = new Float32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
};

/** The first picture with its classes, as pspc's own scores have them. */
export const exampleFrom = (
  { data }: Experiment,
  [{ name, pixels }]: readonly [Picture, Picture],
  [scores = new Float32Array()]: readonly Float32Array[],
): Presentation["example"] => ({
  name: name === NOISE ? null : name,
  pixels,
  classes: Uint16Array.from(argmax(scores, data.classes.length)),
});

/** What is asked of a draft, and what it should say. */
export interface Examination {
  readonly format: Format;
  readonly runtime: Runtime;
  readonly experiment: Experiment;
  readonly look: Look;
  readonly precision: Precision;
  readonly give: readonly Answer[];
  /** Whether a runtime that is absent is a failure. */
  readonly mustBeChecked: boolean;
  readonly pictures: readonly Picture[];
  readonly calls: readonly Call[];
  /** pspc's own scores of each call. */
  readonly wanted: readonly Float32Array[];
  /** Whether a call may hold more pictures than one. */
  readonly batch: "any" | 1;
}

/** @throws Failed where the draft answers otherwise, or cannot be asked and must. */
export const checked = async (part: string, of: Examination): Promise<Check> => {
  const { format, experiment, look, precision, pictures, mustBeChecked } = of;
  const said = await answersOf(part, of);
  if (E.isLeft(said)) {
    if (mustBeChecked) throw new Failed(exportUnchecked(format.name, said.left));
    return { unchecked: said.left };
  }
  const { runtime, answers, milliseconds } = said.right;
  const classes = experiment.data.classes.length;
  const found = agreement(answers, wantedOf(of), { classes, scores: scoresOf(experiment, look) });
  if (!isClose(found, precision)) throw new Failed(exportDisagrees(format.name, runtime, found));
  // The second call: the first of a network is slow.
  const [, time = 0] = milliseconds;
  return { runtime, pictures: pictures.map(({ name }) => name), milliseconds: time, ...found };
};

const wantedOf = ({ wanted, batch }: Examination): readonly Float32Array[] => {
  const [one, other] = wanted;
  return batch === "any" && one && other ? [...wanted, joined(one, other)] : wanted;
};

const answersOf = async (
  path: string,
  { format, runtime, give, experiment, look, calls, batch }: Examination,
): Promise<E.Either<string, Told>> => {
  const [one, other] = calls;
  const all = batch === "any" && one && other ? [...calls, together(one, other)] : calls;
  const gives = give.filter((name) => name !== "logits" || scoresOf(experiment, look) === name);
  const results = gives.map((name) => ({ name, isWhole: name === "classes" }));
  try {
    return await runtime({ path, calls: all, results });
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new Failed(
      exportUnread(format.name, error instanceof Error ? error.message : `${error}`),
    );
  }
};
