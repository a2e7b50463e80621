/** The process in which a GraphModel runs on WebAssembly: a question comes as a message, the answer goes back as one. */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Converter from "@tensorflow/tfjs-converter";
import type * as Core from "@tensorflow/tfjs-core";
import type { Answer, Question, Said } from "../exported.js";

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
const handler = (folder: string): Core.io.IOHandler => ({
  load: async () => {
    const text = await readFile(join(folder, "model.json"), "utf8");
    const { modelTopology, signature, weightsManifest } = JSON.parse(text) as ModelJson;
    const paths = weightsManifest.flatMap((group) => group.paths);
    const shards = await Promise.all(paths.map((path) => readFile(join(folder, path))));
    const all = Uint8Array.from(Buffer.concat(shards));
    const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
    return { modelTopology, signature, weightSpecs, weightData: all.buffer };
  },
});

const answer = async (question: Question): Promise<Said> => {
  const { path, pictures, height, width, results } = question;
  let tf: typeof Core;
  let converter: typeof Converter;
  try {
    tf = require("@tensorflow/tfjs-core") as typeof Core;
    require("@tensorflow/tfjs-backend-wasm");
    converter = require("@tensorflow/tfjs-converter") as typeof Converter;
  } catch (error) {
    const [reason = ""] = String(error instanceof Error ? error.message : error).split("\n");
    return { kind: "absent", reason };
  }
  await tf.setBackend("wasm");
  const model = await converter.loadGraphModel(handler(path));
  const answers: Answer[] = [];
  let milliseconds = 0;
  for (const picture of pictures) {
    const images = tf.tensor4d(picture, [1, height, width, 3], "int32");
    const start = performance.now();
    const names = results.map(({ name }) => name);
    const given = [model.execute({ images }, names)].flat() as Core.Tensor[];
    const read = given.map((tensor, i) => [names[i], tensor.dataSync()] as const);
    milliseconds = performance.now() - start;
    answers.push(Object.fromEntries(read) as Answer);
    tf.dispose([images, given]);
  }
  const runtime = `TensorFlow.js ${tf.version_core} on ${tf.getBackend()}`;
  return { kind: "told", runtime, answers, milliseconds };
};

process.once("message", (question: Question) => {
  answer(question)
    .catch((error: unknown): Said => ({ kind: "failed", reason: String(error) }))
    .then((said) => process.send?.(said));
});
