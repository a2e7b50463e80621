/** Predicts pictures without labels: palette PNGs of classes and overlays, or the network's own logits for comparison with another program. */

import { resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { imageSize, readImage } from "../data/image.js";
import { palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { draft, makeFolder } from "../data/write.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { sizeName } from "../plan/graphs.js";
import type { Program } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import { type Layout, layOut } from "../weights/safetensors.js";
import type { Outline } from "../weights/tensor.js";
import { wouldOverwrite } from "./errors.js";
import type { Event } from "./event.js";
import {
  ahead,
  type Measured,
  type Network,
  readNetwork,
  rounded,
  serve,
  strangers,
  type Trained,
} from "./inference.js";
import { type Input, imagesFor } from "./inputs.js";
import { areasOf, filesFor, paint, segment } from "./prediction.js";
import { isVideo, predictVideo } from "./video.js";

export type PredictRequest = Trained & {
  readonly program: Program;
  /** Image files, patterns, and folders, which are searched through. */
  readonly inputs: readonly string[];
  /** A file of one image a line. */
  readonly list?: string | undefined;
  /** Folder for `NAME.png` (classes), `NAME.overlay.png`, and `NAME.safetensors` (probabilities). */
  readonly out: string;
  readonly device: Want;
  /** Weight of the colours in the overlay. */
  readonly alpha?: number;
  /** Images of one size that are computed together. */
  readonly batch?: number;
  readonly probabilities?: boolean;
  readonly signal?: AbortSignal;
};

/** An image that cannot be read stops nothing; it is `skipped` at the end. @throws Failed for anything else. */
export async function* predict(request: PredictRequest): AsyncGenerator<Event, void> {
  const { program, out, device, signal, alpha = 0.5, batch = 1, probabilities = false } = request;
  const { classes: names, palette: chosen, images: reading } = program.experiment.data;
  const colours = palette(chosen, names.length);
  const network = await readNetwork(program, request, device);
  yield* strangers(network);
  yield* rounded(network);
  const inputs = await imagesFor(request.inputs, request.list);
  demandApart(inputs, out);
  const skipped: Event[] = [];
  const attempt = async <A>(path: string, act: () => Promise<A>): Promise<A | null> =>
    act().catch((error) => {
      if (!(error instanceof Failed)) throw error;
      skipped.push({ kind: "skipped", file: path, failure: error.failure as Failure });
      return null;
    });

  const images: Measured<Input>[] = [];
  for (const item of inputs.filter(({ path }) => !isVideo(path))) {
    const size = await attempt(item.path, () => imageSize(item.path));
    if (size !== null) images.push({ item, size });
  }
  makeFolder(out);
  let done = 0;
  for await (const { session, members } of serve(network, "predict", images, {
    asked: { batch, probabilities },
  })) {
    const read = (group: readonly Measured<Input>[]): Promise<readonly (Picture | null)[]> =>
      Promise.all(group.map(({ item: { path } }) => attempt(path, () => readImage(path, reading))));
    for await (const [group, pictures] of ahead(batches(members, batch), read)) {
      await setImmediate();
      if (signal?.aborted) return;
      const found = segment(session, group[0]!.size, pictures, batch, names.length);
      for (const [i, prediction] of found.entries()) {
        const { path, name } = group[i]!.item;
        if (prediction !== null) {
          const files = await paint(out, name, prediction, { colours, alpha });
          const areas = areasOf(prediction.classes, names);
          yield { kind: "predicted", image: path, ...files, areas };
        }
        yield { kind: "progress", what: "predicting", done: ++done, total: images.length };
      }
    }
  }
  const videos = inputs.filter(({ path }) => isVideo(path));
  if (probabilities && videos.length > 0)
    yield { kind: "note", message: "probabilities are written of images, not of videos" };
  for (const { path, name } of videos) {
    try {
      yield* predictVideo({ network, path, name, out, colours, alpha, batch, signal });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      skipped.push({ kind: "skipped", file: path, failure: error.failure });
    }
    if (signal?.aborted) return;
  }
  yield* skipped;
}

/** @throws Failed where a prediction would be written over an image. */
export const demandApart = (inputs: readonly Input[], out: string): void => {
  const read = new Set(inputs.map(({ path }) => resolve(path)));
  for (const { name } of inputs) {
    const { classes, overlay } = filesFor(resolve(out), name);
    for (const file of [classes, overlay])
      if (read.has(file)) throw new Failed(wouldOverwrite(file));
  }
};

/** Neighbours of one size, at most `batch` together. */
const batches = <A>(
  members: readonly Measured<A>[],
  batch: number,
): readonly (readonly Measured<A>[])[] => {
  const groups: Measured<A>[][] = [];
  for (const member of members) {
    const last = groups.at(-1);
    const fits = last !== undefined && last.length < batch;
    if (fits && sizeName(last[0]!.size) === sizeName(member.size)) last.push(member);
    else groups.push([member]);
  }
  return groups;
};

export type LogitsRequest = Trained &
  Pick<PredictRequest, "program" | "inputs" | "device" | "signal"> & {
    /** The file that is written. */
    readonly out: string;
  };

/**
 * Writes `out`, a safetensors file: for each image, under its name, logits f32 [H, W, C] at its full resolution, of one
 * look at the whole image, whatever `evaluate` says. @throws Failed for an image that cannot be read.
 */
export async function* logits(request: LogitsRequest): AsyncGenerator<Event, void> {
  const { program, out, device, signal } = request;
  const network = await readNetwork(program, request, device);
  yield* strangers(network);
  const images = await Promise.all(
    (await imagesFor(request.inputs)).map(async (item) => ({
      item,
      size: await imageSize(item.path),
    })),
  );
  const layout = layoutFor(network, images);
  const file = await draft(out);
  let done = 0;
  try {
    await file.put(layout.head);
    for await (const { name, data } of each(network, images)) {
      await file.put(bytesOf(data), layout.places.get(name));
      yield { kind: "progress", what: "predicting", done: ++done, total: images.length };
      await setImmediate();
      if (signal?.aborted) return;
    }
    await file.keep();
  } finally {
    await file.drop();
  }
}

const layoutFor = ({ program }: Network, images: readonly Measured<Input>[]): Layout => {
  const { classes } = program.experiment.data;
  const outlines = images.map(({ item, size }): [string, Outline] => [
    item.name,
    { dtype: "F32", shape: [size.height, size.width, classes.length] },
  ]);
  return layOut(outlines, { format: "pspc", program: program.fingerprint.program });
};

async function* each(network: Network, images: readonly Measured<Input>[]) {
  for await (const { session, members } of serve(network, "logits", images)) {
    for await (const [{ item, size }, { pixels }] of ahead(members, ({ item: { path } }) =>
      readImage(path, network.program.experiment.data.images),
    )) {
      const results = session.run(`logits_${sizeName(size)}`, { image: pixels });
      yield { name: item.name, data: results.logits!.data };
    }
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>) =>
  new Uint8Array(buffer, byteOffset, byteLength);
