/** Two folders, of images and of labels: they enter; files that have the same stem leave in pairs. */

import { readdir } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Folders } from "../normalize/experiment.js";
import { missingFolder, partnerless, twins } from "./errors.js";
import type { Entry } from "./layout-entry.js";

/** Files in folders below the two are paired by their path within them. */
export async function pairedFolders(
  root: string,
  split: string,
  { images, labels, suffix }: Folders,
): Promise<readonly Entry[]> {
  const [pictures, annotated] = await Promise.all([
    filesBelow(join(root, images), split),
    filesBelow(join(root, labels), split),
  ]);
  return partnered(root, { images, labels }, pictures, annotated, (stem) => `${stem}${suffix}`);
}

export interface Found {
  readonly path: string;
  /** Path within the folder without the suffix of its format. */
  readonly stem: string;
}

const formats = new Set([".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"]);

/** Pictures in a folder and below it, sorted by path, so that their order does not depend on the disk. */
export async function filesBelow(folder: string, split: string): Promise<readonly Found[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw new Failed(missingFolder(split, folder, error));
    },
  );
  return files
    .filter((file) => !file.isDirectory() && !file.name.startsWith("."))
    .filter((file) => formats.has(extname(file.name).toLowerCase()))
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((path) => {
      const within = relative(folder, path);
      return { path, stem: within.slice(0, within.length - extname(within).length) };
    });
}

/** Every image with the label whose stem `partner` names; what is alone or double is a mistake. */
export function partnered(
  root: string,
  folders: { readonly images: string; readonly labels: string },
  images: readonly Found[],
  labels: readonly Found[],
  partner: (stem: string) => string,
): readonly Entry[] {
  const known = new Map(labels.map(({ stem, path }) => [stem, path]));
  const wanted = new Set(images.map(({ stem }) => partner(stem)));
  const entries = images.map(({ stem, path }): Entry => {
    const label = known.get(partner(stem));
    return label === undefined
      ? partnerless(relative(root, path), folders.labels, partner(stem))
      : { image: path, label };
  });
  const alone = labels
    .filter(({ stem }) => !wanted.has(stem))
    .map(({ path }): Failure => partnerless(relative(root, path), folders.images, ""));
  return [...entries, ...alone, ...doubles(root, images), ...doubles(root, labels)];
}

/** `7.jpg` beside `7.png`: which is meant? */
const doubles = (root: string, files: readonly Found[]): readonly Failure[] =>
  files.flatMap(({ stem, path }, i) => {
    const before = files[i - 1];
    return before?.stem === stem ? [twins(relative(root, before.path), relative(root, path))] : [];
  });
