/** GraphModels, in folders and in pages, in TensorFlow.js on WebAssembly. */

import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Converter from "@tensorflow/tfjs-converter";
import type * as Core from "@tensorflow/tfjs-core";
import type { Answer, Call } from "../exported.js";
import { graphModelIn } from "../page.js";
import { demand, type Engine } from "./engine.js";

const require = createRequire(import.meta.url);

/** What of `model.json` its loader reads before all else. */
interface ModelJson {
  readonly modelTopology: object;
  readonly signature: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: Core.io.WeightsManifestEntry[];
  }[];
}

/** As a browser's loader does: the shards of the manifest end to end. */
const handler = (path: string): Core.io.IOHandler => ({
  load: async () => {
    const { json, weights } = await (isPage(path) ? ofPage(path) : ofFolder(path));
    const { modelTopology, signature, weightsManifest } = json;
    const weightSpecs = weightsManifest.flatMap((group) => group.weights);
    return { modelTopology, signature, weightSpecs, weightData: Uint8Array.from(weights).buffer };
  },
});

interface Read {
  readonly json: ModelJson;
  readonly weights: Uint8Array;
}

/** A GraphModel is a folder, or lies in a page. */
const isPage = (path: string): boolean => statSync(path).isFile();

const ofFolder = async (folder: string): Promise<Read> => {
  const json = JSON.parse(await readFile(join(folder, "model.json"), "utf8")) as ModelJson;
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(paths.map((path) => readFile(join(folder, path))));
  return { json, weights: Buffer.concat(shards) };
};

const ofPage = async (file: string): Promise<Read> => {
  const { model, weights } = graphModelIn(await readFile(file));
  return { json: JSON.parse(new TextDecoder().decode(model)) as ModelJson, weights };
};

const packages = () => {
  const tf = require("@tensorflow/tfjs-core") as typeof Core;
  require("@tensorflow/tfjs-backend-wasm");
  return { tf, converter: require("@tensorflow/tfjs-converter") as typeof Converter };
};

/** What a pixel's class can be read from, where the pixels of an answer are not those of the picture. */
const scoring = ["probabilities", "logits"] as const;

export const wasm: Engine = async (path) => {
  const { tf, converter } = demand(packages);
  await tf.setBackend("wasm");
  const model = await converter.loadGraphModel(handler(path));
  const [, rows = -1, columns = -1] = model.inputs[0]?.shape ?? [];
  const outputs = model.outputNodes;
  const scored = scoring.find((name) => outputs.includes(name));

  /** At the network's own size, and back. */
  const scaled = (call: Call): Core.Tensor4D => {
    const { pixels, count, height, width } = call;
    const images = tf.tensor4d(pixels, [count, height, width, 3], "int32");
    if (rows < 0 || (rows === height && columns === width)) return images;
    const sized = tf.image.resizeBilinear(images, [rows, columns], false, true);
    return tf.cast(tf.round(sized), "int32");
  };
  const back = (given: Core.Tensor, { height, width }: Call): Core.Tensor => {
    const [, h, w] = given.shape;
    if (h === height && w === width) return given;
    if (given.rank === 4)
      return tf.image.resizeBilinear(given as Core.Tensor4D, [height, width], false, true);
    const deep = tf.expandDims(given, 3) as Core.Tensor4D;
    const near = tf.image.resizeNearestNeighbor(deep, [height, width], false, true);
    return tf.cast(tf.squeeze(near, [3]), "int32");
  };
  const answer = (call: Call, names: readonly string[]): readonly Core.Tensor[] => {
    const isOwnSize = rows < 0 || (rows === call.height && columns === call.width);
    // Classes of another size are those of the scaled scores, where there are any.
    const from = (name: string): string =>
      name === "classes" && scored !== undefined && (!isOwnSize || !outputs.includes(name))
        ? scored
        : name;
    const asked = [...new Set(names.map(from))];
    const given = [model.execute({ images: scaled(call) }, asked)].flat() as Core.Tensor[];
    const found = new Map(asked.map((name, i) => [name, back(given[i] as Core.Tensor, call)]));
    return names.map((name) => {
      const tensor = found.get(from(name)) as Core.Tensor;
      return from(name) === name ? tensor : tf.argMax(tensor, -1);
    });
  };
  return {
    runtime: `TensorFlow.js ${tf.version_core} on ${tf.getBackend()}`,
    ask: async (call, results) => {
      const names = results.map(({ name }) => name);
      const read = tf.tidy(() =>
        // Read inside: what is left of a call is freed with it.
        answer(call, names).map((tensor, i) => [names[i], tensor.dataSync()] as const),
      );
      return Object.fromEntries(read) as Answer;
    },
  };
};
