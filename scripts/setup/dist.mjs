// @ts-check
/**
 * Compiles src/ to dist/: each file whose source has changed, or whose output is not what was written, and each page
 * (pages.mjs) that was made of such a file. Types are not checked here (`npm test` and `npm run build` do).
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isBrowsers, madePage, pagesOf } from "./pages.mjs";
import { Stop } from "./stop.mjs";
import { writeWhole } from "./whole.mjs";

/**
 * What dist/ was made of: for each file of src/ the hash of its text, and of what stands for it in dist/; for a page also
 * the files that went into it. Times are not asked: a disk that was full leaves new files that are empty.
 * @typedef {Record<string, { source: string, output: string, inputs?: string[] }>} Made
 */

/** @param {string} root */
const madeFile = (root) => join(root, "dist", ".made.json");

/** @param {string} root @returns {Made} */
const madeOf = (root) => {
  try {
    return JSON.parse(readFileSync(madeFile(root), "utf8"));
  } catch {
    return {};
  }
};

/**
 * @param {string} root
 * @returns {string[]} the files of src/ that dist/ does not hold as they are now
 */
export const staleFiles = (root) => {
  const made = madeOf(root);
  return [...sources(root), ...pagesOf(root)].filter((path) => {
    const { source, output, inputs } = made[path] ?? {};
    return source !== sourceOf(root, path, inputs) || output !== hashOf(emitted(root, path));
  });
};

/**
 * Of a page: all that went into it, packages by their lock.
 * @param {string} root @param {string} path @param {readonly string[]} [inputs]
 */
const sourceOf = (root, path, inputs) => {
  if (inputs === undefined) return hashOf(join(root, "src", path));
  const all = inputs.map((input) => hashOf(join(root, "src", input)));
  return sha256([...all, hashOf(join(root, "package-lock.json")), hashOf(maker)].join(" "));
};

const maker = fileURLToPath(new URL("pages.mjs", import.meta.url));

/** @param {string} file */
const hashOf = (file) => (existsSync(file) ? sha256(readFileSync(file)) : "absent");

/** @param {string | Uint8Array} content */
const sha256 = (content) => createHash("sha256").update(content).digest("hex");

/** What a page of a report is made of, what set-up shares, and what is compiled, beside TypeScript: it goes as it is. */
const assets = [".js", ".css", ".wasm"];

/** @param {string} root */
const sources = (root) =>
  files(join(root, "src"), ".ts", ...assets).filter((path) => !isBrowsers(path));

/**
 * For `npm run build`, whose compiler knows TypeScript alone and removes nothing.
 * @param {string} root
 */
export async function finishBuild(root) {
  removeOrphans(root);
  for (const path of sources(root)) if (!path.endsWith(".ts")) copy(root, path);
  remember(root, await writePages(root, pagesOf(root)));
}

/** @param {string} root @param {string} path */
const copy = (root, path) => writeWhole(emitted(root, path), readFileSync(join(root, "src", path)));

/**
 * @param {string} root
 * @param {readonly string[]} pages
 * @returns {Promise<Record<string, string[]>>} what went into each
 */
async function writePages(root, pages) {
  /** @type {Record<string, string[]>} */
  const made = {};
  for (const path of pages) {
    const { text, inputs } = await madePage(root, path);
    writeWhole(emitted(root, path), text);
    made[path] = inputs;
  }
  return made;
}

/** @param {string} root @param {Record<string, string[]>} pages those that were made now */
function remember(root, pages) {
  const before = madeOf(root);
  const made = [...sources(root), ...pagesOf(root)].map((path) => {
    const inputs = pages[path] ?? before[path]?.inputs;
    const source = sourceOf(root, path, inputs);
    return [path, { source, output: hashOf(emitted(root, path)), inputs }];
  });
  writeWhole(madeFile(root), JSON.stringify(Object.fromEntries(made)));
}

/**
 * @param {string} root
 * @returns {Promise<number>} how many files were written
 */
export async function emit(root) {
  const stale = staleFiles(root);
  if (stale.length === 0) return 0;
  removeOrphans(root);
  /** @type {typeof import("typescript")} */
  const ts = createRequire(import.meta.url)("typescript");
  const pages = stale.filter((path) => path.endsWith(".html"));
  for (const path of stale)
    if (path.endsWith(".ts"))
      replace(emitted(root, path), compiled(ts, path, join(root, "src", path)));
    else if (!pages.includes(path)) copy(root, path);
  remember(root, await writePages(root, pages));
  return stale.length;
}

/** The declarations of `npm run build` would tell of what was there before. @param {string} file @param {string} text */
function replace(file, text) {
  writeWhole(file, text);
  for (const old of [".d.ts", ".js.map"]) rmSync(file.replace(/\.js$/, old), { force: true });
}

/** @param {typeof import("typescript")} ts @param {string} path @param {string} file */
function compiled(ts, path, file) {
  const { outputText, diagnostics } = ts.transpileModule(readFileSync(file, "utf8"), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      verbatimModuleSyntax: true,
    },
    reportDiagnostics: true,
  });
  const wrong = diagnostics?.[0];
  if (wrong)
    throw new Stop(`src/${path} is no TypeScript`, {
      reason: ts.flattenDiagnosticMessageText(wrong.messageText, "\n"),
      help: "`npm run build` names the place",
    });
  return outputText;
}

/** What is left in dist/ of files that src/ no longer has, and of files that were never finished. @param {string} root */
function removeOrphans(root) {
  mkdirSync(join(root, "dist"), { recursive: true });
  const made = new Set([...sources(root), ...pagesOf(root)].map((path) => emitted(root, path)));
  for (const path of files(join(root, "dist"), ...assets, ".html", ".d.ts", ".map", ".part")) {
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
