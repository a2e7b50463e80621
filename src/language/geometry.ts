/** Sizes, and what follows from crop and dilations alone: strides, feature sizes and channels of the stages. */

/** Of an image, in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** The same as a spec writes it, `[360, 480]`. */
export type Sides = readonly [height: number, width: number];

/**
 * A picture as large as it can be within `scale` times the base size, whose longer side bounds the picture's longer
 * one: mmcv's `rescale_size`, which cuts the bounds to whole pixels and rounds the sides, halves up.
 */
export const sizeWithin = ([height, width]: Sides, base: Sides, scale: number): Sides => {
  const bound = (side: number): number => Math.trunc(side * scale);
  const factor = Math.min(
    bound(Math.max(...base)) / Math.max(height, width),
    bound(Math.min(...base)) / Math.min(height, width),
  );
  const scaled = (side: number): number => Math.max(1, Math.floor(side * factor + 0.5));
  return [scaled(height), scaled(width)];
};

type Stages<A> = readonly [A, A, A, A];

/** Out size of a 3×3 (or 7×7) window of stride 2 that is padded by its half: ⌊(n − 1)/2⌋ + 1. */
export const halve = (n: number): number => Math.floor((n - 1) / 2) + 1;

/** Stage 1 keeps the stem's size; a later stage halves it unless it is dilated instead (section 3.1). */
export const stageStrides = ([, b, c, d]: Stages<number>): Stages<1 | 2> => {
  const stride = (dilation: number): 1 | 2 => (dilation > 1 ? 1 : 2);
  return [1, stride(b), stride(c), stride(d)];
};

/** Pixels of the input between neighbouring features: 8 for [1, 1, 2, 4]. */
export const outputStride = (dilations: Stages<number>): number =>
  stageStrides(dilations).reduce<number>((product, s) => product * s, 4);

/** Side of the map that leaves each stage, for an input of side `n`. */
export const stageSizes = (n: number, dilations: Stages<number>): Stages<number> => {
  const [first, second, third, fourth] = stageStrides(dilations);
  const next = (size: number, stride: 1 | 2): number => (stride === 2 ? halve(size) : size);
  const one = next(halve(halve(n)), first);
  const two = next(one, second);
  const three = next(two, third);
  return [one, two, three, next(three, fourth)];
};

/** Side of the backbone's last map: 60 for 473 at output stride 8. */
export const featureSize = (n: number, dilations: Stages<number>): number =>
  stageSizes(n, dilations)[3];

/** Channels that leave each stage. */
export const stageChannels = ({
  block,
  width,
}: {
  readonly block: "basic" | "bottleneck";
  readonly width: number;
}): Stages<number> => {
  const expansion = block === "bottleneck" ? 4 : 1;
  const channels = (stage: number): number => width * 2 ** stage * expansion;
  return [channels(0), channels(1), channels(2), channels(3)];
};
