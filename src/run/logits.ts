/** Weights at work, to be held against another program: images enter; a file of the network's own numbers leaves. */

import { setImmediate } from "node:timers/promises";
import { imageSize, readImage } from "../data/image.js";
import { draft } from "../data/write.js";
import { sizeName } from "../tensorflow/model.js";
import { type Layout, layOut } from "../weights/safetensors.js";
import type { Outline } from "../weights/tensor.js";
import type { Event } from "./event.js";
import {
  ahead,
  type Measured,
  type Network,
  readNetwork,
  serve,
  strangers,
  type Trained,
} from "./inference.js";
import { type Input, imagesFor } from "./inputs.js";
import type { PredictRequest } from "./predict.js";

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
  return layOut(outlines, { format: "pspc", training: program.fingerprint.training });
};

async function* each(network: Network, images: readonly Measured<Input>[]) {
  for await (const { session, members } of serve(network, "logits", images)) {
    for await (const [{ item, size }, { pixels }] of ahead(members, ({ item: { path } }) =>
      readImage(path),
    )) {
      const results = session.run(`logits_${sizeName(size)}`, { image: pixels });
      yield { name: item.name, data: results.logits!.data };
    }
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBufferLike>) =>
  new Uint8Array(buffer, byteOffset, byteLength);
