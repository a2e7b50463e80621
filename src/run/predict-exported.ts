/** Predicts pictures by an exported GraphModel, on WebAssembly: TensorFlow is not needed, nor the spec or the run. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import type { TypeOf } from "io-ts";
import { readImage } from "../data/image.js";
import { palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { makeFolder } from "../data/write.js";
import { Failed, valueOrThrow } from "../diagnostic/failure.js";
import { toClassIndices } from "../language/labels.js";
import { anything } from "../language/map.js";
import { closed } from "../language/section.js";
import { choice, integer, list, tuple } from "../language/value.js";
import { sizeName } from "../plan/graphs.js";
import { answers } from "../plan/inference.js";
import { inWasm } from "../runtime/exported.js";
import { nullable, readJson, words } from "./codec.js";
import { exportUnread, noExport, otherSize, wasmAbsent } from "./errors.js";
import type { Event } from "./event.js";
import { pictureReading, rgb } from "./experiment.js";
import { imagesFor } from "./inputs.js";
import { demandApart, type PredictRequest } from "./predict.js";
import { areasOf, paint } from "./prediction.js";

const side = integer({ min: 1 });

/** What an export says of itself (`aboutOf` in export.ts). */
const exportRecord = closed(
  "the export",
  {
    pspc: words,
    command: words,
    classes: list("class names", words, { min: 1, max: 65535 }),
    palette: list("colours", rgb),
    size: tuple(2, "sizes", side),
    images: nullable(pictureReading),
    give: list("answers", choice(...answers)),
    numbers: choice("f32", "f16", "u8"),
    preprocessing: anything,
    align_corners: anything,
    fingerprint: anything,
    weights: anything,
    checked: anything,
  },
  {},
);
type ExportRecord = Readonly<TypeOf<typeof exportRecord>>;

export type ExportedRequest = Pick<
  PredictRequest,
  "inputs" | "list" | "out" | "alpha" | "signal"
> & {
  /** The folder that `export --to NAME.tfjs` made. */
  readonly model: string;
};

/** Pictures that one process is asked: it loads the network first. */
const TOGETHER = 16;

/** Whether a path is such a folder. */
export const isExported = (path: string): boolean => /\.tfjs[\\/]*$/.test(path) && existsSync(path);

/** As `predict`: a picture that cannot be read, or has another size, stops nothing. @throws Failed for anything else. */
export async function* predictExported(request: ExportedRequest): AsyncGenerator<Event, void> {
  const { model, out, alpha = 0.5, signal } = request;
  const about = recordIn(model);
  const { classes: names, size } = about;
  const [height, width] = size;
  const colours = palette(about.palette, names.length);
  const inputs = await imagesFor(request.inputs, request.list);
  demandApart(inputs, out);
  makeFolder(out);
  const skipped: Event[] = [];
  const read = async (path: string): Promise<Picture | null> => {
    try {
      const picture = await readImage(path, about.images);
      if (picture.height === height && picture.width === width) return picture;
      throw new Failed(otherSize(path, sizeName(picture), sizeName({ height, width })));
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      skipped.push({ kind: "skipped", file: path, failure: error.failure });
      return null;
    }
  };
  let done = 0;
  for (let first = 0; first < inputs.length; first += TOGETHER) {
    if (signal?.aborted) return;
    const group = inputs.slice(first, first + TOGETHER);
    const all = await Promise.all(
      group.map(async (item) => ({ item, picture: await read(item.path) })),
    );
    const pictures = all.flatMap(({ item, picture }) => (picture ? [{ item, picture }] : []));
    const found = await classesOf(
      model,
      pictures.map(({ picture }) => picture),
      { height, width },
    );
    for (const [i, { item, picture }] of pictures.entries()) {
      const classes = toClassIndices(names.length, found[i] ?? []);
      const files = await paint(out, item.name, { picture, classes }, { colours, alpha });
      yield { kind: "predicted", image: item.path, ...files, areas: areasOf(classes, names) };
    }
    done += group.length;
    yield { kind: "progress", what: "predicting", done, total: inputs.length };
  }
  yield* skipped;
}

/** @throws Failed where the folder holds no export that gives classes. */
const recordIn = (model: string): ExportRecord => {
  const about = valueOrThrow(readJson(join(model, "pspc.json"), exportRecord));
  if (about === null) throw new Failed(noExport(model, "it holds no pspc.json"));
  if (!about.give.includes("classes"))
    throw new Failed(noExport(model, `it gives ${about.give.join(", ")}, and no classes`));
  return about;
};

const classesOf = async (
  path: string,
  pictures: readonly Picture[],
  size: { readonly height: number; readonly width: number },
): Promise<readonly ArrayLike<number>[]> => {
  if (pictures.length === 0) return [];
  const results = [{ name: "classes", isWhole: true }];
  const question = { path, pictures: pictures.map(({ pixels }) => pixels), ...size, results };
  const told = await inWasm(question).catch((error: unknown) => {
    throw new Failed(exportUnread(path, error instanceof Error ? error.message : `${error}`));
  });
  if (E.isLeft(told)) throw new Failed(wasmAbsent(told.left));
  return told.right.answers.map(({ classes = new Int32Array() }) => classes);
};
