/** Parses YAML into a tree in which every value knows its place, or finds every mistake in the text. */

import * as E from "fp-ts/lib/Either.js";
import { type Alias, isAlias, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from "yaml";
import {
  type Checked,
  type Diagnostic,
  type Path,
  reject,
  rejectAll,
  type Span,
  unless,
} from "../diagnostic/diagnostic.js";
import { didYouMean } from "../diagnostic/nearest.js";
import { position } from "../diagnostic/text.js";
import * as says from "./errors.js";
import type { Entry, Scalar, Tree } from "./tree.js";

const MAX_LENGTH = 200_000;
const MAX_DEPTH = 32;
const CORE_TAG = /^tag:yaml\.org,2002:/;
/** More than any spec needs; what ten nested aliases of ten reach is far above. */
const MAX_VALUES = 20_000;

/** Of a whole file: an empty one is a mistake. */
export const parse = (file: string, text: string): Checked<Tree> => {
  const start = { file, start: 0, end: 0 };
  if (text.length > MAX_LENGTH) return reject(says.tooLarge(start, MAX_LENGTH));
  const tree = parseFrom(file, text, 0);
  const empty = E.isRight(tree) && tree.right.kind === "leaf" && tree.right.value === null;
  return empty ? reject(says.emptySpec(start)) : tree;
};

/** Of the text from `offset` on; places count from the text's beginning. */
export const parseFrom = (file: string, text: string, offset: number): Checked<Tree> => {
  const yaml = text.slice(offset);
  const document = composed(yaml);
  const at = (start: number, end: number): Span => ({
    file,
    start: start + offset,
    end: end + offset,
  });
  if (document === undefined) return reject(says.tooDeep(at(0, 0), MAX_DEPTH));
  if (document.errors.length > 0) return rejectAll(syntaxMistakes(document.errors, yaml, at));
  const reader = new Reader(yaml, at);
  const tree = reader.read(document.contents, [], at(0, 0));
  return unless(reader.found, () => tree);
};

interface Composed {
  readonly contents: unknown;
  readonly errors: readonly { code: string; message: string; pos: [number, number] }[];
}

/**
 * For editors: the library's nodes of a text that need not be whole. It closes what is open and goes on behind what it
 * cannot read. Nothing for a text beyond the bounds.
 */
export const contentsOf = (yaml: string): unknown =>
  yaml.length > MAX_LENGTH ? undefined : composed(yaml)?.contents;

/** Nothing for a text whose nesting would exhaust the library's stack: it recurses. */
const composed = (yaml: string): Composed | undefined =>
  nesting(yaml) > 2 * MAX_DEPTH || NESTED_MARKS.test(yaml)
    ? undefined
    : parseDocument(yaml, { uniqueKeys: false, prettyErrors: false, logLevel: "error" });

/** Blocks within blocks on one line: `- - - …`. */
const NESTED_MARKS = /(?:[-?:][ \t]+){64}/;

/** The most brackets that are open at once. Those in text and comments count too, and hurt nobody. */
const nesting = (yaml: string): number => {
  let [open, most] = [0, 0];
  for (const sign of yaml.match(/[[\]{}]/g) ?? []) {
    open = Math.max(0, open + (sign === "[" || sign === "{" ? 1 : -1));
    most = Math.max(most, open);
  }
  return most;
};

type Ranged = { readonly range?: readonly number[] | null | undefined };

class Reader {
  readonly found: Diagnostic[] = [];
  private readonly anchors = new Map<string, unknown>();
  private readonly targets = new Map<Alias, unknown>();
  private readonly open = new Set<unknown>();
  private values = 0;

  constructor(
    private readonly yaml: string,
    private readonly at: (start: number, end: number) => Span,
  ) {}

  /** `around` is shown for a value that has no characters of its own. */
  read(node: unknown, path: Path, around: Span): Tree {
    const span = this.span(node, around);
    const nothing: Tree = { kind: "leaf", value: null, span };
    if (++this.values > MAX_VALUES)
      return this.refuseOnce(says.tooManyValues(span, MAX_VALUES), nothing);
    if (path.length > MAX_DEPTH) return this.refuseOnce(says.tooDeep(span, MAX_DEPTH), nothing);
    if (isAlias(node)) return this.alias(node, path, span);
    this.inspect(node, span, path);
    if (isMap(node)) return { kind: "map", entries: this.entries(node, path, span), span };
    if (isSeq(node)) {
      return {
        kind: "list",
        items: node.items.map((n, i) => this.read(n, [...path, i], span)),
        span,
      };
    }
    return isScalar(node) ? { kind: "leaf", value: scalar(node.value), span } : nothing;
  }

  private inspect(node: unknown, span: Span, path: Path): void {
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) return;
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node);
    if (node.tag !== undefined) {
      this.found.push(says.unknownTag(node.tag.replace(CORE_TAG, "!!"), span, path));
    }
  }

  private alias(node: Alias, path: Path, span: Span): Tree {
    const nothing: Tree = { kind: "leaf", value: null, span };
    const target = this.target(node);
    if (target === undefined) {
      const help = didYouMean(node.source, [...this.anchors.keys()]);
      return this.refuse(says.unknownAlias(node.source, span, path, help), nothing);
    }
    if (this.open.has(target)) return this.refuseOnce(says.aliasCycle(node.source, span), nothing);
    this.open.add(target);
    const tree = this.read(target, path, span);
    this.open.delete(target);
    return { ...tree, span };
  }

  /** The last node of that name before the alias, also when the alias is read again through another. */
  private target(alias: Alias): unknown {
    const target = this.targets.get(alias) ?? this.anchors.get(alias.source);
    this.targets.set(alias, target);
    return target;
  }

  private entries(node: YAMLMap, path: Path, around: Span): ReadonlyMap<string, Entry> {
    const entries = new Map<string, Entry>();
    this.open.add(node);
    for (const pair of node.items) {
      const at = this.span(pair.key, around);
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      if (typeof key !== "string" && typeof key !== "number" && typeof key !== "boolean") {
        this.found.push(says.keyNotText(at, path));
        continue;
      }
      const name = String(key);
      const first = entries.get(name);
      if (first) this.found.push(says.duplicateKey(name, at, first.key, [...path, name]));
      else entries.set(name, this.entry(pair.value, at, [...path, name]));
    }
    this.open.delete(node);
    return entries;
  }

  /** A block of several lines is shown by its key. */
  private entry(node: unknown, key: Span, path: Path): Entry {
    const value = this.read(node, path, key);
    const lines = this.yaml.slice(
      value.span.start - this.at(0, 0).start,
      value.span.end - this.at(0, 0).start,
    );
    const block = value.kind !== "leaf" && lines.includes("\n");
    return { key, value: block ? { ...value, span: key } : value };
  }

  private span(node: unknown, around: Span): Span {
    const [start, end] = (node as Ranged | null)?.range ?? [];
    if (start === undefined || end === undefined) return around;
    const trimmed = start + this.yaml.slice(start, end).trimEnd().length;
    return trimmed > start ? this.at(start, trimmed) : around;
  }

  private refuse(diagnostic: Diagnostic, tree: Tree): Tree {
    this.found.push(diagnostic);
    return tree;
  }

  /** For mistakes that each further value would repeat. */
  private refuseOnce(diagnostic: Diagnostic, tree: Tree): Tree {
    return this.found.some((d) => d.code === diagnostic.code)
      ? tree
      : this.refuse(diagnostic, tree);
  }
}

