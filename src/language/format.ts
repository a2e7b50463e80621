/** Puts the keys of a spec's text into canonical order, and keeps comments and layout. */

import * as E from "fp-ts/lib/Either.js";
import { isMap, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from "yaml";
import type { Tree } from "../source/tree.js";
import { parse } from "../source/yaml.js";
import type { JsonSchema } from "./codec.js";
import { spec } from "./spec.js";

/**
 * Keys in the order of the reference, unknown ones behind them. A comment goes with the key below it; one at the
 * head of the file stays there. Text whose meaning would change (an alias before its anchor, or no YAML at all)
 * comes back as it was.
 */
export const format = (text: string): string => {
  const before = parse("", text);
  if (E.isLeft(before)) return text;
  const { contents } = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
  const whole = { text, from: 0, to: text.length };
  const end = /\r?\n/.exec(text)?.[0] ?? "\n";
  const lines = sort(contents, spec.schema, whole, true).trimEnd();
  const sorted = `${lines.replaceAll(/\r?\n/g, end)}${end}`;
  const after = parse("", sorted);
  const same = E.isRight(after) && means(after.right) === means(before.right);
  return same ? sorted : text;
};

/** The tree's value as text, whatever the order of its keys. */
const means = (tree: Tree): string => {
  if (tree.kind === "list") return `[${tree.items.map(means).join(",")}]`;
  if (tree.kind === "leaf") return `${typeof tree.value}:${JSON.stringify(String(tree.value))}`;
  const entries = [...tree.entries].map(([k, { value }]) => `${JSON.stringify(k)}:${means(value)}`);
  return `{${entries.sort().join(",")}}`;
};

interface Range {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const slice = ({ text, from, to }: Range): string => text.slice(from, to);

/** The lines of a block map, sorted; `to` is where its last line ends. */
const sort = (node: unknown, schema: JsonSchema, range: Range, isRoot: boolean): string => {
  const fields = fieldsOf(schema);
  if (!isBlock(node, range.text) || fields === undefined) return slice(range);
  const order = Object.keys(fields);
  const { text } = range;
  const [first] = node.items;
  let from = isRoot && first ? lineStart(text, start(first.key)) : range.from;
  const head = text.slice(range.from, from);
  const chunks = node.items.map((pair) => {
    const to = lineEnd(text, endOf(pair) - 1);
    const chunk = { name: nameOf(pair), lines: inside(pair, fields, { text, from, to }) };
    from = to;
    return chunk;
  });
  const rank = ({ name }: { readonly name: string }): number =>
    order.includes(name) ? order.indexOf(name) : order.length;
  const sorted = chunks.toSorted((a, b) => rank(a) - rank(b)).map((c) => withEnd(c.lines));
  return head + sorted.join("") + text.slice(from, range.to);
};

/** A pair's own line as it is, and the map below it sorted. */
const inside = (pair: Pair, fields: Readonly<Record<string, JsonSchema>>, range: Range): string => {
  const field = fields[nameOf(pair)];
  if (field === undefined || !isBlock(pair.value, range.text)) return slice(range);
  const below = lineEnd(range.text, start(pair.key));
  const rest = sort(pair.value, field, { ...range, from: below }, false);
  return range.text.slice(range.from, below) + rest;
};

const withEnd = (lines: string): string => (lines.endsWith("\n") ? lines : `${lines}\n`);

/** A map whose keys each begin a line of their own. */
const isBlock = (node: unknown, text: string): node is YAMLMap =>
  isMap(node) &&
  node.flow !== true &&
  node.items.length > 0 &&
  node.items.every(({ key }) => text.slice(lineStart(text, start(key)), start(key)).trim() === "");

const rangeOf = (node: unknown): readonly [number, number] => {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return [range?.[0] ?? 0, range?.[1] ?? 0];
};

const start = (node: unknown): number => rangeOf(node)[0];

/** Where the last character of a pair stands; blocks end where their last item does. */
const endOf = ({ key, value }: Pair): number => Math.max(rangeOf(key)[1], endOfValue(value));

const endOfValue = (node: unknown): number => {
  const isFlow = (isMap(node) || isSeq(node)) && node.flow === true;
  const last = isMap(node) && !isFlow ? node.items.at(-1) : undefined;
  if (last !== undefined) return endOf(last);
  if (isSeq(node) && !isFlow && node.items.length > 0) return endOfValue(node.items.at(-1));
  return rangeOf(node)[1];
};

const lineStart = (text: string, offset: number): number => text.lastIndexOf("\n", offset - 1) + 1;

/** Behind the end of the line that the character stands on. */
const lineEnd = (text: string, offset: number): number => {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
};

const nameOf = ({ key }: Pair): string => (isScalar(key) ? String(key.value) : "");

/** The fields of the map that a value may be; those of several alternatives together. */
const fieldsOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> | undefined => {
  const alternatives = Array.isArray(schema.anyOf) ? (schema.anyOf as JsonSchema[]) : [schema];
  const fields = alternatives.flatMap((a) => (a.properties === undefined ? [] : [a.properties]));
  return fields.length === 0 ? undefined : Object.assign({}, ...fields);
};
