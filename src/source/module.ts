/** Makes a tree of a spec that was run as a module: each value at the place that wrote it; or says why there is none. */

import {
  type AnyNode,
  type ObjectExpression,
  type Program,
  parse,
  type SpreadElement,
} from "acorn";
import {
  type Checked,
  type Diagnostic,
  type Path,
  rejectAll,
  type Span,
  unless,
} from "../diagnostic/diagnostic.js";
import { offset } from "../diagnostic/text.js";
import * as says from "./errors.js";
import type { Entry, Plain, Tree } from "./tree.js";

/** A spec in TypeScript or JavaScript, by its name. */
export const isModule = (path: string): boolean => /\.[cm]?[jt]s$/.test(path);

/** What running a module came to. Lines count from 1, columns from 0, as engines count them. */
export type Outcome =
  /** The default export as plain data; `strange` names what in it is not. */
  | { readonly kind: "value"; readonly value: Plain; readonly strange: readonly Strange[] }
  | { readonly kind: "syntax"; readonly reason: string; readonly at: Point; readonly end: Point }
  /** `at` is missing where the error comes from elsewhere; `from` tells where. */
  | {
      readonly kind: "thrown";
      readonly reason: string;
      readonly at?: Point;
      readonly from?: string;
    }
  /** It has exports, and none by default. */
  | { readonly kind: "nameless"; readonly exports: readonly string[] }
  /** It ended its own process, waited for what never came, or did not end. */
  | { readonly kind: "unfinished"; readonly reason: string };

export interface Point {
  readonly line: number;
  readonly column: number;
}

export interface Strange {
  readonly path: Path;
  /** "a function", "a Date". */
  readonly what: string;
}

/** A module's text, the same without its types (character for character), and what running it came to. */
export interface Evaluated {
  readonly text: string;
  readonly code: string;
  readonly outcome: Outcome;
}

export const parseModule = (file: string, { text, code, outcome }: Evaluated): Checked<Tree> => {
  if (outcome.kind !== "value") return rejectAll([failed(file, text, outcome)]);
  const whole = { file, start: 0, end: 0 };
  const written = writtenBy(code);
  const tree = new Placer(file, text, written).place(outcome.value, written.root, whole, whole);
  const strange = outcome.strange.map(({ path, what }) => says.notData(path, what, tree));
  return unless(strange, () => tree);
};

const failed = (
  file: string,
  text: string,
  outcome: Exclude<Outcome, { kind: "value" }>,
): Diagnostic => {
  const start: Span = { file, start: 0, end: 0 };
  const spanAt = (from: Point, to: Point): Span => ({
    file,
    start: offset(text, from),
    end: Math.max(offset(text, from), offset(text, to)),
  });
  if (outcome.kind === "syntax")
    return says.notTypeScript(spanAt(outcome.at, outcome.end), outcome.reason);
  if (outcome.kind === "nameless") return says.noDefaultExport(start, outcome.exports);
  if (outcome.kind === "unfinished") return says.moduleFailed(start, outcome.reason);
  const at = outcome.at === undefined ? start : spanAt(outcome.at, outcome.at);
  return says.moduleFailed(at, outcome.reason, outcome.from);
};

/** Walks value and source side by side, as far as the source writes the value out. */
class Placer {
  constructor(
    private readonly file: string,
    private readonly text: string,
    private readonly written: Written,
  ) {}

  /** `around` is the innermost written part, for what the source computes; `key` stands for a block of lines. */
  place(value: Plain, node: Expression | undefined, around: Span, key: Span): Tree {
    const span = node === undefined ? around : this.shown(node, key);
    if (Array.isArray(value)) {
      const items = value.map((item: Plain, i) => {
        const inner = node && this.written.item(node, i);
        return this.place(item, inner, span, inner ? this.span(inner) : span);
      });
      return { kind: "list", items, span };
    }
    if (typeof value !== "object" || value === null) {
      return { kind: "leaf", value, span };
    }
    const entries = Object.entries(value).map(([name, inner]): [string, Entry] => {
      const found = node && this.written.property(node, name);
      const at = found === undefined ? span : this.span(found.key);
      return [name, { key: at, value: this.place(inner, found?.value, at, at) }];
    });
    return { kind: "map", entries: new Map(entries), span };
  }

