/**
 * A decision carried out: a labelled picture and a `Decision` enter, one crop of image and labels leaves.
 *
 * Whatever was drawn, the source is read once, through one affine map and for the crop window only.
 */

import type { Decision, Rectangle, Size } from "../plan/augment.js";
import type { Colour } from "../plan/colour.js";
import { blur, REACH, room } from "./blur.js";
import { IGNORED } from "./labels.js";
import { type Placement, resampleImage, resampleLabels } from "./resample.js";
import type { Labelled } from "./sample.js";

export type Warp = (
  source: Labelled,
  decision: Decision,
  /** [h, w, 3] */
  image: Uint8Array,
  /** [h, w] */
  labels: Uint8Array,
) => void;

/** A warp for crops of one size. Padding and what lies beyond the source take `mean` (RGB) and label 255. */
export function warper(crop: Size, mean: readonly [number, number, number]): Warp {
  const [height, width] = crop;
  const fill = Uint8Array.from(mean, Math.round);
  const unblurred = room((height + 2 * REACH) * (width + 2 * REACH));
  const whole: Placement = { origin: 0, stride: width, pitch: 3 };

  return (source, { map, canvas, colour, ...decision }, image, labels) => {
    const window = intersect(canvas, { left: 0, top: 0, right: width, bottom: height });
    if (window.right - window.left < width || window.bottom - window.top < height) {
      repeat(image, fill);
      labels.fill(IGNORED);
    }
    const { labels: classes, height: h, width: w } = source;
    resampleLabels(classes, h, w, map, window, labels, { ...whole, pitch: 1 }, IGNORED);
    if (decision.blur) {
      const region = intersect(canvas, {
        left: -REACH,
        top: -REACH,
        right: width + REACH,
        bottom: height + REACH,
      });
      resampleImage(source.image, h, w, map, region, unblurred.pixels, within(region), fill);
      blur(unblurred, region, window, image, whole);
    } else resampleImage(source.image, h, w, map, window, image, whole, fill);
    if (colour !== null) recolour(image, width, window, colour);
  };
}

const intersect = (a: Rectangle, b: Rectangle): Rectangle => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});

/** A region stored densely from 0, four bytes a pixel. */
const within = (region: Rectangle): Placement => {
  const stride = region.right - region.left;
  return { origin: -region.top * stride - region.left, stride, pitch: 4 };
};

function repeat(image: Uint8Array, fill: Uint8Array) {
  image.set(fill);
  for (let done = fill.length; done < image.length; done *= 2)
    image.copyWithin(done, 0, Math.min(done, image.length - done));
}

/** Clips and rounds once, after the whole colour map. */
function recolour(image: Uint8Array, stride: number, window: Rectangle, colour: Colour) {
  const [[rr, rg, rb, r0], [gr, gg, gb, g0], [br, bg, bb, b0]] = colour;
  const clip = (value: number) => (value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0);
  for (let y = window.top; y < window.bottom; y++)
    for (let i = 3 * (y * stride + window.left); i < 3 * (y * stride + window.right); i += 3) {
      const [r, g, b] = [image[i]!, image[i + 1]!, image[i + 2]!];
      image[i] = clip(rr * r + rg * g + rb * b + r0);
      image[i + 1] = clip(gr * r + gg * g + gb * b + g0);
      image[i + 2] = clip(br * r + bg * g + bb * b + b0);
    }
}
