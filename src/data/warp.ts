/**
 * A decision carried out: a packed picture and a `Decision` enter, one crop of image and labels leaves.
 *
 * Whatever was drawn, the source is read once, through one affine map and for the crop window only.
 */

import type { Decision, Rectangle, Size } from "../plan/augment.js";
import type { Affine } from "../plan/transform.js";
import { blur, REACH, room } from "./blur.js";
import { IGNORED } from "./labels.js";
import { type Packed, recolour, unpack, word } from "./packed.js";
import { type Placement, resample } from "./resample.js";
import { stretch } from "./stretch.js";

export type Warp = (
  source: Packed,
  decision: Decision,
  /** [h, w, 3] */
  image: Uint8Array,
  /** [h, w] */
  labels: Uint8Array,
) => void;

/** A warp for crops of one size. Padding takes `mean` (RGB) and label 255; what lies beyond the source too, or the decision's border. */
export function warper(crop: Size, mean: readonly [number, number, number]): Warp {
  const [height, width] = crop;
  const [red, green, blue] = mean;
  const fill = word(Math.round(red), Math.round(green), Math.round(blue), IGNORED);
  const target = { words: new Int32Array(height * width), origin: 0, stride: width };
  const unblurred = room(height + 2 * REACH, width + 2 * REACH);

  return (source, { map, canvas, colour, border, ...decision }, image, labels) => {
    const beyond = border === null ? fill : word(...border, IGNORED);
    const window = intersect(canvas, widened(crop, 0));
    if (area(window) < height * width) target.words.fill(fill);
    if (decision.blur) {
      const region = intersect(canvas, widened(crop, REACH));
      read(source, map, region, densely(unblurred.words, region), beyond);
      blur(unblurred, region, window, target);
    } else read(source, map, window, target, beyond);
    if (colour !== null)
      for (let y = window.top; y < window.bottom; y++)
        recolour(target.words, y * width + window.left, y * width + window.right, colour);
    unpack(target.words, image, labels);
  };
}

function read(source: Packed, map: Affine, region: Rectangle, target: Placement, fill: number) {
  const straight = map[1] === 0 && map[3] === 0;
  if (straight) stretch(source, map, region, target);
  else resample(source, map, region, target, fill);
}

const widened = ([height, width]: Size, by: number): Rectangle => ({
  left: -by,
  top: -by,
  right: width + by,
  bottom: height + by,
});

const intersect = (a: Rectangle, b: Rectangle): Rectangle => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});

const area = (r: Rectangle): number => (r.right - r.left) * (r.bottom - r.top);

/** A region stored without gaps, from the first word. */
function densely(words: Int32Array, region: Rectangle): Placement {
  const stride = region.right - region.left;
  return { words, origin: -region.top * stride - region.left, stride };
}
