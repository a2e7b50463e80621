/** Prints diagnostics for a terminal, in the manner of rustc: each place as a line of the source with a mark below it. */

import { type Diagnostic, inOrder, type Place, type Severity } from "./diagnostic.js";
import { width as columns, lineText, position, type Sources, visible } from "./text.js";

export interface RenderOptions {
  readonly colour: boolean;
  /** How many are shown in full; the rest is counted. */
  readonly limit?: number;
}

type Paint = (text: string) => string;
const ansi =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;
const plain: Paint = (text) => text;

const WIDEST = 120;
const shades: Readonly<Record<Severity, number>> = { error: 31, warning: 33, note: 36 };

export const render = (
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  { colour, limit = 20 }: RenderOptions,
): string => {
  const sorted = inOrder(diagnostics);
  const blocks = sorted.slice(0, limit).map((d) => block(d, sources, colour));
  return [...blocks, ...rest(sorted.slice(limit)), ""].join("\n");
};

const rest = (hidden: readonly Diagnostic[]): readonly string[] =>
  hidden.length === 0 ? [] : [`… and ${hidden.length} more; fix these first`];

const block = (d: Diagnostic, sources: Sources, colour: boolean): string => {
  const main = colour ? ansi(shades[d.severity]) : plain;
  const faint = colour ? ansi(34) : plain;
  const bold = colour ? ansi(1) : plain;
  const snippets = [d.primary, ...d.related].flatMap((p, i) => locate(p, i === 0, sources));
  const width = Math.max(1, ...snippets.map((s) => String(s.line).length));
  const pad = " ".repeat(width + 1);
  return [
    `${main(`${d.severity}[${d.code}]`)}${bold(`: ${visible(d.message)}`)}`,
    ...snippets.flatMap((s, i) => draw(s, snippets[i - 1], width, s.main ? main : faint, faint)),
    ...d.notes.map((n) => `${pad} ${faint("=")} note: ${visible(n)}`),
    ...d.help.map((h) => `${pad} ${faint("=")} help: ${visible(h)}`),
    "",
  ].join("\n");
};

interface Snippet {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** Offsets into `text` that are underlined. */
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly main: boolean;
}

/** A place over several lines is shown by its first. */
const locate = (place: Place, main: boolean, sources: Sources): readonly Snippet[] => {
  const at = place.at;
  if (at === undefined) return [];
  const source = sources.get(at.file) ?? "";
  const start = position(source, at.start);
  const end = position(source, at.end);
  const text = lineText(source, start.line);
  const from = start.column - 1;
  const to = end.line === start.line ? end.column - 1 : text.trimEnd().length;
  return [{ file: at.file, ...start, text, from, to, label: place.label, main }];
};

const draw = (
  s: Snippet,
  before: Snippet | undefined,
  width: number,
  paint: Paint,
  faint: Paint,
): readonly string[] => {
  const pad = " ".repeat(width + 1);
  const excerpt = clip(s);
  const sameFile = before?.file === s.file;
  const head = sameFile ? [] : [`${pad} ${faint("┌─")} ${visible(s.file)}:${s.line}:${s.column}`];
  if (s.text === "") return head;
  const shown = sameFile && before.line === s.line && clip(before).text === excerpt.text;
  const line = `${faint(`${String(s.line).padStart(width)} │`)} ${excerpt.text}`;
  const marked = columns(excerpt.text.slice(excerpt.from, excerpt.to));
  const mark = (s.main ? "^" : "-").repeat(Math.max(1, marked));
  const indent = " ".repeat(columns(excerpt.text.slice(0, excerpt.from)));
  const under = `${pad}  ${indent}${paint(`${mark} ${visible(s.label)}`.trimEnd())}`;
  return [...head, ...(shown ? [] : [line]), under];
};

type Excerpt = Pick<Snippet, "text" | "from" | "to">;

/** Of a long line, the part around its mark. */
const clip = ({ text, from, to }: Snippet): Excerpt => {
  const start = text.length <= WIDEST ? 0 : Math.max(0, from - WIDEST / 4);
  const end = Math.min(text.length, start + WIDEST);
  const lead = start > 0 ? "…" : "";
  const mark = lead + visible(text.slice(start, from));
  const marked = visible(text.slice(from, Math.max(from, Math.min(to, end))));
  const rest = visible(text.slice(from, end)) + (end < text.length ? "…" : "");
  return { text: mark + rest, from: mark.length, to: mark.length + marked.length };
};
