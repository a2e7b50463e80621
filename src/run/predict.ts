/** Trained weights on pictures without labels: files or folders enter; palette PNGs of classes and overlays leave. */

import { readdir, stat } from "node:fs/promises";
import { basename, extname, join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { imageSize, type Picture, readImage } from "../data/image.js";
import { overlay, type Palette, palette } from "../data/palette.js";
import { makeFolder, writeImage, writePalettePng } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Program } from "../plan/program.js";
import type { Want } from "../runtime/library.js";
import { sizeName } from "../tensorflow/model.js";
import { noImages, noInput } from "./errors.js";
import type { Event } from "./event.js";
import { ahead, type Measured, readNetwork, serve, strangers, type Trained } from "./inference.js";

export type PredictRequest = Trained & {
  readonly program: Program;
  /** Image files, and folders, which are searched through. */
  readonly inputs: readonly string[];
  /** Folder for `NAME.png` (classes) and `NAME.overlay.png`. */
  readonly out: string;
  readonly device: Want;
  /** Weight of the colours in the overlay. */
  readonly alpha?: number;
  readonly signal?: AbortSignal;
};

export interface Input {
  readonly path: string;
  /** Of the files written: unique among the inputs. */
  readonly name: string;
}

/** An image that cannot be read stops nothing; it is `skipped` at the end. @throws Failed for anything else. */
export async function* predict(request: PredictRequest): AsyncGenerator<Event, void> {
  const { program, out, device, signal, alpha = 0.5 } = request;
  const colours = palette(program.experiment.data.palette);
  const network = await readNetwork(program, request, device);
  yield* strangers(network);
  const inputs = await imagesFor(request.inputs);
  const skipped: Event[] = [];
  const attempt = async <A>(path: string, act: () => Promise<A>): Promise<A | null> =>
    act().catch((error) => {
      if (!(error instanceof Failed)) throw error;
      skipped.push({ kind: "skipped", file: path, failure: error.failure as Failure });
      return null;
    });

  const measured = await Promise.all(
    inputs.map(async (item) => ({
      item,
      size: await attempt(item.path, () => imageSize(item.path)),
    })),
  );
  const images = measured.filter((image): image is Measured<Input> => image.size !== null);
  makeFolder(out);
  let done = 0;
  for await (const { session, members } of serve(network, "predict", images)) {
    const read = ({ item: { path } }: Measured<Input>): Promise<Picture | null> =>
      attempt(path, () => readImage(path));
    for await (const [{ item, size }, picture] of ahead(members, read)) {
      await setImmediate();
      if (signal?.aborted) return;
      if (picture !== null) {
        const { classes } = session.run(`predict_${sizeName(size)}`, { image: picture.pixels });
        const labels = Uint8Array.from(classes!.data);
        yield {
          kind: "predicted",
          image: item.path,
          ...(await show(out, item, picture, labels, colours, alpha)),
        };
      }
      yield { kind: "progress", what: "predicting", done: ++done, total: images.length };
    }
  }
  yield* skipped;
}

const show = async (
  out: string,
  { name }: Input,
  picture: Picture,
  labels: Uint8Array,
  colours: Palette,
  alpha: number,
): Promise<{ readonly classes: string; readonly overlay: string }> => {
  const files = { classes: join(out, `${name}.png`), overlay: join(out, `${name}.overlay.png`) };
  const { height, width } = picture;
  await Promise.all([
    writePalettePng(files.classes, labels, height, width, colours),
    writeImage(files.overlay, overlay(picture, labels, colours, alpha)),
  ]);
  return files;
};

const formats = new Set([".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"]);

/** Files, and the images of folders, each with a name of its own. @throws Failed where there are none. */
export const imagesFor = async (inputs: readonly string[]): Promise<readonly Input[]> => {
  const found = distinct((await Promise.all(inputs.map(imagesIn))).flat());
  if (found.length === 0) throw new Failed(noImages(inputs));
  return found;
};

/** A file as it is; of a folder every image beneath it, in the order of their names. */
const imagesIn = async (input: string): Promise<readonly Input[]> => {
  const found = await stat(input).catch((error: Error) => {
    throw new Failed(noInput(input, error.message));
  });
  if (!found.isDirectory()) return [{ path: input, name: withoutSuffix(basename(input)) }];
  const files = await readdir(input, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && formats.has(extname(file.name).toLowerCase()))
    .map((file) => join(file.parentPath, file.name))
    .sort()
    .map((path) => ({
      path,
      name: withoutSuffix(relative(input, path)).replaceAll(/[\\/]/g, "-"),
    }));
};

const withoutSuffix = (name: string): string => name.slice(0, name.length - extname(name).length);

/** Names that occur twice are numbered from the second on. */
const distinct = (inputs: readonly Input[]): readonly Input[] => {
  const seen = new Map<string, number>();
  return inputs.map(({ path, name }) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { path, name: times === 1 ? name : `${name}-${times}` };
  });
};
