/** Augmentation carried out: a packed sample, an epoch and its index enter; the crop that training sees leaves. */

import type { Data, Train } from "../normalize/experiment.js";
import { type Decision, decide } from "../plan/augment.js";
import type { Packed } from "./packed.js";
import { largestShare } from "./share.js";
import { warper } from "./warp.js";

/** Writes image [h, w, 3] and labels [h, w]; tells what was decided. */
export type Augment = (
  source: Packed,
  epoch: number,
  /** Of the sample in its split. */
  index: number,
  image: Uint8Array,
  labels: Uint8Array,
) => Decision;

export function augmenter(
  { mean }: Pick<Data, "mean">,
  { seed, crop, augment: pipeline }: Pick<Train, "seed" | "crop" | "augment">,
): Augment {
  const warp = warper(crop, mean);
  return (source, epoch, index, image, labels) => {
    const size = [source.height, source.width] as const;
    const asked = { pipeline, seed, epoch, index, size, crop, mean };
    const decision = decide(asked, largestShare(source));
    warp(source, decision, image, labels);
    return decision;
  };
}
