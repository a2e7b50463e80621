/** Names of classes that annotation tools leave beside their labels: CVAT's `labelmap.txt`, Roboflow's `_classes.csv`. */

import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { readRegular } from "../file/regular.js";
import { packRgb } from "../language/dataset.js";

export interface ClassNames {
  /** Relative to the folder that was looked at. */
  readonly file: string;
  /** By file value, or by colour `0xRRGGBB`, as the labels hold them. */
  readonly names: ReadonlyMap<number, string>;
}

type Format = "index" | "colour";

/** A file larger than this is no list of names. */
const MOST_BYTES = 1 << 20;

/** The names for labels of a format, from the first file that has some; each split of Roboflow's has the same. */
export const classNamesIn = (root: string, format: Format): ClassNames | null => {
  const below = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const folder of [root, ...below.map(({ name }) => join(root, name))])
    for (const [name, read] of Object.entries(files)) {
      const path = join(folder, name);
      const bytes = existsSync(path) ? readRegular(path, MOST_BYTES) : E.left("");
      const names = E.isRight(bytes) ? read(bytes.right.toString("utf8"), format) : null;
      if (names !== null && areNames(names)) return { file: relative(root, path), names };
    }
  return null;
};

type Read = (text: string, format: Format) => ReadonlyMap<number, string> | null;

const linesOf = (text: string): readonly string[] =>
  text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));

/** `car:128,0,0::`, a class a line, in the order of their indices. */
const labelmap: Read = (text, format) => {
  const found = linesOf(text).map((line) => /^([^:]+):(\d+),(\d+),(\d+):/.exec(line));
  const entries = found.flatMap((match, index) => {
    const [, name = "", ...colour] = match ?? [];
    const [red = 0, green = 0, blue = 0] = colour.map(Number);
    const isColour = match !== null && Math.max(red, green, blue) < 256;
    return isColour
      ? [[format === "index" ? index : packRgb([red, green, blue]), name] as const]
      : [];
  });
  return entries.length === found.length ? new Map(entries) : null;
};

/** `Pixel Value, Class` above `1, car`. */
const classesCsv: Read = (text, format) =>
  format === "colour"
    ? null
    : new Map(
        linesOf(text).flatMap((line) => {
          const [, value, name] = /^\s*(\d+)\s*,\s*(.*?)\s*$/.exec(line) ?? [];
          return value === undefined || !name ? [] : [[Number(value), name] as const];
        }),
      );

const files: Readonly<Record<string, Read>> = {
  "labelmap.txt": labelmap,
  "_classes.csv": classesCsv,
};

/** `ignore` is what the language calls no class. */
const areNames = (names: ReadonlyMap<number, string>): boolean =>
  names.size > 0 &&
  new Set(names.values()).size === names.size &&
  ![...names.values()].includes("ignore");
