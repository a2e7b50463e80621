// @ts-check
/**
 * Makes each page of src/ (an `.html` in a folder named `browser`) one file of dist/ that needs no other and no network:
 *
 *     <link rel="stylesheet" href="style.css">            the style, in its place
 *     <script src="start.ts">                             the program with all that it imports, in its place
 *     <script type="application/gzip" src="main.ts">      the same, packed: base64 of gzip, for the page to unpack and run
 *     <script type="application/gzip" src="npm:a/b.wasm"> a file of a package, packed
 *     <script type="application/gzip" src="a/E*.md">      the texts of a folder by their names: JSON, packed
 *     {styles}, {scripts}                                 in its policy: the hashes of what may apply and run
 *
 * What stands in a folder named `browser` runs in no Node: it reaches dist/ in a page alone, and tsconfig.page.json has
 * its types.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { Stop } from "./stop.mjs";

/** @param {string} path within src/ */
export const isBrowsers = (path) => /(^|[\\/])browser[\\/]/.test(path);

/** @param {string} root @returns {string[]} the pages, within src/ */
export const pagesOf = (root) =>
  readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
    (path) => isBrowsers(path) && path.endsWith(".html"),
  );

const link = /<link rel="stylesheet" href="([^"]+)">/g;
const script = /<script([^>]*?) src="([^"]+)"([^>]*)><\/script>/g;

/**
 * @param {string} root
 * @param {string} path of the page, within src/
 * @returns {Promise<{ text: string, inputs: string[] }>} the page, and the files of src/ that it was made of
 */
export async function madePage(root, path) {
  const file = join(root, "src", path);
  const folder = dirname(file);
  const inputs = new Set([file]);
  /** @type {string[]} */
  const styles = [];
  /** @type {string[]} */
  const scripts = [];

  let text = readFileSync(file, "utf8").replace(link, (_, href) => {
    const style = readFileSync(resolve(folder, href), "utf8");
    inputs.add(resolve(folder, href));
    styles.push(style);
    return `<style>${style}</style>`;
  });
  for (const [whole, before = "", source = "", after = ""] of [...text.matchAll(script)]) {
    const isPacked = `${before}${after}`.includes('type="application/gzip"');
    const bytes = await partOf(root, folder, source, inputs);
    if (source.endsWith(".ts")) scripts.push(bytes.toString());
    const content = isPacked ? gzipSync(bytes, { level: 9 }).toString("base64") : bytes.toString();
    text = text.replace(whole, () => `<script${before}${after}>${content}</script>`);
  }
  return {
    text: text.replace("{styles}", hashes(styles)).replace("{scripts}", hashes(scripts)),
    inputs: [...inputs].map((input) => relative(join(root, "src"), input)),
  };
}

/** @param {readonly string[]} texts @returns {string} as a Content-Security-Policy names them */
const hashes = (texts) =>
  texts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");

/**
 * @param {string} root @param {string} folder @param {string} source @param {Set<string>} inputs
 * @returns {Promise<Buffer>}
 */
async function partOf(root, folder, source, inputs) {
  if (source.startsWith("npm:"))
    return readFileSync(createRequire(join(root, "package.json")).resolve(source.slice(4)));
  if (source.endsWith("*.md")) return Buffer.from(textsOf(resolve(folder, source), inputs));
  const { code, modules } = await bundled(root, resolve(folder, source));
  const own = ["src", "specs"].map((name) => join(root, name) + sep);
  for (const module of modules) if (own.some((of) => module.startsWith(of))) inputs.add(module);
  return Buffer.from(code);
}

/** @param {string} pattern a path that ends in `*.md` @param {Set<string>} inputs @returns {string} JSON */
const textsOf = (pattern, inputs) => {
  const [folder, first] = [dirname(pattern), basename(pattern, "*.md")];
  const names = readdirSync(folder).filter(
    (name) => name.startsWith(first) && name.endsWith(".md"),
  );
  const read = (/** @type {string} */ name) => {
    inputs.add(join(folder, name));
    return [basename(name, ".md"), readFileSync(join(folder, name), "utf8")];
  };
  return JSON.stringify(Object.fromEntries(names.sort().map(read)));
};

/**
 * One classic script, whatever it imports.
 * @param {string} root @param {string} entry
 */
async function bundled(root, entry) {
  const { rolldown } = await import("rolldown");
  /** @param {string} reason */
  const stop = (reason) =>
    new Stop(`${relative(root, entry)} cannot be made a script of a page`, { reason });
  const build = await rolldown({
    input: entry,
    cwd: root,
    platform: "browser",
    // Specs that a page shows.
    moduleTypes: { ".yaml": "text" },
    resolve: {
      extensionAlias: { ".js": [".ts", ".js"] },
      // Its lib/ is CommonJS, which would be in the page as a whole.
      alias: { "fp-ts/lib": "fp-ts/es6" },
    },
    // What is only warned of fails where the page is opened.
    onLog: (level, { message }) => {
      if (level === "warn") throw stop(message);
    },
  });
  try {
    const { output } = await build.generate({ format: "iife", minify: true });
    const [{ code, moduleIds }] = output;
    // In a page it would end the script.
    return { code: code.replaceAll("</script", "<\\/script"), modules: moduleIds };
  } catch (error) {
    throw error instanceof Stop ? error : stop(error instanceof Error ? error.message : `${error}`);
  } finally {
    await build.close();
  }
}
