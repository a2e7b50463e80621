/** Finds the picture files below a folder; every layout, `init` and `predict` look with these eyes. */

import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import * as TE from "fp-ts/lib/TaskEither.js";

export interface FoundFile {
  /** As it is on the disk. */
  readonly path: string;
  /** Within the folder that was searched; `/` between folders, and composed (NFC), so that names can be compared. */
  readonly within: string;
  /** `within` without the suffix of its format. */
  readonly stem: string;
}

const pictures = new Set([".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"]);

/** By its suffix alone. */
export const isPictureName = (name: string): boolean => pictures.has(extname(name).toLowerCase());

/** What file managers, notebooks and archives leave behind; hidden entries (`.DS_Store`, `._a.jpg`) go as well. */
const junk = new Set(["__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found", "Thumbs.db"]);

export const isJunk = (name: string): boolean => name.startsWith(".") || junk.has(name);

/** Folders in one another, and folders in all: more are links that lead in circles. */
const [DEEPEST, MOST] = [64, 200_000];

/** Equal names are equal in NFC, whichever system wrote them. */
export const composed = (name: string): string => name.normalize("NFC");

/**
 * Files in a folder and below it whose names are wanted, sorted by name, so that their order does not depend on the
 * disk. Links are followed, except to a folder that they lie in. Left is what the system says of a folder.
 */
export const filesBelow = (
  folder: string,
  isWanted: (name: string) => boolean,
): TE.TaskEither<Error, readonly FoundFile[]> =>
  TE.tryCatch(async () => {
    const found: FoundFile[] = [];
    await search({ folder, within: "", above: [], visited: { count: 0 }, isWanted }, found);
    return found.sort((a, b) => (a.within < b.within ? -1 : a.within > b.within ? 1 : 0));
  }, E.toError);

export const picturesBelow = (folder: string): TE.TaskEither<Error, readonly FoundFile[]> =>
  filesBelow(folder, isPictureName);

interface Search {
  readonly folder: string;
  readonly within: string;
  /** Identities of the folders that this one lies in. */
  readonly above: readonly string[];
  readonly visited: { count: number };
  readonly isWanted: (name: string) => boolean;
}

async function search(place: Search, found: FoundFile[]): Promise<void> {
  const { folder, within, above, visited, isWanted } = place;
  const { dev, ino } = await stat(folder);
  const identity = `${dev} ${ino}`;
  if (above.includes(identity)) return;
  if (above.length > DEEPEST || ++visited.count > MOST)
    throw new Error(`its folders do not end (${folder}): links lead in circles`);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (isJunk(entry.name)) continue;
    const [path, name] = [join(folder, entry.name), within + composed(entry.name)];
    if (await isFolder(entry, path))
      await search(
        { ...place, folder: path, within: `${name}/`, above: [...above, identity] },
        found,
      );
    else if (isWanted(entry.name))
      found.push({ path, within: name, stem: name.slice(0, name.length - extname(name).length) });
  }
}

/** A link that leads nowhere is told as a file that cannot be read, if it is called one. */
const isFolder = async (entry: Dirent, path: string): Promise<boolean> =>
  entry.isSymbolicLink()
    ? await stat(path).then(
        (target) => target.isDirectory(),
        () => false,
      )
    : entry.isDirectory();
