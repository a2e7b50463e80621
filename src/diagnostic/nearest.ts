/** Finds the word that the author of a misspelt one probably meant. */

/** Edits to turn `a` into `b`: insertions, deletions, substitutions, swaps of neighbours (optimal string alignment). */
export const distance = (a: string, b: string): number => {
  let [before, above]: readonly number[][] = [[], [...Array(b.length + 1).keys()]];
  const cell = (row: readonly number[] | undefined, column: number): number => row?.[column] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          cell(above, j) + 1,
          cell(row, j - 1) + 1,
          cell(above, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
          swapped ? cell(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, above] = [above, row];
  }
  return cell(above, b.length);
};

/** British and American, plural and singular count as near. Long words are not compared: they are no typing slips. */
export const nearest = (word: string, words: readonly string[]): string | undefined => {
  if (word.length > 64) return undefined;
  const given = word.toLowerCase();
  const scored = words
    .map((w) => ({ w, d: distance(given, w.toLowerCase()) }))
    .filter(({ w, d }) => d <= Math.max(1, Math.floor(Math.max(w.length, word.length) / 3)))
    .sort((x, y) => x.d - y.d);
  return scored[0]?.w;
};

/** A help line, or none. */
export const didYouMean = (word: string, words: readonly string[]): readonly string[] => {
  const meant = nearest(word, words);
  return meant === undefined ? [] : [`did you mean \`${meant}\`?`];
};
