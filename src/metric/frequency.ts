/** Weights for classes by how rare they are: pixels by class enter, one weight a class leaves. */

/**
 * Median frequency balancing (Eigen and Fergus, ICCV 2015, section 6.3.2): a class's frequency is its share of
 * the images in which it occurs, its weight the median frequency over its own. A class without pixels has 0.
 */
export const medianFrequency = (
  pixels: readonly number[],
  /** Pixels of the images in which each class occurs. */
  area: readonly number[],
): readonly number[] => {
  const frequencies = pixels.map((count, i) => (count === 0 ? 0 : count / area[i]!));
  const middle = median(frequencies.filter((f) => f > 0));
  return frequencies.map((f) => (f === 0 ? 0 : middle / f));
};

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  if (sorted.length === 0) return 0;
  return (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
};
