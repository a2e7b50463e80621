/** What the playground's page asks of the compiler: of texts by name, through the functions that serve editors. */

import * as E from "fp-ts/lib/Either.js";
import { checkStill, type StillWorld } from "../compile.js";
import type { Diagnostic, Severity } from "../diagnostic/diagnostic.js";
import { failure } from "../diagnostic/failure.js";
import { position } from "../diagnostic/text.js";
import { actionsIn, edited, formattingOf } from "../editor/actions.js";
import { type Completion, completionsAt } from "../editor/complete.js";
import { isWeighed } from "../editor/consequences.js";
import { type Document, documentOf } from "../editor/document.js";
import { type Hover, hoverAt, weighedAt } from "../editor/hover.js";
import { definitionAt, renamableAt, renameAt } from "../editor/symbols.js";
import type { Resolved } from "../normalize/normalize.js";
import { type Panel, type PanelName, panelOf } from "./panels.js";

/** Texts of specs by their names, `/specs/camvid.yaml`. */
export type Files = Readonly<Record<string, string>>;

/** The text in the editor. */
export interface Text {
  readonly name: string;
  readonly text: string;
}

/** A mistake where the page marks it. */
export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly line: number;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly more: readonly string[];
  readonly fixes: readonly Fixed[];
}

export interface Fixed {
  readonly title: string;
  readonly edits: readonly Change[];
}

export interface Change {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** A piece of a file. */
export interface Place {
  readonly name: string;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** A position in the text. */
export interface At extends Text {
  readonly offset: number;
}

/** Edits of the text itself, or why there are none. */
export type Renamed = { readonly edits: readonly Change[] } | { readonly refused: string };

export interface Checked {
  readonly marks: readonly Mark[];
  readonly variants: readonly string[];
  readonly isRight: boolean;
}

export interface Asked extends Text {
  readonly panel: PanelName;
  readonly variant: string | null;
  readonly chosen: string | undefined;
}

/** The compiler among files; it remembers of the last text what helps while the next is half typed. */
export class Answers {
  private last: Document | undefined;

  constructor(private readonly files: Files) {}

  private world({ name, text }: Text): StillWorld {
    return {
      cwd: "/specs",
      read: (path) => {
        const found = path === name ? text : this.files[path];
        return E.fromNullable(failure(`cannot read ${path}`, "the playground has no such file"))(
          found,
        );
      },
    };
  }

  private document(text: Text): Document {
    if (this.last?.name !== text.name || this.last.text !== text.text)
      this.last = documentOf(this.world(text), text.name, text.text, this.last);
    return this.last;
  }

  check(text: Text): Checked {
    const document = this.document(text);
    const { diagnostics, variants, result } = document.check;
    return {
      marks: diagnostics.map((each) => markOf(each, document)),
      variants,
      isRight: E.isRight(result),
    };
  }

  /** Of what takes long only that it does, to those who cannot wait. */
  hover({
    offset,
    canWait,
    ...text
  }: At & { readonly canWait: boolean }): Hover | "long" | undefined {
    const document = this.document(text);
    const heavy = weighedAt(document, offset);
    if (!canWait && heavy !== undefined && !isWeighed(heavy, true)) return "long";
    return hoverAt(document, offset);
  }

  /** Of a parent its beginning. */
  definition({ offset, ...text }: At): Place | undefined {
    const at = definitionAt(this.document(text), offset);
    if (at === undefined) return undefined;
    const { file: name, start: from, end: to } = at;
    const found = name === text.name ? text.text : this.files[name];
    return found === undefined ? undefined : { name, text: found, from, to };
  }

  /** The class or the variant that `rename` would change. */
  renamable({ offset, ...text }: At): string | undefined {
    return renamableAt(this.document(text), offset)?.text;
  }

  rename({ offset, to, ...text }: At & { readonly to: string }): Renamed {
    const renamed = renameAt(this.document(text), offset, to);
    if (renamed.kind === "refused") return { refused: renamed.reason };
    const elsewhere = renamed.places.find(({ file }) => file !== text.name);
    if (elsewhere !== undefined)
      return { refused: `${elsewhere.file} has it too, and the page changes one file` };
    return {
      edits: renamed.places.map((at) => ({ from: at.start, to: at.end, insert: renamed.text })),
    };
  }

  complete({ offset, ...text }: At): readonly Completion[] {
    const names = (folder: string): readonly string[] =>
      Object.keys(this.files)
        .filter((name) => name.startsWith(folder))
        .map((name) => name.slice(folder.length).replace(/\/.*/, "/"));
    return completionsAt(this.document(text), offset, (folder) => [...new Set(names(folder))]);
  }

  format(text: Text): string {
    const edit = formattingOf(this.document(text));
    return edit === undefined ? text.text : edited(text.text, [edit]);
  }

  /** Nothing of a version with mistakes. */
  panel({ panel, variant, chosen, ...text }: Asked): Panel | undefined {
    const world = this.world(text);
    const version = (of: string | null): Resolved | undefined => {
      const { result } = checkStill(world)({ entry: text.name, variant: of ?? undefined });
      return E.isRight(result) ? result.right : undefined;
    };
    const resolved = version(variant);
    if (resolved === undefined) return undefined;
    const names = panel === "variants" ? [null, ...this.document(text).check.variants] : [];
    const versions = names.map((name) => ({ name, resolved: version(name) }));
    return panelOf(panel, { resolved, chosen, versions });
  }
}

/** What lies in a parent is marked at the beginning, with its file. */
const markOf = (diagnostic: Diagnostic, document: Document): Mark => {
  const { primary, related, severity, code, message, notes, help } = diagnostic;
  const { name, text, check } = document;
  const isHere = primary.at?.file === name;
  const at = isHere && primary.at !== undefined ? primary.at : { start: 0, end: 0 };
  const elsewhere = primary.at === undefined || isHere ? [] : [`in ${primary.at.file}`];
  const own = actionsIn({ ...document, check: { ...check, diagnostics: [diagnostic] } }, at);
  return {
    from: at.start,
    to: at.end,
    line: position(text, at.start).line,
    severity,
    code,
    message: primary.label === "" ? message : `${message}: ${primary.label}`,
    more: [
      ...elsewhere,
      ...related.flatMap(({ at: span, label }) =>
        span?.file === name ? [`line ${position(text, span.start).line}: ${label}`] : [],
      ),
      ...notes.map((note) => `note: ${note}`),
      ...help.map((line) => `help: ${line}`),
    ],
    fixes: own
      .filter(({ edits }) => edits.every((edit) => edit.at.file === name))
      .map(({ title, edits }) => ({
        title,
        edits: edits.map((edit) => ({ from: edit.at.start, to: edit.at.end, insert: edit.text })),
      })),
  };
};
