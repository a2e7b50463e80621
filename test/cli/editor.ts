/** An editor in a test: speaks the Language Server Protocol to `pspc lsp`, in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Told {
  readonly code: string;
  readonly severity: number;
  readonly message: string;
  readonly range: Range;
  readonly codeDescription: { readonly href: string };
  readonly relatedInformation: readonly {
    readonly message: string;
    readonly location: { readonly uri: string; readonly range: Range };
  }[];
}

interface Published {
  readonly uri: string;
  readonly version?: number;
  readonly diagnostics: readonly Told[];
}

export const uriOf = (file: string): string => pathToFileURL(file).href;

export class Editor {
  private readonly process: ChildProcess;
  private readonly connection: MessageConnection;
  private readonly published = new Map<string, Published>();
  private readonly versions = new Map<string, number>();
  private readonly listeners = new Set<() => void>();
  readonly ended: Promise<number | null>;
  private errors = "";

  /** @param words behind `pspc lsp`; every file is a spec, unless others are given. */
  constructor(cwd: string, words: readonly string[] = ["--stdio", "--all"]) {
    const program = resolve("bin/pspc.js");
    this.process = spawn(process.execPath, [program, "lsp", ...words], { cwd });
    const { stdin, stdout, stderr } = this.process;
    if (stdin === null || stdout === null) throw new Error("no pipes");
    stderr?.on("data", (chunk) => {
      this.errors += String(chunk);
    });
    this.ended = new Promise((done) => this.process.once("exit", done));
    this.connection = createMessageConnection(
      new StreamMessageReader(stdout),
      new StreamMessageWriter(stdin),
    );
    this.connection.onNotification("textDocument/publishDiagnostics", (told: Published) => {
      this.published.set(told.uri, told);
      for (const listener of this.listeners) listener();
    });
    this.connection.onNotification("window/logMessage", ({ type, message }) => {
      // Errors and warnings; plans are logged where no file can be shown.
      if (type <= 2) this.errors += message;
    });
    this.connection.listen();
  }

  /** What the server says of itself. */
  async start(): Promise<{ readonly capabilities: object }> {
    const capabilities = {};
    const answer = await this.ask<{ capabilities: object }>("initialize", {
      processId: process.pid,
      rootUri: null,
      capabilities,
    });
    await this.tell("initialized", {});
    return answer;
  }

  /** What it printed where a person would look: nothing, while all is well. */
  get complaints(): string {
    return this.errors;
  }

  ask<A>(method: string, params: object): Promise<A> {
    return this.connection.sendRequest(method, params);
  }

  tell(method: string, params: object): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  async open(file: string, text: string): Promise<readonly Told[]> {
    const uri = uriOf(file);
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    const textDocument = { uri, languageId: "yaml", version, text };
    await this.tell("textDocument/didOpen", { textDocument });
    return this.told(file);
  }

  async change(file: string, text: string, range?: Range): Promise<void> {
    const uri = uriOf(file);
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    const contentChanges = [{ text, ...(range && { range }) }];
    await this.tell("textDocument/didChange", { textDocument: { uri, version }, contentChanges });
  }

  close(file: string): Promise<void> {
    return this.tell("textDocument/didClose", { textDocument: { uri: uriOf(file) } });
  }

  /** What is wrong with the text as it was sent last; waits for it. */
  async told(file: string): Promise<readonly Told[]> {
    const uri = uriOf(file);
    const now = (): Published | undefined => {
      const published = this.published.get(uri);
      return published?.version === this.versions.get(uri) ? published : undefined;
    };
    const first = now();
    if (first !== undefined) return first.diagnostics;
    return new Promise((done, fail) => {
      const failed = (code: number | null): void =>
        fail(new Error(`ended by ${code}: ${this.errors}`));
      const listener = (): void => {
        const published = now();
        if (published === undefined) return;
        this.listeners.delete(listener);
        this.process.off("exit", failed);
        done(published.diagnostics);
      };
      this.listeners.add(listener);
      this.process.once("exit", failed);
    });
  }

  /** What is wrong with a file, open or not, as last told. */
  lastTold(file: string): readonly Told[] | undefined {
    return this.published.get(uriOf(file))?.diagnostics;
  }

  at<A>(method: string, file: string, position: Position, more: object = {}): Promise<A> {
    const textDocument = { uri: uriOf(file) };
    return this.ask(`textDocument/${method}`, { textDocument, position, ...more });
  }

  async stop(): Promise<number | null> {
    await this.ask("shutdown", {});
    await this.tell("exit", {});
    return this.ended;
  }
}
