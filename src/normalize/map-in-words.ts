/** A label map enters; a line that shows it leaves: `7 road, 8 sidewalk, …; ignored: 0…6, 9, 10`. */

import type { LabelMap } from "./experiment.js";

interface Run {
  readonly first: number;
  readonly last: number;
  readonly meaning: number | "ignore";
}

export const mapInWords = (map: LabelMap, classes: readonly string[]): string => {
  const runs = [...map].reduce<readonly Run[]>(extended, []);
  const meant = runs.flatMap((run) => (run.meaning === "ignore" ? [] : [meantRun(run, classes)]));
  const ignored = runs.flatMap((run) => (run.meaning === "ignore" ? [values(run)] : []));
  return `${meant.join(", ")}; ignored: ${ignored.join(", ")}`;
};

/** Values and classes that go up together are one run, and so are ignored neighbours. */
const extended = (
  runs: readonly Run[],
  [value, meaning]: readonly [number, number | "ignore"],
): readonly Run[] => {
  const run = runs.at(-1);
  const next = run !== undefined && value === run.last + 1 && follows(run, meaning);
  return next
    ? [...runs.slice(0, -1), { ...run, last: value }]
    : [...runs, { first: value, last: value, meaning }];
};

const follows = ({ first, last, meaning }: Run, next: number | "ignore"): boolean =>
  meaning === "ignore" || next === "ignore"
    ? meaning === next
    : next === meaning + (last - first) + 1;

const values = ({ first, last }: Run): string => (first === last ? `${first}` : `${first}…${last}`);

const meantRun = ({ first, last, meaning }: Run, classes: readonly string[]): string => {
  const name = (value: number): string => classes[Number(meaning) + value - first] ?? "";
  return last - first < 3
    ? Array.from({ length: last - first + 1 }, (_, i) => `${first + i} ${name(first + i)}`).join(
        ", ",
      )
    : `${first} ${name(first)} … ${last} ${name(last)}`;
};