  private span({ start, end }: Expression): Span {
    return { file: this.file, start, end };
  }

  private shown(node: Expression, key: Span): Span {
    const isBlock = this.text.slice(node.start, node.end).includes("\n");
    return isBlock ? key : this.span(node);
  }
}

/** A piece of the code, with its offsets. */
type Expression = AnyNode;

interface Property {
  readonly key: Expression;
  /** Missing where the value is not an expression of its own: behind a spread of something computed. */
  readonly value: Expression | undefined;
}

interface Written {
  readonly root: Expression | undefined;
  readonly property: (of: Expression, name: string) => Property | undefined;
  readonly item: (of: Expression, index: number) => Expression | undefined;
}

/** Code that computes instead of writing out has fewer places, never wrong ones. */
const writtenBy = (code: string): Written => {
  const program = parsed(code);
  const names = program === undefined ? new Map() : constants(program);
  const literal = (node: Expression): Expression => resolve(node, names, 0);
  return {
    root: program && exported(program),
    property: (of, name) => property(literal(of), name, literal),
    item: (of, index) => item(literal(of), index),
  };
};

const parsed = (code: string): Program | undefined => {
  try {
    return parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  } catch {
    // Syntax that the engine knows and acorn does not yet.
    return undefined;
  }
};

const exported = (program: Program): Expression | undefined =>
  program.body.find((s) => s.type === "ExportDefaultDeclaration")?.declaration;

type Names = ReadonlyMap<string, Expression>;

/** `const base = {…}` at the top level, exported or not. */
const constants = ({ body }: Program): Names => {
  const declarations = body.flatMap((s) => {
    const inner = s.type === "ExportNamedDeclaration" ? s.declaration : s;
    return inner?.type === "VariableDeclaration" && inner.kind === "const"
      ? inner.declarations
      : [];
  });
  return new Map(
    declarations.flatMap(({ id, init }) =>
      id.type === "Identifier" && init ? [[id.name, init] as const] : [],
    ),
  );
};

const MOST_NAMES = 32;

/** Through the names of constants, `await`, and `defineSpec(…)`. */
const resolve = (node: Expression, names: Names, depth: number): Expression => {
  const next = step(node, names);
  return next === undefined || depth > MOST_NAMES ? node : resolve(next, names, depth + 1);
};

const step = (node: Expression, names: Names): Expression | undefined => {
  if (node.type === "Identifier") return names.get(node.name);
  if (node.type === "AwaitExpression") return node.argument;
  const isDefine =
    node.type === "CallExpression" &&
    node.callee.type === "Identifier" &&
    node.callee.name === "defineSpec";
  return isDefine ? node.arguments[0] : undefined;
};

const isObject = (node: Expression): node is ObjectExpression => node.type === "ObjectExpression";

/** The last one counts, in what is spread too. */
const property = (
  node: Expression,
  name: string,
  literal: (node: Expression) => Expression,
): Property | undefined => {
  if (!isObject(node)) return undefined;
  for (const member of node.properties.toReversed()) {
    if (member.type === "SpreadElement") {
      const found = spread(member, name, literal);
      if (found !== undefined) return found;
    } else if (!member.computed && nameOf(member.key) === name) {
      return { key: member.key, value: member.value };
    }
  }
  return undefined;
};

const spread = (
  { argument }: SpreadElement,
  name: string,
  literal: (node: Expression) => Expression,
): Property | undefined => {
  const source = literal(argument);
  return isObject(source) ? property(source, name, literal) : undefined;
};

const nameOf = (node: Expression): string | undefined => {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : undefined;
};

/** Behind a spread nobody knows how many came before. */
const item = (list: Expression, index: number): Expression | undefined => {
  if (list.type !== "ArrayExpression") return undefined;
  const before = list.elements.slice(0, index + 1);
  return before.some((e) => e?.type === "SpreadElement") ? undefined : (before[index] ?? undefined);
};
