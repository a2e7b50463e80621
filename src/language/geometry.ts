/** Sizes, and what follows from crop and backbone alone: strides and sizes of the stages' maps. */

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

export type Strides = Stages<1 | 2>;

/** What of a backbone decides the sizes of its maps. */
export interface Strided {
  /** What follows the stem's convolutions. */
  readonly pool: "max" | "none";
  /** Of each stage's first block. */
  readonly strides: Strides;
}

/** Where nobody says otherwise: stage 1 keeps the stem's size; a later one halves it unless it is dilated (section 3.1). */
export const usualStrides = ([, b, c, d]: Stages<number>, first: 1 | 2 = 1): Strides => {
  const stride = (dilation: number): 1 | 2 => (dilation > 1 ? 1 : 2);
  return [first, stride(b), stride(c), stride(d)];
};

/** Stems halve with their first convolution, and with their pooling if they have one. */
const stemStride = ({ pool }: Pick<Strided, "pool">): 2 | 4 => (pool === "none" ? 2 : 4);

/** Pixels of the input between neighbouring features: 8 for strides 1, 2, 1, 1. */
export const outputStride = (of: Strided): number =>
  of.strides.reduce<number>((product, s) => product * s, stemStride(of));

/** Side of the map that leaves each stage, for an input of side `n`. */
export const stageSizes = (n: number, of: Strided): Stages<number> => {
  const [first, second, third, fourth] = of.strides;
  const next = (size: number, stride: 1 | 2): number => (stride === 2 ? halve(size) : size);
  const stem = stemStride(of) === 4 ? halve(halve(n)) : halve(n);
  const one = next(stem, first);
  const two = next(one, second);
  const three = next(two, third);
  return [one, two, three, next(three, fourth)];
};

/** Side of the backbone's last map: 60 for 473 at output stride 8. */
export const featureSize = (n: number, of: Strided): number => stageSizes(n, of)[3];
