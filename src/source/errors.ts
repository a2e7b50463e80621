/** The messages on texts that cannot be read as a spec: YAML, TypeScript and overrides. */

import { type Diagnostic, error, type Path, type Span } from "../diagnostic/diagnostic.js";
import { find, type Tree } from "./tree.js";

const here = (at: Span, label: string, path: Path = []) => ({ path, label, at });

export const syntax = (at: Span, reason: string, help: readonly string[]): Diagnostic =>
  error("E0102", "this is not YAML", here(at, reason), { help });

export const tab = (at: Span): Diagnostic =>
  error("E0103", "a tab indents this line", here(at, "YAML indents with spaces only"), {
    help: ["put two spaces for each level"],
  });

export const duplicateKey = (key: string, at: Span, first: Span, path: Path): Diagnostic =>
  error("E0104", `\`${key}\` is written twice`, here(at, "written again", path), {
    related: [here(first, "first written here", path)],
    help: ["keep one of the two"],
  });

export const aliasCycle = (name: string, at: Span): Diagnostic =>
  error("E0105", `the alias \`*${name}\` contains itself`, here(at, "inside its own anchor"), {
    help: ["write the value out"],
  });

export const tooManyValues = (at: Span, limit: number): Diagnostic =>
  error(
    "E0105",
    "the aliases of this spec expand to too many values",
    here(at, "grows past the limit"),
    {
      notes: [
        `a spec holds at most ${limit.toLocaleString("en")} values, counted with its aliases written out`,
      ],
      help: ["write the values out, or use a matrix of variants"],
    },
  );

export const severalDocuments = (at: Span): Diagnostic =>
  error("E0106", "a spec is one YAML document", here(at, "a second document begins here"), {
    help: ["put it into its own file, and name the first one under `extends`"],
  });

export const emptySpec = (at: Span): Diagnostic =>
  error("E0107", "the spec is empty", here(at, "nothing is written here"), {
    help: [
      "begin with `pspc: 1`, then `data:` and `train:`; `pspc init FOLDER` writes a first spec",
    ],
  });

export const tooLarge = (at: Span, limit: number): Diagnostic =>
  error("E0108", "the spec is too large", here(at, ""), {
    notes: [`a spec has at most ${limit.toLocaleString("en")} characters`],
    help: ["put lists of files into files of their own, and name those under `data`"],
  });

export const tooDeep = (at: Span, limit: number): Diagnostic =>
  error("E0108", "the spec is nested too deeply", here(at, "too deep"), {
    notes: [`at most ${limit} levels`],
  });

export const keyNotText = (at: Span, path: Path): Diagnostic =>
  error("E0109", "a key must be a word or a number", here(at, "not a word", path));

export const unknownTag = (tag: string, at: Span, path: Path): Diagnostic =>
  error("E0110", `YAML tags such as \`${tag}\` mean nothing here`, here(at, "unknown tag", path), {
    help: ["remove the tag"],
  });

export const unknownAlias = (
  name: string,
  at: Span,
  path: Path,
  help: readonly string[],
): Diagnostic =>
  error("E0111", `there is no anchor \`&${name}\` before this`, here(at, "unknown alias", path), {
    help: [...help, "quote the value if it is meant to begin with `*`"],
  });

export const notAnOverride = (at: Span): Diagnostic =>
  error("E0112", "an override is `path.to.key=value`", here(at, "no `=` after a path"), {
    help: ["for example `train.crop=89` or `model.pyramid.bins=[1,2]`"],
  });

export const notTypeScript = (at: Span, reason: string): Diagnostic =>
  error("E0113", "this cannot be read as TypeScript", here(at, reason), {
    help: ["fix the line; `npx tsc --noEmit` says more"],
  });

export const moduleFailed = (at: Span, reason: string, from?: string): Diagnostic =>
  error("E0114", "the spec cannot be run", here(at, reason), {
    notes: from === undefined ? [] : [`thrown at ${from}`],
    help: ["a spec is a module whose default export is plain data"],
  });

export const noDefaultExport = (at: Span, exports: readonly string[]): Diagnostic =>
  error("E0115", "the module has no default export", here(at, "exports no spec"), {
    notes: exports.length === 0 ? [] : [`it exports ${exports.join(", ")}`],
    help: ["write `export default defineSpec({ … })`"],
  });

export const notData = (path: Path, what: string, tree: Tree): Diagnostic =>
  error("E0116", "a spec is plain data", here(find(tree, path).span, `this is ${what}`, path), {
    help: [
      what === "a promise" ? "put `await` before it" : "use text, numbers, flags, lists and maps",
    ],
  });
