/** The open specs of an editor: each checked as it is now, and what is wrong sorted by the file that it stands in. */

import { isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Diagnostic } from "../../diagnostic/diagnostic.js";
import { type Document, documentOf, type EditorWorld, isSpec } from "../../editor/document.js";
import type { Allowed } from "../../host.js";
import { worldOf } from "./world.js";

interface OpenSpec {
  readonly text: TextDocument;
  readonly name: string;
  /** Whether it was one at any time since it was opened: half a word less does not silence us. */
  readonly isSpec: boolean;
  /** Nothing until it is asked for after a change of its text or of a file that it rests on. */
  document: Document | undefined;
  /** From the last check. */
  before: Document | undefined;
}

export interface Serving extends Allowed {
  /** Every file is a spec, also one that does not say so. */
  readonly all: boolean;
  /** Maps tell what they leave to defaults. */
  readonly defaults: boolean;
}

export class Specs {
  private readonly open = new Map<string, OpenSpec>();
  readonly world: EditorWorld;

  /**
   * @param changed is called when checks may come out otherwise, though no text has changed.
   */
  constructor(
    private readonly asked: Serving,
    changed: () => void,
  ) {
    const textOf = (name: string): string | undefined =>
      [...this.open.values()].find((spec) => spec.name === name)?.text.getText();
    const again = (): void => {
      this.forget();
      changed();
    };
    this.world = worldOf(textOf, again, asked);
  }

  /** The editor's text is the newest; specs that rest on it are checked again. */
  set(text: TextDocument): void {
    const name = nameOf(text.uri);
    const last = this.open.get(text.uri);
    const is = this.asked.all || last?.isSpec === true || isSpec(text.getText());
    this.open.set(text.uri, {
      text,
      name,
      isSpec: is,
      document: undefined,
      before: last?.before,
    });
    this.forget((document) => document.check.sources.has(name));
  }

  close(uri: string): void {
    this.open.delete(uri);
    this.forget();
  }

  /** Files have changed. */
  forget(isOld: (document: Document) => boolean = () => true): void {
    for (const spec of this.open.values())
      if (spec.document !== undefined && isOld(spec.document)) spec.document = undefined;
  }

  get(uri: string): Document | undefined {
    const spec = this.open.get(uri);
    if (spec === undefined || !spec.isSpec) return undefined;
    spec.document ??= documentOf(this.world, spec.name, spec.text.getText(), spec.before);
    spec.before = spec.document;
    return spec.document;
  }

  /** Of the text that was checked; nothing for a file that is not open. */
  versionOf(uri: string): number | undefined {
    return this.open.get(uri)?.text.version;
  }

  /** As the editor calls the file. */
  uriOf(name: string): string {
    const own = [...this.open].find(([, spec]) => spec.name === name);
    return own === undefined ? pathToFileURL(name).href : own[0];
  }

  /** By file; the same mistake of two specs, in a parent of both, is there once. */
  found(): ReadonlyMap<string, readonly Found[]> {
    const all = new Map<string, Found[]>([...this.open.keys()].map((uri) => [uri, []]));
    const seen = new Set<string>();
    for (const uri of this.open.keys()) {
      const document = this.get(uri);
      for (const diagnostic of document?.check.diagnostics ?? []) {
        const { at } = diagnostic.primary;
        const target = at === undefined || !isAbsolute(at.file) ? uri : this.uriOf(at.file);
        const identity = `${target} ${at?.start} ${at?.end} ${diagnostic.code} ${diagnostic.message}`;
        if (document === undefined || seen.has(identity)) continue;
        seen.add(identity);
        all.set(target, [...(all.get(target) ?? []), { diagnostic, document }]);
      }
    }
    return all;
  }
}

export interface Found {
  readonly diagnostic: Diagnostic;
  /** The spec in whose check it was found. */
  readonly document: Document;
}

/** A text that is no file yet is taken to lie where the server was started. */
const nameOf = (uri: string): string =>
  uri.startsWith("file:") ? fileURLToPath(uri) : resolve(decodeURIComponent(new URL(uri).pathname));
