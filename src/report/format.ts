/** Numbers and tables as people read them. */

import { visible, width } from "../diagnostic/text.js";

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

/** The first names, and how many more there are: a spec may have a thousand variants. */
export const someOf = (names: readonly string[], most = 12): string =>
  names.length <= most
    ? names.join(", ")
    : `${names.slice(0, most).join(", ")} and ${count(names.length - most)} more`;

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
  readonly style?: (cell: string) => string;
  /** Says nothing that another column does not, and goes where there is no room. */
  readonly spare?: true;
}

export const text = (title: string): Column => ({ title, align: "left" });
export const figure = (title: string): Column => ({ title, align: "right" });

type Cells = readonly (readonly string[])[];

/** Two spaces between columns, and before them the sign by which `inRoom` knows a column. */
const [COLUMN, SPARE] = ["\uFDD8", "\uFDD9"];

/** Without lines: names to the left, numbers to the right, two spaces between. What prints it makes it fit its room. */
export const table = (columns: readonly Column[], rows: Cells): string => {
  const titles = columns.map(({ title }) => visible(title));
  const cells = rows.map((row) => row.map(visible));
  const widths = titles.map((title, i) =>
    Math.max(width(title), ...cells.map((row) => width(row[i] ?? ""))),
  );
  const line = (row: readonly string[], style: (column: Column) => Column["style"]): string =>
    columns
      .map((column, i) => {
        const cell = row[i] ?? "";
        const space = " ".repeat((widths[i] ?? 0) - width(cell));
        const drawn = cell === "" ? "" : (style(column)?.(cell) ?? cell);
        const sign = i === 0 ? "" : `${column.spare ? SPARE : COLUMN}  `;
        return sign + (column.align === "left" ? drawn + space : space + drawn);
      })
      .join("");
  return [line(titles, () => bold), ...cells.map((row) => line(row, ({ style }) => style))].join(
    "\n",
  );
};

/**
 * A text whose tables are no wider than `room` characters: spare columns go, and of the others as many stand side by
 * side as fit; those that are left follow below, behind the first column once more.
 */
const inRoom = (text: string, room: number): string => {
  const isRow = (line: string): boolean => line.includes(COLUMN) || line.includes(SPARE);
  const parts: string[][] = [];
  for (const line of text.split("\n")) {
    const last = parts.at(-1);
    if (last !== undefined && isRow(line) && isRow(last[0] ?? "")) last.push(line);
    else parts.push([line]);
  }
  return parts
    .flatMap((lines) => (isRow(lines[0] ?? "") ? narrowed(lines, room) : lines))
    .join("\n");
};

const narrowed = (lines: readonly string[], room: number): readonly string[] => {
  const rows = lines.map((line) => line.split(/(?=[\uFDD8\uFDD9])/));
  const columns = Array.from({ length: Math.max(...rows.map(({ length }) => length)) }, (_, i) => {
    const cells = rows.map((row) => row[i] ?? "");
    const wide = Math.max(...cells.map((cell) => width(cell.replace(/[\uFDD0-\uFDEF]/g, ""))));
    return { cells, wide, spare: cells.some((cell) => cell.startsWith(SPARE)) };
  });
  const wide = (some: readonly { readonly wide: number }[]): number =>
    some.reduce((sum, column) => sum + column.wide, 0);
  const [first, ...others] = columns;
  if (first === undefined || wide(columns) <= room) return lines.map(ended);
  const groups: (typeof columns)[] = [];
  for (const column of others.filter(({ spare }) => !spare)) {
    const last = groups.at(-1);
    if (last !== undefined && wide([first, ...last, column]) <= room) last.push(column);
    else groups.push([column]);
  }
  return groups.flatMap((group, g) => [
    ...(g === 0 ? [] : [""]),
    ...lines.map((_, row) => ended([first, ...group].map(({ cells }) => cells[row]).join(""))),
  ]);
};

/** A row without the blank cells at its end. */
const ended = (row: string): string => row.replace(/[ \uFDD8\uFDD9]+$/, "");

/** The same in Markdown. */
export const markdown = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = columns.map(({ align }) => (align === "right" ? "--:" : "---"));
  const escaped = (cell: string): string => visible(cell).replaceAll("|", "\\|");
  const titles = columns.map(({ title }) => escaped(title));
  return [line(titles), line(rule), ...rows.map((row) => line(row.map(escaped)))].join("\n");
};

/** Styles as noncharacters of Unicode (23.7), which no other text holds: what prints knows whether there is a terminal. */
const codes: ReadonlyMap<string, number> = new Map([
  ["\uFDD0", 1],
  ["\uFDD1", 31],
  ["\uFDD2", 32],
  ["\uFDD3", 33],
  ["\uFDDF", 0],
]);

const styled =
  (mark: string) =>
  (text: string): string =>
    `${mark}${text}\uFDDF`;

export const bold = styled("\uFDD0");
export const red = styled("\uFDD1");
export const green = styled("\uFDD2");
export const yellow = styled("\uFDD3");

/**
 * The one way of a text to a terminal: lines, tabs and our styles; whatever else would command it is replaced.
 * Without `colour`, styles are left out. `room` is the terminal's width.
 */
export const printable = (
  text: string,
  colour: boolean,
  room: number = Number.POSITIVE_INFINITY,
): string =>
  inRoom(text, room)
    .replace(/(?!\r\n)[\p{Cc}\p{Cs}\u202A-\u202E\u2066-\u2069]/gu, (sign) =>
      sign === "\n" || sign === "\t" ? sign : "\uFFFD",
    )
    .replace(/[\uFDD0-\uFDEF]/g, (mark) => {
      const code = codes.get(mark);
      return colour && code !== undefined ? `\u001b[${code}m` : "";
    });

/** JSON means the same with its escapes; a terminal obeys none of them. */
export const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(
    /[\u007F-\u009F\u202A-\u202E\u2066-\u2069\uFDD0-\uFDEF]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
