/** Finds the word that the author of a misspelt one probably meant. */

/** Edits to turn `a` into `b`: insertions, deletions, substitutions, swaps of neighbours (optimal string alignment). */
export const distance = (a: string, b: string): number => {
  const rows: number[][] = [[...Array(b.length + 1).keys()]];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
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
