/** Makes a tree of a spec that was run as a module: each value at the place that wrote it; or says why there is none. */

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
import { type Expression, type Written, writtenBy } from "./literal.js";
import type { Entry, Plain, Tree } from "./tree.js";

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
