// @ts-check
/** Times of two sides that took turns enter; what is typical of them, and of their ratio, leaves. */

/** The value below which a share of the numbers lies, between neighbours by proportion. @param {readonly number[]} numbers @param {number} share */
export const quantile = (numbers, share) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at % 1);
};

/**
 * @typedef {{ median: number, low: number, high: number }} Spread the median and the quartiles
 * @param {readonly number[]} numbers @returns {Spread}
 */
export const spread = (numbers) => ({
  median: quantile(numbers, 0.5),
  low: quantile(numbers, 0.25),
  high: quantile(numbers, 0.75),
});

/**
 * Of the ratios round by round: a machine that is slower for a while is slower for both.
 * @param {readonly number[]} numbers @param {readonly number[]} ours
 */
export const ratios = (numbers, ours) => spread(numbers.map((value, i) => value / ours[i]));
