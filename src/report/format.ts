/** Numbers and tables as people read them. */

import Table from "cli-table3";
import pc from "picocolors";

const grouped = new Intl.NumberFormat("en-US");

/** `46,782,550`. */
export const count = (n: number): string => grouped.format(n);

/** Three or four digits and a prefix: `161.9 G`. */
export const scaled = (n: number): string => {
  const [unit, prefix] =
    (
      [
        [1e12, "T"],
        [1e9, "G"],
        [1e6, "M"],
        [1e3, "k"],
      ] as const
    ).find(([least]) => n >= least) ?? ([1, ""] as const);
  return prefix === "" ? `${n}` : `${(n / unit).toFixed(1)} ${prefix}`;
};

/** `14.2 GiB`. */
export const bytes = (n: number): string =>
  n >= 2 ** 30 ? `${(n / 2 ** 30).toFixed(1)} GiB` : `${(n / 2 ** 20).toFixed(1)} MiB`;

/** A share between 0 and 1 as the field prints it: `41.7`; a class without pixels has none. */
export const percent = (share: number | null, digits = 1): string =>
  share === null ? "–" : (100 * share).toFixed(digits);

/** `3 s`, `2 min 05 s`, `1 h 40 min`. */
export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  const two = (n: number): string => `${n}`.padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
};

/** Three digits that count: `0.00536`, `2.56e-7`. */
export const rateText = (rate: number): string =>
  rate > 0 && rate < 1e-4 ? rate.toExponential(2) : `${Number(rate.toPrecision(3))}`;

export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

export const text = (title: string): Column => ({ title, align: "left" });
export const figure = (title: string): Column => ({ title, align: "right" });

const none = Object.fromEntries(
  ["top", "bottom", "left", "right"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((part) => [`${side}${part}`, ""]),
  ),
);

export const table = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colour: boolean,
): string => {
  const { bold } = pc.createColors(colour);
  const drawn = new Table({
    head: columns.map(({ title }) => bold(title)),
    colAligns: columns.map(({ align }) => align),
    chars: { ...none, mid: "", "left-mid": "", "mid-mid": "", "right-mid": "", middle: "  " },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(...rows.map((row) => [...row]));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
};

/** The same in Markdown. */
export const markdown = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = columns.map(({ align }) => (align === "right" ? "--:" : "---"));
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  return [line(columns.map(({ title }) => title)), line(rule), ...escaped.map(line)].join("\n");
};
