/** Recognises data sets whose annotations are no pictures of labels yet, and says what makes such pictures of them. */

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import { readRegular } from "../file/regular.js";
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
    const read = readRegular(path, MOST_BYTES);
    if (E.isLeft(read)) continue;
    const text = read.right.toString("utf8");
    const found = path.toLowerCase().endsWith(".json")
      ? ofJson(folder, path, text)
      : ofText(path, text);
    if (found !== null) return found;
  }
  return null;
};

/** A dataset as it is published, which must be converted or cut before anything can be trained on it. */
interface Original {
  readonly title: string;
  /** Of the names of entries in the folder, and one folder below. */
  readonly found: RegExp;
  readonly why: string;
  readonly help: string;
}

const converter = (name: string): string =>
  `mmsegmentation's tools/dataset_converters/${name}.py; then \`pspc init\` the folder that it leaves`;

const cut = (what: string): string =>
  `its ${what}, and a batch would read them whole for one crop of each`;

const originals: readonly Original[] = [
  {
    title: "COCO-Stuff 10k",
    found: /^annotations\/COCO_train2014_\d+\.mat$/,
    why: "its labels are MATLAB files",
    help: `Convert it: ${converter("coco_stuff10k")}. Or save the field S of each file as a PNG in annotations/train2014 and annotations/test2014, and write \`labels: coco-stuff-10k\`.`,
  },
  {
    title: "Pascal Context",
    found: /^(trainval\/\d{4}_\d{6}\.mat|trainval_merged\.json)$/,
    why: "its labels are MATLAB files or one JSON file, of 459 classes",
    help: `Convert it to the 59 classes and the background: ${converter("pascal_context")}.`,
  },
  {
    title: "iSAID",
    found: /^train\/Semantic_masks$/,
    why: cut("pictures have up to 13,000 pixels a side"),
    help: `Cut it into patches of 896 that overlap by 384, with indices for colours: ${converter("isaid")}.`,
  },
  {
    title: "ISPRS Potsdam",
    found:
      /^((2_Ortho_RGB|5_Labels_all(_noBoundary)?)(\.zip)?|([^/]+\/)?top_potsdam_\d+_\d+_\w+\.tif)$/,
    why: cut("pictures have 6,000 pixels a side"),
    help: `Cut it into tiles of 512, with indices for colours: ${converter("potsdam")}.`,
  },
  {
    title: "ISPRS Vaihingen",
    found: /^([^/]+\/)?top_mosaic_09cm_area\d+\w*\.tif$/,
    why: cut("pictures have about 2,500 pixels a side"),
    help: `Cut it into tiles of 512, with indices for colours: ${converter("vaihingen")}.`,
  },
];

/** What a folder holds as its makers publish it, where that cannot be trained on as it is. */
export const unconverted = async (folder: string): Promise<Failure | null> => {
  const names = await readdir(folder, { withFileTypes: true });
  const below = await Promise.all(
    names
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) =>
        (await readdir(join(folder, name)).catch(() => [])).map((inner) => `${name}/${inner}`),
      ),
  );
  const entries = [...names.map(({ name }) => name), ...below.flat()];
  const original = originals.find(({ found }) => entries.some((entry) => found.test(entry)));
  return original === undefined
    ? null
    : failure(`${folder} holds ${original.title} as it is published`, original.why, original.help);
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
  if (has("shapes") && "imagePath" in value) return polygons("LabelMe", folder, path);
  return has("images", "annotations") ? polygons("COCO", folder, path) : null;
};

/** Comes with pspc, and is tried by its tests. */
const script = fileURLToPath(new URL("../../scripts/polygons.py", import.meta.url));

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

const polygons = (tool: string, folder: string, path: string): Failure =>
  failure(
    `${basename(path)} holds polygons of ${tool}, and pspc reads pictures of labels`,
    `it is ${path}`,
    `Draw them: \`python3 ${quoted(script)} ${quoted(folder)} masks\` (it needs Pillow: pip install pillow); then \`pspc init masks\`.`,
  );
