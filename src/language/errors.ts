/** The messages about values that are not of the language. */

import { didYouMean, nearest } from "../diagnostic/nearest.js";
import { flow } from "../source/flow.js";
import { type Fault, type Instead, type Shape, shapeOf } from "./codec.js";

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
};

const found: Readonly<Record<Shape, (value: unknown) => string>> = {
  nothing: () => "nothing",
  flag: (v) => `the flag ${shown(v)}`,
  number: (v) => (Number.isFinite(v) ? `the number ${shown(v)}` : `${String(v)}`),
  text: (v) => `the text ${shown(v)}`,
  list: () => "a list",
  map: () => "a map",
};

/** `a`, `b` or `c`. */
export const either = (words: readonly (string | number)[]): string => {
  const quoted = words.map((w) => `\`${w}\``);
  return quoted.length < 2
    ? quoted.join("")
    : `${quoted.slice(0, -1).join(", ")} or ${quoted[quoted.length - 1]}`;
};

/** "an augmentation". */
export const a = (owner: string): string => `${/^[aeiou]/.test(owner) ? "an" : "a"} ${owner}`;

/** A network by the name that other programs give it. */
const depthIn = (value: unknown): string | undefined =>
  typeof value === "string" ? /^resnet[-_ ]?(\d+)$/i.exec(value)?.[1] : undefined;

const wrongTypeHelp = (expects: string, value: unknown): readonly string[] => {
  const depth = depthIn(value);
  if (depth !== undefined && /`backbone`/.test(expects)) return [`write \`{resnet: ${depth}}\``];
  if (depth !== undefined && expects.includes(`\`${depth}\``)) return [`write \`${depth}\``];
  const isNumeric =
    typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value));
  if (isNumeric && /number/.test(expects)) return ["remove the quotes"];
  if (value === null && expects.startsWith("`none`")) return ["write `none`"];
  if (value === null) return ["write a value, or leave the key out"];
  if (/`true`/.test(expects) && typeof value === "string") {
    const word = flagOf(value);
    return [word === undefined ? "write `true` or `false`, unquoted" : `write \`${word}\``];
  }
  return [];
};

const flagOf = (word: string): "true" | "false" | undefined => {
  if (/^(yes|on|y|true)$/i.test(word)) return "true";
  return /^(no|off|n|false)$/i.test(word) ? "false" : undefined;
};

/** What the author surely meant: the number without its quotes, the flag, the word for nothing. */
const meantBy = (expects: string, value: unknown): readonly Instead[] => {
  const isNumber = typeof value === "string" && /^\d+(\.\d+)?$/.test(value);
  if (isNumber && /number/.test(expects)) return [{ text: value, safe: true }];
  if (value === null && expects.startsWith("`none`")) return [{ text: "none", safe: true }];
  const word = /`true`/.test(expects) && typeof value === "string" ? flagOf(value) : undefined;
  return word === undefined ? [] : [{ text: word, safe: true }];
};

/** A word that is nearly the one that was written: a guess. */
const nearly = (word: unknown, words: readonly (string | number)[]): readonly Instead[] => {
  const meant = typeof word === "string" ? nearest(word, words.map(String)) : undefined;
  return meant === undefined ? [] : [{ text: flow(meant), safe: false }];
};

export const wrongType = (expects: string, value: unknown): Fault => ({
  code: "E0203",
  message: `expected ${expects}, found ${found[shapeOf(value)](value)}`,
  label: `expected ${expects}`,
  help: wrongTypeHelp(expects, value),
  instead: meantBy(expects, value),
});

export const unknownKey = (
  key: string,
  owner: string,
  known: readonly string[],
  hint: string | undefined,
  meant: string | undefined,
): Fault => ({
  code: "E0201",
  unknown: { meant },
  message: `\`${key}\` is not a key of ${owner}`,
  label: "unknown key",
  on: "key",
  notes: hint === undefined ? [`keys of ${owner}: ${known.join(", ")}`] : [],
  help: hint === undefined ? didYouMean(key, known) : [hint],
});

export const missingKey = (key: string, owner: string, expects: string): Fault => ({
  code: "E0202",
  message: `${owner} lacks the key \`${key}\``,
  label: `\`${key}\` is missing`,
  lacks: key,
  on: "key",
  help: [`add \`${key}:\` with ${expects}`],
});

/** A key that has a default for some values of another key only. */
export const missingUnless = (
  key: string,
  owner: string,
  expects: string,
  unless: string,
  is: readonly string[],
): Fault => ({
  ...missingKey(key, owner, expects),
  notes: [`it has a default only where \`${unless}\` is ${either(is)}`],
});

const choiceHelp = (value: string, choices: readonly (string | number)[]): readonly string[] => {
  if (choices.join() === "none" && /^(balanced|median|inverse|auto)/i.test(value))
    return ["write a weight for each class; `pspc data stats SPEC` prints balanced ones"];
  return didYouMean(value, choices.map(String));
};

export const notAChoice = (value: unknown, choices: readonly (string | number)[]): Fault => ({
  code: "E0204",
  message: `${shown(value)} is not one of the choices here`,
  label: `expected ${either(choices)}`,
  help: typeof value === "string" ? choiceHelp(value, choices) : [],
  instead: nearly(value, choices),
});

export const outOfRange = (value: number, expects: string, because: readonly string[]): Fault => ({
  code: "E0205",
  message: `${value} is out of range: expected ${expects}`,
  label: `expected ${expects}`,
  notes: because,
});

export const unknownTag = (
  tag: string,
  owner: string,
  tags: readonly string[],
  hint: string | undefined,
): Fault => ({
  code: "E0206",
  message: `there is no ${owner} called \`${tag}\``,
  label: `unknown ${owner}`,
  notes: [`known: ${tags.join(", ")}`],
  help: hint === undefined ? didYouMean(tag, tags) : [hint],
  instead: hint === undefined ? nearly(tag, tags) : [],
});

export const notOneTag = (owner: string, tags: readonly string[], count: number): Fault => ({
  code: "E0207",
  message: count === 0 ? `${a(owner)} needs a name` : `one ${owner} at a time, found ${count}`,
  label: `expected one of ${either(tags)}`,
  help: count === 0 ? [] : ["in a list, make each an item of its own"],
});

export const notAlone = (owner: string, key: string, others: readonly string[]): Fault => ({
  code: "E0207",
  message: `\`${key}\` says all of ${owner}, so no other key may stand beside it`,
  label: `beside \`${key}\`: ${others.join(", ")}`,
  help: [`keep \`${key}\` alone, or write a map from values to class names`],
});

export const tagNeedsValue = (tag: string, owner: string, expects: string): Fault => ({
  code: "E0207",
  message: `the ${owner} \`${tag}\` needs ${expects}`,
  label: "has no value",
  help: [`write \`{${tag}: …}\``],
});

export const wrongLength = (expects: string, count: number): Fault => ({
  code: "E0208",
  message: `expected ${expects}, found ${count === 0 ? "an empty list" : `${count} of them`}`,
  label: `expected ${expects}`,
});

export const emptyText = (expects: string): Fault => ({
  code: "E0209",
  message: `expected ${expects}, found empty text`,
  label: "empty",
});

export const malformedText = (value: string, expects: string): Fault => ({
  code: "E0210",
  message: `${shown(value)} is not ${expects}`,
  label: `expected ${expects}`,
});

export const wrongKeyForm = (key: string, expects: string): Fault => ({
  code: "E0211",
  message: `the key \`${key}\` is not ${expects}`,
  label: `expected ${expects}`,
  on: "key",
});
