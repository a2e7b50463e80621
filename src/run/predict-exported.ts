/** Predicts pictures by an exported GraphModel, on WebAssembly: TensorFlow is not needed, nor the spec or the run. */

import { existsSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { readImage } from "../data/image.js";
import { palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { makeFolder } from "../data/write.js";
import { Failed, valueOrThrow } from "../diagnostic/failure.js";
import { toClassIndices } from "../language/labels.js";
import { sizeName } from "../plan/graphs.js";
import { type Answer, type Kept, openApart } from "../runtime/exported.js";
import { type ExportRecord, readExportRecord } from "./card.js";
import type { Event } from "./event.js";
import { exportUnread, noProbabilities, scaledPictures, wasmAbsent } from "./export-errors.js";
import { ahead } from "./inference.js";
import { imagesFor } from "./inputs.js";
import { demandApart, type PredictRequest } from "./predict.js";
import { areasOf, paint } from "./prediction.js";

export type ExportedRequest = Pick<
  PredictRequest,
  "inputs" | "list" | "out" | "alpha" | "probabilities" | "signal"
> & {
  /** The folder that `export --to NAME.tfjs` made. */
  readonly model: string;
};

/** Whether a path is such a folder. */
export const isExported = (path: string): boolean => /\.tfjs[\\/]*$/.test(path) && existsSync(path);

/** As `predict`: a picture that cannot be read stops nothing. @throws Failed for anything else. */
export async function* predictExported(request: ExportedRequest): AsyncGenerator<Event, void> {
  const { model, out, alpha = 0.5, probabilities = false, signal } = request;
  const record = valueOrThrow(readExportRecord(model));
  const { classes: names } = record;
  if (probabilities && !record.give.includes("probabilities"))
    throw new Failed(noProbabilities(model, record.give));
  const colours = palette(record.palette, names.length);
  const inputs = await imagesFor(request.inputs, request.list);
  demandApart(inputs, out);
  makeFolder(out);
  const skipped: Event[] = [];
  const read = async ({ path }: { readonly path: string }): Promise<Picture | null> => {
    try {
      return await readImage(path, record.images);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      skipped.push({ kind: "skipped", file: path, failure: error.failure });
      return null;
    }
  };
  let [done, scaled] = [0, 0];
  const kept = openApart("wasm");
  try {
    for await (const [{ path, name }, picture] of ahead(inputs, read)) {
      if (signal?.aborted) return;
      if (picture !== null) {
        const found = await answerOf(kept, model, picture, probabilities);
        const classes = toClassIndices(names.length, found.classes ?? []);
        const shares =
          found.probabilities instanceof Float32Array ? found.probabilities : undefined;
        const prediction = { picture, classes, probabilities: shares };
        const files = await paint(out, name, prediction, { colours, alpha });
        if (isScaled(record, picture)) scaled += 1;
        yield { kind: "predicted", image: path, ...files, areas: areasOf(classes, names) };
      }
      yield { kind: "progress", what: "predicting", done: ++done, total: inputs.length };
    }
  } finally {
    kept.close();
  }
  if (scaled > 0) yield { kind: "note", message: scaledPictures(scaled, sizeIn(record)) };
  yield* skipped;
}

const sizeIn = ({ size: [height, width] }: ExportRecord): string => sizeName({ height, width });

const isScaled = (record: ExportRecord, picture: Picture): boolean =>
  sizeName(picture) !== sizeIn(record);

/** Of any size: the process scales what the network would not take. */
const answerOf = async (
  { ask }: Kept,
  path: string,
  { pixels, height, width }: Picture,
  probabilities: boolean,
): Promise<Answer> => {
  const results = [
    { name: "classes", isWhole: true },
    ...(probabilities ? [{ name: "probabilities", isWhole: false }] : []),
  ];
  const calls = [{ pixels, height, width, count: 1 }];
  const told = await ask({ path, calls, results }).catch((error: unknown) => {
    throw new Failed(exportUnread(path, error instanceof Error ? error.message : `${error}`));
  });
  if (E.isLeft(told)) throw new Failed(wasmAbsent(told.left));
  return told.right.answers[0] ?? {};
};
