/** Our answers in the words of the Language Server Protocol: offsets become lines and columns, names of files URIs. */

import { fileURLToPath, pathToFileURL } from "node:url";
import {
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  CompletionItemKind,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentSymbol,
  type Location,
  type Range,
  SymbolKind,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { pageOf } from "../../diagnostic/catalogue.js";
import type { Severity, Span } from "../../diagnostic/diagnostic.js";
import type { Action, PlacedEdit } from "../../editor/actions.js";
import type { Completion } from "../../editor/complete.js";
import type { Range as Offsets } from "../../editor/cursor.js";
import type { Document } from "../../editor/document.js";
import type { Outline } from "../../editor/symbols.js";
import type { Found } from "./specs.js";

type UriOf = (name: string) => string;

/** Lines and columns in one text, both from 0. */
export const rangeIn = (text: string): ((at: Offsets) => Range) => {
  const lines = TextDocument.create("", "", 0, text);
  return ({ start, end }) => ({ start: lines.positionAt(start), end: lines.positionAt(end) });
};

/** In the document or in a file that it rests on. */
export const rangeOf = ({ name, text, check }: Document, at: Span): Range =>
  rangeIn(at.file === name ? text : (check.sources.get(at.file) ?? ""))(at);

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  note: DiagnosticSeverity.Information,
};

/** Editors show one text beside the place: what, why, and what to do. */
export const diagnosticOf = ({ diagnostic, document }: Found, uriOf: UriOf): Diagnostic => {
  const { code, severity, message, primary, related, notes, help } = diagnostic;
  const [label, at] = [primary.label, primary.at ?? { file: document.name, start: 0, end: 0 }];
  const lines = [
    message,
    ...(label === "" ? [] : [label]),
    ...notes.map((note) => `note: ${note}`),
    ...help.map((line) => `help: ${line}`),
  ];
  const page = pageOf(code);
  return {
    range: rangeOf(document, at),
    severity: severities[severity],
    code,
    source: "pspc",
    message: lines.join("\n"),
    relatedInformation: related.flatMap((place) =>
      place.at === undefined
        ? []
        : [{ message: place.label, location: locationOf(document, place.at, uriOf) }],
    ),
    ...(page !== undefined && { codeDescription: { href: pageUri(page) } }),
  };
};

/** Of a page in the package, beside `src` and `dist` alike. */
const pageUri = (page: string): string =>
  pathToFileURL(fileURLToPath(new URL(`../../../${page}`, import.meta.url))).href;

export const locationOf = (document: Document, at: Span, uriOf: UriOf): Location => ({
  uri: uriOf(at.file),
  range: rangeOf(document, at),
});

const completionKinds: Readonly<Record<Completion["kind"], CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  path: CompletionItemKind.Property,
  word: CompletionItemKind.EnumMember,
  class: CompletionItemKind.Constant,
  file: CompletionItemKind.File,
};

/** @param index keeps our order, which is the language's. */
export const completionOf = (
  { text }: Document,
  { kind, label, detail, documentation, insert, replace }: Completion,
  index: number,
): CompletionItem => ({
  label,
  kind: completionKinds[kind],
  sortText: String(index).padStart(4, "0"),
  textEdit: { range: rangeIn(text)(replace), newText: insert },
  ...(detail !== "" && { detail }),
  ...(documentation !== "" && { documentation: { kind: "markdown", value: documentation } }),
});

const symbolKinds: Readonly<Record<Outline["kind"], SymbolKind>> = {
  map: SymbolKind.Module,
  value: SymbolKind.Property,
  variant: SymbolKind.Class,
};

export const symbolOf =
  (range: (at: Offsets) => Range) =>
  ({ name, kind, range: whole, key, below }: Outline): DocumentSymbol => ({
    name: name === "" ? "(empty)" : name,
    kind: symbolKinds[kind],
    range: range(whole),
    selectionRange: range(key),
    children: below.map(symbolOf(range)),
  });

const editOf = (document: Document, { at, text }: PlacedEdit): TextEdit => ({
  range: rangeOf(document, at),
  newText: text,
});

export const workspaceEdit = (
  document: Document,
  edits: readonly PlacedEdit[],
  uriOf: UriOf,
): WorkspaceEdit => {
  const changes: Record<string, TextEdit[]> = {};
  for (const edit of edits) {
    const uri = uriOf(edit.at.file);
    changes[uri] = [...(changes[uri] ?? []), editOf(document, edit)];
  }
  return { changes };
};

/** @param known the editor's own diagnostics at the place, of which those are named that the action removes. */
export const actionOf = (
  document: Document,
  { title, code, safe, at, edits }: Action,
  known: readonly Diagnostic[],
  uriOf: UriOf,
): CodeAction => {
  const { start } = rangeOf(document, at);
  const isIts = ({ code: other, range }: Diagnostic): boolean =>
    other === code && range.start.line === start.line && range.start.character === start.character;
  return {
    title,
    kind: CodeActionKind.QuickFix,
    isPreferred: safe,
    diagnostics: known.filter(isIts),
    edit: workspaceEdit(document, edits, uriOf),
  };
};
