/** What this machine answers a compiler that is asked at every keystroke: open texts first, and files once they are read. */

import { type Dirent, readdirSync, statSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import type { EditorWorld } from "../../editor/document.js";
import { type Allowed, thisMachine } from "../../host.js";
import type { Read } from "../../normalize/extend.js";
import { isModule } from "../../source/module.js";
import type { Headers } from "../../weights/check.js";
import { readHeaders } from "../../weights/open.js";

/** The text of a file as an editor has it; nothing for a file that is not open. */
export type OpenText = (name: string) => string | undefined;

/** @param changed is called when a file of weights was read that a spec asked for. */
export const worldOf = (
  open: OpenText,
  changed: () => void,
  allowed: Allowed = {},
): EditorWorld => {
  const machine = thisMachine("/", allowed);
  const modules = remembered<ReturnType<Read>>();
  const headers = headersOf(changed);
  const read: Read = (path, by) => {
    const text = open(path);
    if (text !== undefined) return E.right(text);
    // A parent that is a module takes a process, where it may be run at all.
    return isModule(path) ? modules(path, () => machine.read(path, by)) : machine.read(path, by);
  };
  return { ...machine, read, headers, names };
};

/** What tells one version of a file from another. */
const stampOf = (file: string): string => {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
};

/** A value by file, made again when the file is another. */
const remembered = <A>(): ((file: string, make: () => A) => A) => {
  const known = new Map<string, { readonly stamp: string; readonly value: A }>();
  return (file, make) => {
    const stamp = stampOf(file);
    const before = known.get(file);
    if (before?.stamp === stamp) return before.value;
    const value = make();
    known.set(file, { stamp, value });
    return value;
  };
};

/** Headers take a while to read: a check goes on without those that are not known yet, and is made again. */
const headersOf = (changed: () => void): ((files: ReadonlySet<string>) => Headers) => {
  const known = new Map<string, Headers>();
  const started = remembered<string>();
  const start = (file: string): string => {
    void readHeaders([file]).then((header) => {
      known.set(file, header);
      changed();
    });
    return file;
  };
  return (files) => {
    const named = [...files].map((file) => started(file, () => start(file)));
    return new Map(named.flatMap((file) => [...(known.get(file) ?? [])]));
  };
};

const names = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true }).map(nameOf).sort();
  } catch {
    // What is typed need not be a folder yet.
    return [];
  }
};

const nameOf = (entry: Dirent): string => (entry.isDirectory() ? `${entry.name}/` : entry.name);
