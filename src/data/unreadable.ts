/** Recognises annotations that are no pictures of labels, and says what makes such pictures of them. */

import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { isMap } from "../language/section.js";
import { type FoundFile, filesBelow } from "./walk.js";

/** Files beyond are not looked into. */
const [MOST_FILES, MOST_BYTES] = [50, 64 * 1024 * 1024];

/** What the polygons of a folder are, where there are any. */
export const polygonsIn = async (folder: string): Promise<Failure | null> => {
  const files = pipe(
    await filesBelow(folder, (name) => /\.(json|txt)$/i.test(name))(),
    E.getOrElse((): readonly FoundFile[] => []),
  );
  for (const { path } of files.slice(0, MOST_FILES)) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.length > MOST_BYTES) continue;
    const found = path.toLowerCase().endsWith(".json")
      ? ofJson(folder, path, text)
      : ofText(path, text);
    if (found !== null) return found;
  }
  return null;
};

const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path}'`);

const ofJson = (folder: string, path: string, text: string): Failure | null => {
  const value = pipe(
    E.tryCatch(
      (): unknown => JSON.parse(text),
      () => null,
    ),
    E.getOrElse((): unknown => null),
  );
  if (!isMap(value)) return null;
  const has = (...keys: readonly string[]): boolean =>
    keys.every((key) => Array.isArray(value[key]));
  if (has("shapes") && "imagePath" in value)
    return polygons(
      "LabelMe",
      path,
      `python labelme2voc.py ${quoted(dirname(path))} masks --labels labels.txt --noobject`,
      "the script lies in examples/semantic_segmentation of labelme; labels.txt lists your classes",
    );
  return has("images", "annotations")
    ? polygons(
        "COCO",
        path,
        `datum convert -i ${quoted(folder)} -if coco -f voc_segmentation -o masks -- --save-media`,
        "`pip install datumaro` brings `datum`",
      )
    : null;
};

/** A class and pairs of shares of the picture's sides on every line, three points at least. */
const ofText = (path: string, text: string): Failure | null => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const isPolygon = (line: string): boolean => {
    const [kind = "", ...points] = line.trim().split(/\s+/);
    const inside = points.every((point) => Number(point) >= 0 && Number(point) <= 1);
    return /^\d+$/.test(kind) && points.length >= 6 && points.length % 2 === 0 && inside;
  };
  return lines.length > 0 && lines.every(isPolygon)
    ? failure(
        `${path} holds polygons of YOLO, and pspc reads pictures of labels`,
        "each line is a class and the corners of a polygon",
        "Export the project once more as masks: in Roboflow `Semantic Segmentation Masks`, in CVAT `Segmentation mask`, in Label Studio `PNG`; then `pspc init` that folder.",
      )
    : null;
};

const polygons = (tool: string, path: string, line: string, where: string): Failure =>
  failure(
    `${basename(path)} holds polygons of ${tool}, and pspc reads pictures of labels`,
    `it is ${path}`,
    `Draw them: \`${line}\` (${where}); then \`pspc init masks\`.`,
  );
