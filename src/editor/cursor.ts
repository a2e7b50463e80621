/** Finds where in a spec a position of its text stands, also while the text is half typed. */

import { isMap, isScalar, isSeq, type Pair } from "yaml";
import type { Path } from "../diagnostic/diagnostic.js";
import { contentsOf } from "../source/yaml.js";

/** Offsets of a text in UTF-16 units, the end excluded. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A key or a scalar of the text. */
export interface Word extends Range {
  /** Of the key, or of the value that the scalar is. */
  readonly path: Path;
  readonly on: "key" | "value";
  readonly text: string;
}

/** Every key and every scalar of a text, in its order. */
export const wordsIn = (text: string): readonly Word[] => below(contentsOf(text), []);

/** The one that a position stands on, or behind. */
export const wordAt = (text: string, offset: number): Word | undefined =>
  wordsIn(text).find(({ start, end }) => start <= offset && offset <= end);

const below = (node: unknown, path: Path): readonly Word[] => {
  if (isMap(node)) return node.items.flatMap((pair) => ofPair(pair, path));
  if (isSeq(node)) return node.items.flatMap((item, i) => below(item, [...path, i]));
  const range = rangeOf(node);
  if (range === undefined || !isScalar(node)) return [];
  return [{ path, on: "value", text: String(node.value), ...range }];
};

const ofPair = ({ key, value }: Pair, path: Path): readonly Word[] => {
  const range = rangeOf(key);
  if (range === undefined || !isScalar(key)) return [];
  const name = String(key.value);
  const at = [...path, name];
  return [{ path: at, on: "key", text: name, ...range }, ...below(value, at)];
};

/** Of a node with characters of its own. */
const rangeOf = (node: unknown): Range | undefined => {
  if (!isScalar(node)) return undefined;
  const [start, end] = node.range ?? [];
  return start === undefined || end === undefined || end <= start ? undefined : { start, end };
};

/** A place where something may be typed. */
export interface Gap {
  /** Of the map that the key would stand in, or of the value. */
  readonly path: Path;
  readonly on: "key" | "value";
  /** What was typed of it, and what of it stands behind the position: both are replaced. */
  readonly typed: Range;
  /** Keys that the map has already. */
  readonly beside: readonly string[];
  /** Whether a colon follows. */
  readonly isFollowed: boolean;
}

/** A word that no spec holds. */
const MARK = "\uE000";

const typedPart = /[\w./-]*$/;
const restOfWord = /^[\w./-]*/;
/** Before the first word of a block's line. */
const beginsLine = /^\s*(-\s+)*$/;

/**
 * The text up to the position ends in a word of ours, as a key where it begins a line. What stands behind does not
 * count, so that brackets may still be open and lines unfinished.
 */
export const gapAt = (text: string, offset: number): Gap | undefined => {
  const before = text.slice(0, offset);
  const start = offset - (typedPart.exec(before)?.[0].length ?? 0);
  const end = offset + (restOfWord.exec(text.slice(offset))?.[0].length ?? 0);
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const marked = `${text.slice(0, start)}${MARK}${beginsLine.test(line) ? ":" : ""}`;
  const word = wordsIn(marked).find((each) => each.text === MARK);
  if (word === undefined) return undefined;
  const path = word.on === "key" ? word.path.slice(0, -1) : word.path;
  const isFollowed = /^\s*:/.test(text.slice(end));
  // A word without its colon would keep the lines behind it from being read.
  const whole = isFollowed
    ? text
    : text.slice(0, start) + " ".repeat(end - start) + text.slice(end);
  const others = [...wordsIn(marked), ...wordsIn(whole)].filter(
    (each) => each.on === "key" && isIn(each.path, path) && !isTouched(each, start, end),
  );
  return {
    path,
    on: word.on,
    typed: { start, end },
    beside: others.map((each) => each.text).filter((name) => name !== MARK),
    isFollowed,
  };
};

const isIn = (path: Path, map: Path): boolean =>
  path.length === map.length + 1 && map.every((step, i) => step === path[i]);

const isTouched = (word: Range, start: number, end: number): boolean =>
  word.start < end && start < word.end;
