/** The rules of `train.loss`: class weights, mining and strips. */

import { type Diagnostic, error, note } from "../diagnostic/diagnostic.js";
import type { Sides } from "../language/geometry.js";
import { path } from "../language/path.js";
import { by, place, type Rule, remove, write } from "./rule.js";

/** One weight a class, and not all of them 0. */
export const classWeights: Rule = ({ data, train: { loss } }) => {
  const weights = loss.class_weights;
  if (weights === null) return [];
  if (weights.length !== data.classes.length)
    return [weightCount(weights.length, data.classes.length)];
  return weights.every((w) => w === 0) ? [weightsAllZero()] : [];
};

const weightCount = (weights: number, classes: number): Diagnostic =>
  error(
    "E0515",
    `${weights} class weights for ${classes} classes`,
    place(path("train.loss.class_weights"), `${weights} weights`),
    {
      related: [{ path: path("data.classes"), on: "key", label: `${classes} classes` }],
      help: ["write one weight a class, in the order of `data.classes`"],
    },
  );

const weightsAllZero = (): Diagnostic =>
  error(
    "E0516",
    "all class weights are 0",
    place(path("train.loss.class_weights"), "no pixel counts"),
    {
      help: ["give at least one class a positive weight, or write `none`"],
      fixes: [write(path("train.loss.class_weights"), "none")],
    },
  );

/** Mining leaves pixels out (mmsegmentation's `OHEMPixelSampler`), and each part of a batch chooses for itself. */
export const miningChooses: Rule = ({ train: { loss, crop, accumulate } }) => {
  if (loss.mining === null) return [];
  const pixels = crop[0] * crop[1];
  if (loss.mining.keep >= pixels) return [miningKeepsAll(loss.mining.keep, crop, pixels)];
  return accumulate > 1 ? [miningInParts(accumulate)] : [];
};

const miningKeepsAll = (keep: number, crop: Sides, pixels: number): Diagnostic =>
  error(
    "E0543",
    "mining keeps every pixel",
    place(path("train.loss.mining.keep"), `${keep} pixels an image`),
    {
      related: [place(path("train.crop"), `a crop of ${by(crop)} has ${pixels}`)],
      help: [`use a keep of about ${quarterOf(pixels)}, a quarter of the crop`],
      fixes: [write(path("train.loss.mining.keep"), quarterOf(pixels))],
    },
  );

const quarterOf = (pixels: number): number => Math.max(1, Math.round(pixels / 4));

const miningInParts = (parts: number): Diagnostic =>
  note(
    "E0545",
    "each part of a batch chooses its own hard pixels",
    place(path("train.loss.mining"), "chosen part by part"),
    {
      related: [place(path("train.accumulate"), `${parts} parts`)],
      notes: [
        "without mining, the parts of a batch add up to the whole batch; with it, only nearly",
      ],
      help: ["no change is needed"],
    },
  );

/** Why a term cannot be computed strip by strip. */
const whole = {
  mining: "ranks the pixels of whole images",
  focal: "weighs each pixel by its own probability",
  dice: "divides sums over whole images",
} as const;

/** A smoothed label has no one probability by which the focal loss could weigh a pixel. */
export const focalLabels: Rule = ({ train: { loss } }) =>
  loss.focal > 0 && loss.smoothing > 0 ? [focalSmoothed()] : [];

const focalSmoothed = (): Diagnostic =>
  error(
    "E0546",
    "the focal loss of smoothed labels is not defined",
    place(path("train.loss.focal"), "weighs a pixel by the probability of its one class"),
    {
      related: [place(path("train.loss.smoothing"), "gives a pixel a share of every class")],
      help: ["remove one of them"],
      fixes: [remove(path("train.loss.smoothing")), remove(path("train.loss.focal"))],
    },
  );

/** Only the plain cross-entropy is computed strip by strip. */
export const stripsAddUp: Rule = ({ train: { loss } }) => {
  if (loss.strips === 1) return [];
  if (loss.mining !== null) return [stripsNeedWhole(loss.strips, "mining")];
  if (loss.focal > 0) return [stripsNeedWhole(loss.strips, "focal")];
  return loss.dice > 0 ? [stripsNeedWhole(loss.strips, "dice")] : [];
};

const stripsNeedWhole = (strips: number, term: keyof typeof whole): Diagnostic =>
  error(
    "E0563",
    `the loss cannot be computed in ${strips} strips`,
    place(path("train.loss.strips"), `${strips} strips`),
    {
      related: [place(path(`train.loss.${term}`), whole[term])],
      notes: ["strips compute the cross-entropy by one sum of logarithms over pixels"],
      help: [`remove \`strips\`, or \`${term}\``],
      fixes: [remove(path("train.loss.strips")), remove(path(`train.loss.${term}`))],
    },
  );
