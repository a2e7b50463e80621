/** The language server: answers an editor's requests by the functions of editor/, and tells it what is wrong. */

import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Connection,
  createConnection,
  DidChangeWatchedFilesNotification,
  type InitializeResult,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { actionsIn, formattingOf, safeActions } from "../../editor/actions.js";
import { completionsAt } from "../../editor/complete.js";
import type { Document } from "../../editor/document.js";
import { classifiedAt, hoverAt, weighedAt } from "../../editor/hover.js";
import {
  definitionAt,
  outlineOf,
  referencesAt,
  renamableAt,
  renameAt,
} from "../../editor/symbols.js";
import { internalError } from "../errors.js";
import { abilities as beside, Scales, serveBeside } from "./beside.js";
import * as words from "./protocol.js";
import { type Serving, Specs } from "./specs.js";

const abilities = (version: string): InitializeResult => ({
  serverInfo: { name: "pspc", version },
  capabilities: {
    textDocumentSync: TextDocumentSyncKind.Incremental,
    completionProvider: { triggerCharacters: [" ", ".", "{", "[", "/"] },
    hoverProvider: true,
    documentSymbolProvider: true,
    definitionProvider: true,
    referencesProvider: true,
    renameProvider: { prepareProvider: true },
    documentFormattingProvider: true,
    codeActionProvider: {
      codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.SourceFixAll],
    },
    ...beside,
  },
});

/** Serves until the editor ends it or goes away. */
export const serve = (
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
  { version, ...asked }: Serving & { readonly version: string },
): Promise<void> => {
  const connection = createConnection(input, output);
  const texts = new TextDocuments(TextDocument);
  const telling = new Telling(connection, asked);
  const { specs } = telling;
  const scales = new Scales();
  connection.onInitialize(({ capabilities }) => {
    const canWatch = capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true;
    if (canWatch) connection.onInitialized(() => watchFiles(connection));
    serveBeside(connection, specs, scales, capabilities, asked.defaults);
    return abilities(version);
  });
  connection.onDidChangeWatchedFiles(() => telling.again());
  texts.onDidChangeContent(({ document }) => telling.after(() => specs.set(document)));
  texts.onDidClose(({ document }) => telling.after(() => specs.close(document.uri)));
  texts.onDidSave(() => telling.again());
  answer(connection, texts, specs, scales);
  texts.listen(connection);
  connection.listen();
  return new Promise((ended) => connection.onExit(() => ended()));
};

const watchFiles = (connection: Connection): void => {
  const watchers = [{ globPattern: "**/*.{yaml,yml}" }];
  void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
};

/** Tells the editor what is wrong once the changes that have arrived are taken in. */
class Telling {
  readonly specs: Specs;
  private told = new Set<string>();
  private waiting = false;

  constructor(
    private readonly connection: Connection,
    asked: Serving,
  ) {
    this.specs = new Specs(asked, () => this.again());
  }

  /** Files that specs rest on may have changed. */
  again(): void {
    this.after(() => this.specs.forget());
  }

  after(change: () => void): void {
    change();
    if (this.waiting) return;
    this.waiting = true;
    setImmediate(() => {
      this.waiting = false;
      try {
        this.tell();
      } catch (error) {
        this.connection.console.error(internalError(error, ["lsp"]));
      }
    });
  }

  private tell(): void {
    const found = this.specs.found();
    const uriOf = (name: string) => this.specs.uriOf(name);
    for (const [uri, all] of found) {
      const diagnostics = all.map((each) => words.diagnosticOf(each, uriOf));
      const version = this.specs.versionOf(uri);
      void this.connection.sendDiagnostics({
        uri,
        diagnostics,
        ...(version !== undefined && { version }),
      });
    }
    for (const uri of this.told)
      if (!found.has(uri)) void this.connection.sendDiagnostics({ uri, diagnostics: [] });
    this.told = new Set(found.keys());
  }
}

interface Asked {
  readonly textDocument: { readonly uri: string };
}

