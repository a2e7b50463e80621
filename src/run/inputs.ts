/** The files and folders that people name for prediction: finds the images in them, and gives each a name of its own. */

import { stat } from "node:fs/promises";
import { basename, dirname, extname, relative } from "node:path";
import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { listedImages } from "../data/lists.js";
import { type FoundFile, filesBelow, isPictureName } from "../data/walk.js";
import { Failed, orThrow } from "../diagnostic/failure.js";
import { systemReason } from "../file/system.js";
import { noImages, noInput } from "./errors.js";

export interface Input {
  readonly path: string;
  /** Of the files written: unique among the inputs. */
  readonly name: string;
}

/** Of `list`, a file of one image a line, too. @throws Failed where there are none. */
export const imagesFor = async (
  inputs: readonly string[],
  list?: string,
): Promise<readonly Input[]> => {
  const found = distinct([
    ...(await Promise.all(inputs.map(imagesIn))).flat(),
    ...(list === undefined ? [] : await listed(list)),
  ]);
  if (found.length === 0) throw new Failed(noImages([...inputs, ...(list ? [list] : [])]));
  return found;
};

/** A file as it is; of a folder every image beneath it, in the order of their names; of a pattern what fits it. */
const imagesIn = async (input: string): Promise<readonly Input[]> => {
  const found = await stat(input).catch(() => null);
  if (found?.isDirectory()) return (await beneath(input, isPictureName)).map(named);
  if (found === null && /[*?{[]/.test(input)) return fitting(input);
  if (found === null) throw new Failed(noInput(input, "there is no such file or folder"));
  return [{ path: input, name: basename(input) }];
};

const named = ({ path, within }: FoundFile): Input => ({ path, name: within });

const beneath = (folder: string, isWanted: (name: string) => boolean) =>
  orThrow(
    pipe(
      filesBelow(folder, isWanted),
      TE.mapLeft((error) => noInput(folder, systemReason(error))),
    ),
  );

/** For shells that leave patterns to the program, and patterns in quotes. */
const fitting = async (pattern: string): Promise<readonly Input[]> => {
  const parts = pattern.split("/");
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => /[*?{[]/.test(part)),
  );
  const base = fixed.length === 0 ? "." : fixed.join("/") || "/";
  const expression = patternExpression(parts.slice(fixed.length).join("/"));
  const files = await beneath(base, () => true).catch(() => []);
  const found = files.filter(({ within }) => expression.test(within));
  if (found.length === 0) throw new Failed(noInput(pattern, "no file fits the pattern"));
  return found.map(named);
};

/** Relative to the list's folder, as far as they lie in it. */
const listed = async (list: string): Promise<readonly Input[]> =>
  (await orThrow(listedImages(list))).map((path) => ({
    path,
    name: relative(dirname(list), path),
  }));

/**
 * Names for files in one folder: folders become part of them, suffixes go, and what would meet a file of another
 * image's is numbered from the second on.
 */
export const distinct = (inputs: readonly Input[]): readonly Input[] => {
  const taken = new Set<string>();
  return inputs.map(({ path, name }) => {
    const plain = withoutSuffix(name)
      .replaceAll(/[\\/]+/g, "-")
      .replace(/^[-.]+/, "");
    let free = plain;
    for (let times = 2; taken.has(free) || taken.has(`${free}.overlay`); times++)
      free = `${plain}-${times}`;
    taken.add(free).add(`${free}.overlay`);
    return { path, name: free };
  });
};

const withoutSuffix = (name: string): string => name.slice(0, name.length - extname(name).length);

/** Of paths with `/`, relative to the folder that the pattern is relative to. */
export const patternExpression = (pattern: string): RegExp =>
  new RegExp(`^(?:${alternatives(pattern).map(translated).join("|")})$`, "s");

/** Braces with a comma are written out, the inner ones first; others are letters. */
const alternatives = (pattern: string): readonly string[] => {
  const found = /^(.*)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern);
  if (found === null) return [pattern];
  const [, before, choices, after] = found;
  return choices!.split(",").flatMap((choice) => alternatives(`${before}${choice}${after}`));
};

const translated = (pattern: string): string =>
  pattern.replaceAll(/\*\*\/|\*\*|[*?]|\[[!^]?\]?[^\]/]*\]|[\\^$.|+(){}[\]]/g, (found) =>
    found.length > 1 && found.startsWith("[") ? oneOf(found) : (words[found] ?? `\\${found}`),
  );

const words: Readonly<Record<string, string>> = {
  "**/": "(?:[^/]+/)*",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

/** `[a-c]`, and without: `[!a-c]`. A range that runs backwards holds nothing. */
const oneOf = (found: string): string => {
  const [, not, letters] = /^\[([!^]?)(.*)\]$/s.exec(found)!;
  const ranges = letters!.replaceAll(/(.)-(.)|[\\\]^[-]/gs, (part, from?: string, to?: string) =>
    from === undefined || to === undefined
      ? `\\${part}`
      : from <= to
        ? `${literal(from)}-${literal(to)}`
        : "",
  );
  return `(?!/)[${not === "" ? "" : "^"}${ranges}]`;
};

const literal = (letter: string): string => letter.replace(/[\\\]^[-]/, "\\$&");
