/** Finds where the edits of a fix go in the author's text, and drops a fix that cannot be made there. */

import * as E from "fp-ts/lib/Either.js";
import type { Diagnostic, Edit, Fix, Path, Span } from "../diagnostic/diagnostic.js";
import type { Sources } from "../diagnostic/text.js";
import { isModule } from "../source/module.js";
import { at, find, type Tree } from "../source/tree.js";
import { parse } from "../source/yaml.js";

type Placed = Edit & { readonly at: Span };

/** Of a diagnostic that has its places. A safe fix changes the words that are wrong, and none elsewhere. */
export const placedFixes =
  (tree: Tree, sources: Sources) =>
  ({ primary, fixes }: Diagnostic): readonly Fix[] =>
    fixes.flatMap((fix) => {
      const edits = fix.edits.flatMap((edit) => placed(edit, tree, sources) ?? []);
      if (edits.length < fix.edits.length || !stillReads(edits, sources)) return [];
      const isWithin = edits.some((edit) => primary.at && holds(edit.at, primary.at));
      return fix.safe && !isWithin ? [] : [{ ...fix, edits }];
    });

const holds = (around: Span, { file, start, end }: Span): boolean =>
  around.file === file && around.start <= end && start <= around.end;

const placed = (edit: Edit, tree: Tree, sources: Sources): Placed | undefined => {
  const { path, on = "value" } = edit;
  if (edit.at !== undefined) return { ...edit, at: edit.at };
  const { span: key, exact } = find(tree, path, "key");
  const value = at(tree, path);
  const text = sources.get(key.file);
  if (!exact || value === undefined || text === undefined) return undefined;
  // Written in quotes, or as a part of a path, a key does not read as it is named.
  const isPlain = key.end - key.start === `${path.at(-1)}`.length;
  if (on === "key") return isPlain ? { ...edit, at: key } : undefined;
  if (isModule(key.file)) return undefined;
  if (on === "entry") {
    const range = isWhole(text, key) ? entryIn(text, key, value) : undefined;
    return range && { ...edit, at: { file: key.file, ...range } };
  }
  // An item of a list is its own key, and is never shown by another's.
  const isShown = typeof path.at(-1) === "number" || !isSame(key, value.span);
  if (isShown) return { ...edit, at: value.span };
  // A block is shown by its key: it begins behind the colon.
  if (value.kind === "leaf" || !isWhole(text, key) || !beginsLine(text, key)) return undefined;
  const colon = text.indexOf(":", key.end) + 1;
  const end = blockEnd(text, key);
  return { ...edit, text: ` ${edit.text}`, at: { file: key.file, start: colon, end } };
};

const isSame = (a: Span, b: Span): boolean =>
  a.file === b.file && a.start === b.start && a.end === b.end;

/** Whether the key is not a step of a longer path: `crop` of `train.crop: 89`, or of an override. */
const isWhole = (text: string, { start, end }: Span): boolean =>
  /(^|[\s{,])$/.test(text.slice(0, start)) && /^\s*:/.test(text.slice(end));

const lineStart = (text: string, offset: number): number => text.lastIndexOf("\n", offset - 1) + 1;

const beginsLine = (text: string, { start }: Span): boolean =>
  text.slice(lineStart(text, start), start).trim() === "";

/** Where the last line ends that belongs to a key: those below it that are indented deeper, or are items of its list. */
const blockEnd = (text: string, { start }: Span): number => {
  const column = start - lineStart(text, start);
  const first = endOfLine(text, start);
  let [end, next] = [first, first + 1];
  while (next < text.length) {
    const lineEnd = endOfLine(text, next);
    const line = text.slice(next, lineEnd);
    const indent = line.length - line.trimStart().length;
    const isItem = indent === column && /^\s*-(\s|$)/.test(line);
    if (line.trim() !== "" && indent <= column && !isItem) break;
    if (line.trim() !== "" && !line.trim().startsWith("#")) end = lineEnd;
    next = lineEnd + 1;
  }
  return end;
};

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
};

/** A key with its value, and the comma or the lines that are theirs. */
const entryIn = (text: string, key: Span, value: Tree): Omit<Span, "file"> | undefined => {
  if (beginsLine(text, key) && !isInFlow(text, key)) {
    const end = blockEnd(text, key);
    return { start: lineStart(text, key.start), end: Math.min(text.length, end + 1) };
  }
  if (isSame(key, value.span)) return undefined;
  const comma = beginsLine(text, key) ? /^\s*,\s*/ : /^\s*,[ \t]*/;
  const after = comma.exec(text.slice(value.span.end))?.[0].length;
  if (after !== undefined) return { start: key.start, end: value.span.end + after };
  const before = /,\s*$/.exec(text.slice(0, key.start))?.[0].length ?? 0;
  return { start: key.start - before, end: value.span.end };
};

/** Whether a comma, or a bracket that closes, ends the line's value. */
const isInFlow = (text: string, { start }: Span): boolean =>
  /[,}\]]\s*$/.test(text.slice(start, endOfLine(text, start)).replace(/\s#.*$/, "")) &&
  !/^[^:]*:\s*[[{]/.test(text.slice(start, endOfLine(text, start)));

/** A text that can be read as YAML can still be read afterwards, and no map is left with nothing below it. */
const stillReads = (edits: readonly Placed[], sources: Sources): boolean => {
  const delicate = edits.filter(({ on, text }) => on === "entry" || text.startsWith(" "));
  return delicate.every(({ at: { file, start, end }, text, path }) => {
    const before = sources.get(file) ?? "";
    const tree = parse(file, before.slice(0, start) + text + before.slice(end));
    return E.isRight(tree) && isFilled(tree.right, path.slice(0, -1));
  });
};

const isFilled = (tree: Tree, path: Path): boolean => {
  const map = at(tree, path);
  return map === undefined || map.kind !== "leaf" || map.value !== null;
};