const answer = (
  connection: Connection,
  texts: TextDocuments<TextDocument>,
  specs: Specs,
  scales: Scales,
): void => {
  const uriOf = (name: string) => specs.uriOf(name);
  /** Of a spec that is open; nothing for any other. */
  const of =
    <P extends Asked, A>(reply: (document: Document, params: P, text: TextDocument) => A) =>
    (params: P): A | null => {
      const { uri } = params.textDocument;
      const [document, text] = [specs.get(uri), texts.get(uri)];
      return document === undefined || text === undefined ? null : reply(document, params, text);
    };
  connection.onHover(
    of(async (document, { position }, text) => {
      const offset = text.offsetAt(position);
      const heavy = weighedAt(document, offset);
      if (heavy !== undefined) await scales.weigh(heavy, true);
      const data = classifiedAt(document, offset);
      const hover = hoverAt(document, offset, data && (await scales.count(data)));
      if (hover === undefined) return null;
      const { range, markdown } = hover;
      return {
        range: words.rangeIn(document.text)(range),
        contents: { kind: "markdown", value: markdown },
      };
    }),
  );
  connection.onCompletion(
    of((document, { position }, text) =>
      completionsAt(document, text.offsetAt(position), specs.world.names).map((item, i) =>
        words.completionOf(document, item, i),
      ),
    ),
  );
  connection.onDocumentSymbol(
    of(({ text }) => outlineOf(text).map(words.symbolOf(words.rangeIn(text)))),
  );
  connection.onDefinition(
    of((document, { position }, text) => {
      const at = definitionAt(document, text.offsetAt(position));
      return at === undefined ? null : words.locationOf(document, at, uriOf);
    }),
  );
  connection.onReferences(
    of((document, { position }, text) =>
      referencesAt(document, text.offsetAt(position)).map((at) =>
        words.locationOf(document, at, uriOf),
      ),
    ),
  );
  connection.onPrepareRename(
    of((document, { position }, text) => {
      const word = renamableAt(document, text.offsetAt(position));
      return word === undefined ? null : words.rangeIn(document.text)(word);
    }),
  );
  connection.onRenameRequest(
    of((document, { position, newName }, text) => {
      const rename = renameAt(document, text.offsetAt(position), newName);
      // The code is LSP's RequestFailed: the request was right, and cannot be done.
      if (rename.kind === "refused") return new ResponseError<void>(-32803, rename.reason);
      const edits = rename.places.map((at) => ({ at, text: rename.text }));
      return words.workspaceEdit(document, edits, uriOf);
    }),
  );
  connection.onDocumentFormatting(
    of((document) => {
      const edit = formattingOf(document);
      return edit === undefined
        ? []
        : [{ range: words.rangeOf(document, edit.at), newText: edit.text }];
    }),
  );
  connection.onCodeAction(
    of((document, params: CodeActionParams, text) => actions(document, params, text, uriOf)),
  );
};

const actions = (
  document: Document,
  { range, context }: CodeActionParams,
  text: TextDocument,
  uriOf: (name: string) => string,
): CodeAction[] => {
  const wants = (kind: string): boolean =>
    context.only === undefined || context.only.some((asked) => `${kind}.`.startsWith(`${asked}.`));
  const at = { start: text.offsetAt(range.start), end: text.offsetAt(range.end) };
  const fixes = wants(CodeActionKind.QuickFix) ? actionsIn(document, at) : [];
  const safe = wants(CodeActionKind.SourceFixAll) ? safeActions(document) : [];
  const all: CodeAction = {
    title: "Make all safe fixes",
    kind: CodeActionKind.SourceFixAll,
    edit: words.workspaceEdit(
      document,
      safe.flatMap(({ edits }) => edits),
      uriOf,
    ),
  };
  return [
    ...fixes.map((fix) => words.actionOf(document, fix, context.diagnostics, uriOf)),
    ...(safe.length > 0 ? [all] : []),
  ];
};
