/** semseg's layout: a list file enters, one `image label` pair a line, relative to the root; the pairs leave. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { badLine, missingFile, missingList } from "./errors.js";
import type { Entry } from "./layout-entry.js";

export async function listed(root: string, split: string, name: string): Promise<readonly Entry[]> {
  return (await lines(resolve(root, name), split)).flatMap(({ words, text, place }) => {
    const [image, label, ...rest] = words;
    if (image === undefined || label === undefined || rest.length > 0)
      return [badLine(place, text)];
    return pair(root, image, label, place);
  });
}

export interface Line {
  readonly words: readonly string[];
  readonly text: string;
  /** `train.txt:7` */
  readonly place: string;
}

/** The lines that say something. */
export async function lines(path: string, split: string): Promise<readonly Line[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Failed(missingList(split, path, error));
  });
  return text.split("\n").flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === "") return [];
    return [{ words: trimmed.split(/\s+/), text: trimmed, place: `${path}:${i + 1}` }];
  });
}

/** The pair, or each of its files that does not exist. */
export function pair(root: string, image: string, label: string, place: string): readonly Entry[] {
  const sample = { image: resolve(root, image), label: resolve(root, label) };
  const missing = (["image", "label"] as const).filter((role) => !existsSync(sample[role]));
  if (missing.length === 0) return [sample];
  return missing.map((role): Failure => missingFile(place, role, relative(root, sample[role])));
}
