/**
 * Pascal VOC's layout: the name of a list in ImageSets/Segmentation enters; pairs from JPEGImages and
 * SegmentationClass leave.
 *
 * Lists that end in `aug` (SBD's annotations joined to VOC's) read SegmentationClassAug, and
 * SegmentationClass for what is not there. Their lines may also be pairs of paths, as DeepLab's are.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "./layout-entry.js";
import { lines, pair } from "./layout-list.js";

export async function vocListed(
  root: string,
  split: string,
  name: string,
): Promise<readonly Entry[]> {
  const list = join(root, "ImageSets", "Segmentation", `${name}.txt`);
  const folders = name.endsWith("aug")
    ? ["SegmentationClassAug", "SegmentationClass"]
    : ["SegmentationClass"];
  return (await lines(list, split)).flatMap(({ words: [id, label], place }) => {
    if (label?.includes("/")) return pair(root, withoutSlash(id!), withoutSlash(label), place);
    const found = folders.find((folder) => existsSync(join(root, folder, `${id}.png`)));
    return pair(root, `JPEGImages/${id}.jpg`, `${found ?? folders[0]}/${id}.png`, place);
  });
}

/** DeepLab's paths begin with the root as `/`. */
const withoutSlash = (path: string): string => path.replace(/^\/+/, "");
