// @ts-check
/** Files of src/ → dist/ where theirs is older; types are not checked here (`npm test` and `npm run build` do). */

import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Stop } from "./stop.mjs";

/**
 * @param {string} root
 * @returns {string[]} the files of src/ that are newer than what dist/ holds of them
 */
export const staleFiles = (root) =>
  files(join(root, "src"), ".ts", ...assets).filter(
    (path) => changed(join(root, "src", path)) >= changed(emitted(root, path)),
  );

/** What a page of a report is made of, beside TypeScript: it goes as it is. */
const assets = [".js", ".css"];

/**
 * For `npm run build`, whose compiler knows TypeScript alone and removes nothing.
 * @param {string} root
 */
export function copyAssets(root) {
  removeOrphans(root);
  for (const path of files(join(root, "src"), ...assets)) copy(root, path);
}

/** @param {string} root @param {string} path */
function copy(root, path) {
  mkdirSync(dirname(emitted(root, path)), { recursive: true });
  copyFileSync(join(root, "src", path), emitted(root, path));
}

/**
 * @param {string} root
 * @returns {number} how many files were written
 */
export function emit(root) {
  const stale = staleFiles(root);
  if (stale.length > 0) removeOrphans(root);
  /** @type {typeof import("typescript")} */
  const ts = stale.length > 0 ? createRequire(import.meta.url)("typescript") : undefined;
  for (const path of stale) {
    if (!path.endsWith(".ts")) {
      copy(root, path);
      continue;
    }
    const compilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      verbatimModuleSyntax: true,
    };
    const source = readFileSync(join(root, "src", path), "utf8");
    const { outputText, diagnostics } = ts.transpileModule(source, {
      compilerOptions,
      reportDiagnostics: true,
    });
    const wrong = diagnostics?.[0];
    if (wrong)
      throw new Stop(`src/${path} is no TypeScript`, {
        reason: ts.flattenDiagnosticMessageText(wrong.messageText, "\n"),
        help: "`npm run build` names the place",
      });
    mkdirSync(dirname(emitted(root, path)), { recursive: true });
    writeFileSync(emitted(root, path), outputText);
    // Those of `npm run build` would tell of what was there before.
    for (const old of [".d.ts", ".js.map"])
      rmSync(emitted(root, path).replace(/\.js$/, old), { force: true });
  }
  return stale.length;
}

/** What is left in dist/ of files that src/ no longer has. @param {string} root */
function removeOrphans(root) {
  mkdirSync(join(root, "dist"), { recursive: true });
  const made = new Set(
    files(join(root, "src"), ".ts", ...assets).map((path) => emitted(root, path)),
  );
  for (const path of files(join(root, "dist"), ".js", ".css", ".d.ts", ".map")) {
    const script = path.replace(/\.d\.ts$/, ".js").replace(/\.map$/, "");
    if (!made.has(join(root, "dist", script))) rmSync(join(root, "dist", path));
  }
}

/** @param {string} folder @param {...string} endings */
const files = (folder, ...endings) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    endings.some((ending) => path.endsWith(ending)),
  );

/** @param {string} root @param {string} path within src/ */
const emitted = (root, path) => join(root, "dist", path.replace(/\.ts$/, ".js"));

/** @param {string} file */
const changed = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
