/** The program of a process of its own: runs the module that a spec is, and writes the outcome to descriptor 3. */

import { readFileSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { basename } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { serialize } from "node:v8";
import type { Evaluated, Outcome, Point } from "../../source/module.js";
import { inspect } from "../module.js";

const file = process.argv[2] ?? "";
const url = pathToFileURL(file).href;
const text = readFileSync(file, "utf8").replace(/^\uFEFF/, "");

const own = fileURLToPath(new URL("../../", import.meta.url));
let isTold = false;

/** Says it once and ends: timers of the spec's keep nobody waiting. */
const tell = (outcome: Outcome, code = text): never => {
  const evaluated: Evaluated = { text, code, outcome };
  if (!isTold) writeFileSync(3, serialize(evaluated));
  isTold = true;
  process.exit();
};

interface StripError {
  readonly message: string;
  readonly startLine: number;
  readonly startColumn: number;
  readonly endLine: number;
  readonly endColumn: number;
}

const strip = async (): Promise<string> => {
  if (!/\.[cm]?ts$/.test(file)) return text;
  const { transformSync } = await import("@swc/wasm-typescript");
  try {
    return transformSync(text, { mode: "strip-only" }).code;
  } catch (error) {
    const { message, startLine, startColumn, endLine, endColumn } = error as StripError;
    const at = { line: startLine, column: startColumn };
    const reason = message
      .replace(/\. Expected .{40,}$/s, "")
      .replace("in strip-only mode", "in a spec");
    return tell({ kind: "syntax", reason, at, end: { line: endLine, column: endColumn } });
  }
};

/** `file:///spec.mjs:3` before the message of a syntax error, `at … (file:///spec.ts:3:9)` behind others. */
const FRAME = /(?:^|\(|\bat (?:async )?)(file:\/\/[^\s)]+?):(\d+)(?::(\d+))?\)?$/gm;

const thrown = (error: unknown): Outcome => {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${error}`;
  const stack = error instanceof Error ? String(error.stack) : "";
  const frames = [...stack.matchAll(FRAME)].filter(([, where = ""]) => isTheirs(where));
  const [first] = frames;
  if (first === undefined) return { kind: "thrown", reason, ...importOf(reason) };
  const [, where = "", line, column = "1"] = first;
  const at: Point = { line: Number(line), column: Number(column) - 1 };
  if (where === url) return { kind: "thrown", reason, at };
  return { kind: "thrown", reason, from: `${fileURLToPath(where)}:${line}:${column}` };
};

/** The import that a message names: the loader's own errors know no line. */
const importOf = (reason: string): { readonly at?: Point } => {
  const imports = [...text.matchAll(/\b(?:from|import)\s*\(?\s*(["'])(.+?)\1/g)];
  const named = imports.find(([, , name = ""]) => reason.includes(stem(name)));
  if (named === undefined) return {};
  const before = text.slice(0, named.index + named[0].indexOf(named[2] ?? "")).split("\n");
  return { at: { line: before.length, column: before.at(-1)?.length ?? 0 } };
};

const stem = (specifier: string): string => basename(specifier).replace(/\.[cm]?[jt]s$/, "");

const isTheirs = (where: string): boolean =>
  where === url || !fileURLToPath(where.replace(/[?#].*/, "")).startsWith(own);

process.on("uncaughtException", (error) => tell(thrown(error)));
process.on("beforeExit", () =>
  tell({ kind: "unfinished", reason: "it waits for what never comes" }),
);
process.on("exit", (code) => {
  const reason = `it ended the process, with code ${code}`;
  if (!isTold) tell({ kind: "unfinished", reason });
});

const code = await strip();
register("./hooks.js", import.meta.url, { data: { url, code } });
try {
  const module: Readonly<Record<string, unknown>> = await import(url);
  if (module.default == null)
    tell({ kind: "nameless", exports: Object.keys(module).filter((n) => n !== "default") }, code);
  tell({ kind: "value", ...inspect(module.default) }, code);
} catch (error) {
  tell(thrown(error), code);
}