const scalar = (value: unknown): Scalar => {
  if (typeof value === "bigint") return Number(value);
  const known =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return known ? value : null;
};

interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

type Remedy = readonly [reason: string, help: string];

/** What is wrong, and what to do, for the errors that authors make; by code, or by code and a word of the message. */
const remedies: Readonly<Record<string, Remedy>> = {
  "BAD_INDENT Flow sequence": ["a `[` is still open here", "close the list with `]`"],
  "BAD_INDENT Flow map": ["a `{` is still open here", "close the map with `}`"],
  BAD_INDENT: ["indented unlike its neighbours", "keys of one map begin in the same column"],
  BAD_SCALAR_START: ["a value cannot begin with this character", "put the value in quotes"],
  BAD_DQ_ESCAPE: [
    "not an escape of double-quoted text",
    "use single quotes for text with backslashes",
  ],
  BLOCK_AS_IMPLICIT_KEY: [
    "a second key inside this value",
    "quote text that holds `: `, and begin keys of one map in the same column",
  ],
  BLOCK_IN_FLOW: ["a block inside `[…]` or `{…}`", "separate the items by commas"],
  "MISSING_CHAR Missing closing": ["a quote is still open here", "close the quote"],
  "MISSING_CHAR Flow sequence": ["a `[` is still open here", "close the list with `]`"],
  "MISSING_CHAR Flow map": ["a `{` is still open here", "close the map with `}`"],
  MISSING_CHAR: ["a key without a colon", "put `: `, a colon and a space, after the key"],
  MULTILINE_IMPLICIT_KEY: ["a key without a colon", "put `: `, a colon and a space, after the key"],
  MULTIPLE_ANCHORS: ["a second anchor", "keep one"],
  UNEXPECTED_TOKEN: ["not expected here", "look at the lines before: is a quote or bracket open?"],
};

const remedyFor = ({ code, message }: YamlError): Remedy => {
  const said = `${code} ${message}`;
  const [, special] = Object.entries(remedies).find(([key]) => said.startsWith(`${key} `)) ?? [];
  return special ?? [decapitalised(message), "fix the line"];
};

export const syntaxMistakes = (
  errors: readonly YamlError[],
  yaml: string,
  at: (start: number, end: number) => Span,
): readonly Diagnostic[] => {
  const lines = new Map(errors.toReversed().map((e) => [position(yaml, e.pos[0]).line, e]));
  return [...lines.values()].map((e) => mistake(e, yaml, at));
};

const mistake = (
  { code, message, pos }: YamlError,
  yaml: string,
  at: (start: number, end: number) => Span,
): Diagnostic => {
  const place = at(Math.min(pos[0], yaml.length), Math.min(Math.max(pos[1], pos[0]), yaml.length));
  if (code === "TAB_AS_INDENT" || isTabbed(yaml, pos[0])) return says.tab(place);
  if (code === "MULTIPLE_DOCS") return says.severalDocuments(place);
  if (code === "TAG_RESOLVE_FAILED") return says.unknownTag(yaml.slice(...pos), place, []);
  const [reason, help] = remedyFor({ code, message, pos });
  return says.syntax(place, reason, [help]);
};

/** Whether the line is indented with a tab: the library often blames what comes after it. */
const isTabbed = (yaml: string, offset: number): boolean => {
  const line = yaml.slice(yaml.lastIndexOf("\n", offset - 1) + 1);
  return /^ *\t/.test(line);
};

const decapitalised = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
