/** What an editor tells of the word under the pointer: its meaning, its value and where that is from, what follows. */

import * as E from "fp-ts/lib/Either.js";
import { formatPath, type Path } from "../diagnostic/diagnostic.js";
import { position } from "../diagnostic/text.js";
import { keyInWords } from "../language/schema.js";
import type { Row } from "../language/scope.js";
import type { Data, Experiment } from "../normalize/experiment.js";
import { describeOrigin } from "../normalize/origin.js";
import { flow } from "../source/flow.js";
import { classInWords, consequences } from "./consequences.js";
import { type Range, type Word, wordAt } from "./cursor.js";
import type { Document } from "./document.js";
import { meantBy, namesClass } from "./language.js";

export interface Hover {
  readonly range: Range;
  readonly markdown: string;
}

/** @param pixels of each class, where they were counted. */
export const hoverAt = (
  document: Document,
  offset: number,
  pixels?: readonly number[],
): Hover | undefined => {
  const word = wordAt(document.text, offset);
  if (word === undefined) return undefined;
  const lines = namesClass(word.path, word.on)
    ? ofClass(document, word, pixels)
    : ofKey(document, word);
  return lines.length === 0
    ? undefined
    : { range: { start: word.start, end: word.end }, markdown: lines.join("\n") };
};

/** The experiment that must be weighed before the hover at a position can be told. */
export const weighedAt = ({ text, check }: Document, offset: number): Experiment | undefined => {
  const word = wordAt(text, offset);
  const key = word === undefined ? "" : keyOf(meantBy(word.path)).join(".");
  const asks = ["train.batch", "train.accumulate", "train.memory"].includes(key);
  return asks && E.isRight(check.result) ? check.result.right.experiment : undefined;
};

/** The data whose classes the word at a position is one of. */
export const classifiedAt = ({ text, check }: Document, offset: number): Data | undefined => {
  const word = wordAt(text, offset);
  const isClass = word !== undefined && namesClass(word.path, word.on);
  return isClass && E.isRight(check.result) ? check.result.right.experiment.data : undefined;
};

const ofClass = (
  { look }: Document,
  { text }: Word,
  pixels: readonly number[] | undefined,
): readonly string[] => {
  if (look === undefined) return [];
  const told = look.observe(() => classInWords(text, look.value.experiment.data, pixels));
  return told.touched ? [] : told.value;
};

const ofKey = (document: Document, { path }: Word): readonly string[] => {
  const meant = keyOf(meantBy(path));
  const told = keyInWords(meant);
  if (told === undefined) return [];
  const { words, unit, values, source, default: usual } = told;
  const isOfSpec = path[0] !== "variants";
  return [
    `**\`${formatPath(meant)}\`**: ${values}${unit === undefined ? "" : `, in ${unit}`}`,
    "",
    words,
    ...(usual === "" ? [] : ["", `Default: ${usual}${source === undefined ? "" : ` (${source})`}`]),
    ...(isOfSpec ? [...resolved(document, meant), ...following(document, meant)] : []),
  ];
};

/** Of an item of a list the list's. */
const keyOf = (path: Path): Path => {
  const end = path.findLastIndex((step) => typeof step === "string");
  return path.slice(0, end + 1);
};

/** The value that the key comes to, and its origin. */
const resolved = ({ name, look, check }: Document, path: Path): readonly string[] => {
  const row = look?.origins.get(formatPath(path));
  if (row === undefined) return [];
  const value = row.value === null ? "nothing" : `\`${short(flow(row.value))}\``;
  return ["", `Here: ${value}, ${from(row, name, check.sources)}`];
};

const WIDEST = 120;
const short = (text: string): string =>
  text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;

const from = ({ origin }: Row, name: string, sources: ReadonlyMap<string, string>): string => {
  if (origin.kind !== "written") return describeOrigin(origin);
  const { file, start } = origin.span;
  if (file === name) return "written in this file";
  return `written in ${file}:${position(sources.get(file) ?? "", start).line}`;
};

/** Of a spec without mistakes. */
const following = ({ check }: Document, path: Path): readonly string[] => {
  const key = path.filter((step) => typeof step === "string").join(".");
  const follows = Object.hasOwn(consequences, key) ? consequences[key] : undefined;
  if (follows === undefined || E.isLeft(check.result)) return [];
  const lines = follows(check.result.right.experiment);
  return ["", ...lines.flatMap((line) => (line.startsWith("- ") ? [line] : [line, ""]))];
};
