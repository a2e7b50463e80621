/** Rows of text enter; a table without lines leaves: names to the left, numbers to the right. */

import Table from "cli-table3";
import pc from "picocolors";

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
