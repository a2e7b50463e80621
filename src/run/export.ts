/** Exports a trained network: freezes it, writes a draft, and renames that once another runtime has answered as pspc does. */

import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import * as E from "fp-ts/lib/Either.js";
import { readImage } from "../data/image.js";
import { openSplit } from "../data/layout.js";
import { palette } from "../data/palette.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed, valueOrThrow } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import { onnx } from "../onnx/format.js";
import { sizeName, stateOf } from "../plan/graphs.js";
import { type Answer as Asked, exportStep } from "../plan/inference.js";
import type { Program } from "../plan/program.js";
import { fillUniform } from "../plan/random.js";
import { freeze } from "../rewrite/freeze.js";
import {
  inOnnxRuntime,
  inTensorFlow,
  inWasm,
  type Runtime,
  type Told,
} from "../runtime/exported.js";
import type { Want } from "../runtime/machine.js";
import { openSession } from "../runtime/session.js";
import type { Format, FrozenNetwork, Precision } from "../target/format.js";
import { graphModel } from "../tensorflow/graph-model.js";
import { servingModel } from "../tensorflow/serving.js";
import { savedModel } from "../tensorflow/target.js";
import { averaged, select } from "../weights/load.js";
import { type Agreement, agreement, isClose } from "./agreement.js";
import { modelCard } from "./card.js";
import {
  cannotRename,
  exportDisagrees,
  exportExists,
  exportUnchecked,
  exportUnread,
} from "./errors.js";
import type { Event } from "./event.js";
import { type Network, readNetwork, serve, strangers, type Trained } from "./inference.js";
import { version } from "./record.js";

/** A format, and the runtime that its files are checked in. */
interface Export {
  readonly format: Format;
  readonly runtime: Runtime;
}

const exports: readonly Export[] = [
  { format: servingModel, runtime: inTensorFlow },
  { format: graphModel, runtime: inWasm },
  { format: onnx, runtime: inOnnxRuntime },
];

export const formats: readonly Format[] = exports.map(({ format }) => format);

export type ExportRequest = Trained & {
  readonly program: Program;
  readonly format: Format;
  /** The folder or file that is made. */
  readonly to: string;
  readonly size: Size;
  readonly give: readonly Asked[];
  readonly precision: Precision;
  /** Whether a runtime that is absent is a failure. */
  readonly mustBeChecked: boolean;
  readonly device: Want;
  /** As typed: how to have the export again. */
  readonly command: string;
  readonly signal?: AbortSignal;
};

/** How an export was checked, as it says itself. */
export type Check =
  | ({
      readonly runtime: string;
      readonly pictures: readonly string[];
      readonly milliseconds: number;
    } & Agreement)
  | { readonly unchecked: string };

export interface Exported {
  readonly to: string;
  readonly bytes: number;
  readonly check: Check;
}

/** @returns what was written; null where it was interrupted, and nothing stays. @throws Failed */
export async function* exportNetwork(
  request: ExportRequest,
): AsyncGenerator<Event, Exported | null> {
  const { program, format, to, signal } = request;
  if (format.kind === "folder" && existsSync(to)) throw new Failed(exportExists(to));
  const network = await readNetwork(program, request, request.device);
  yield* strangers(network);
  const stage = (done: number): Event => ({ kind: "progress", what: "exporting", done, total: 4 });
  yield stage(0);
  const pictures = await picturesFor(request);
  const wanted = await logitsOf(network, request.size, pictures);
  yield stage(1);
  await setImmediate();
  if (signal?.aborted) return null;

  const part = `${to}.${process.pid}.part`;
  const about = aboutOf(request, network);
  try {
    // With the logits the whole network is compared; what is kept gives what was asked for.
    const probe = { ...request, give: [...new Set<Asked>([...request.give, "logits"])] };
    const frozen = await frozenNetwork(network, probe);
    await put(part, format, { ...frozen, about });
    const found = await checked(probe, part, pictures, wanted);
    yield stage(2);
    await setImmediate();
    if (signal?.aborted) return null;

    const isWhole = probe.give.length === request.give.length;
    const final = isWhole ? frozen : await frozenNetwork(network, request);
    const all = { ...about, checked: found };
    await rm(part, { recursive: true, force: true });
    const bytes = await put(part, format, { ...final, about: all });
    const again = isWhole ? found : await checked(request, part, pictures, wanted);
    yield stage(3);
    if (format.kind === "folder") {
      await writeFileAtomic(join(part, "pspc.json"), `${JSON.stringify(all, null, 2)}\n`);
      const card = await modelCard(request, found, "folder" in request ? request.folder : null);
      await writeFileAtomic(join(part, "README.md"), card);
    }
    await rename(part, to).catch((error: unknown) => {
      throw new Failed(cannotRename(to, error));
    });
    yield stage(4);
    // The time is that of what was kept.
    return { to, bytes, check: { ...found, ...timeOf(again) } };
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

const timeOf = (check: Check): { readonly milliseconds?: number } =>
  "milliseconds" in check ? { milliseconds: check.milliseconds } : {};

interface Picture {
  readonly name: string;
  readonly pixels: Uint8Array;
}

/** One of the validation split and one of noise; without data two of noise. */
const picturesFor = async ({ program, size }: ExportRequest): Promise<readonly Picture[]> => {
  const { data } = program.experiment;
  const noise = (seed: number): Picture => {
    const values = new Float32Array(size.height * size.width * 3);
    fillUniform(values, seed, "export", 0, 256);
    return { name: "noise", pixels: Uint8Array.from(values) };
  };
  try {
    const [sample] = await openSplit(data, data.val === null ? "train" : "val");
    if (sample === undefined) return [noise(1), noise(2)];
    const { pixels, height, width } = await readImage(sample.image, data.images);
    const own = new Uint8Array(size.height * size.width * 3);
    // From its corner, and where it ends from there again: sizes need not agree.
    for (let y = 0; y < size.height; y++)
      for (let x = 0; x < size.width; x++) {
        const from = 3 * ((y % height) * width + (x % width));
        own.set(pixels.subarray(from, from + 3), 3 * (y * size.width + x));
      }
    // An export travels: where the picture lies is nobody's business.
    return [{ name: basename(sample.image), pixels: own }, noise(1)];
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    return [noise(1), noise(2)];
  }
};

/** pspc's own numbers, as `predict --logits` writes them. */
const logitsOf = async (
  network: Network,
  size: Size,
  pictures: readonly Picture[],
): Promise<readonly Float32Array[]> => {
  const members = pictures.map((item) => ({ item, size }));
  const found: Float32Array[] = [];
  for await (const { session } of serve(network, "logits", members))
    for (const { pixels } of pictures) {
      const { logits } = session.run(`logits_${sizeName(size)}`, { image: pixels });
      if (logits?.data instanceof Float32Array) found.push(logits.data);
    }
  return found;
};

/** The session computes what weights alone decide. */
const frozenNetwork = async (
  { program, tensors, file, device }: Network,
  { format, size, give, precision }: Pick<ExportRequest, "format" | "size" | "give" | "precision">,
): Promise<Omit<FrozenNetwork, "about">> => {
  const graph = exportStep(program.experiment, { ...size, image: format.image, give });
  const { constants, rest } = freeze(graph);
  const session = await openSession(savedModel({ constants }), device);
  try {
    session.write(valueOrThrow(select(averaged(tensors), stateOf([constants]), file)));
    const numbers = new Map(Object.entries(session.run("constants", {})));
    return { graph: rest, numbers, precision };
  } finally {
    session.dispose();
  }
};

/** Writes the draft; gives its bytes. */
const put = async (part: string, format: Format, network: FrozenNetwork): Promise<number> => {
  const files = valueOrThrow(format.write(network));
  let total = 0;
  for (const [name, bytes] of files) {
    const path = format.kind === "file" ? part : join(part, name);
    if (format.kind === "folder") makeFolder(dirname(path));
    await writeFileAtomic(path, bytes);
    total += bytes.length;
  }
  return total;
};

/** Asks the draft, and compares. @throws Failed where it answers otherwise, or cannot be asked and must. */
const checked = async (
  { format, give, size, program, precision, mustBeChecked }: ExportRequest,
  part: string,
  pictures: readonly Picture[],
  wanted: readonly Float32Array[],
): Promise<Check> => {
  const runtime = exports.find((one) => one.format === format)?.runtime;
  const results = give.map((name) => ({ name, isWhole: name === "classes" }));
  const question = { path: part, pictures: pictures.map(({ pixels }) => pixels), ...size, results };
  let said: E.Either<string, Told>;
  try {
    said = (await runtime?.(question)) ?? E.left("no runtime is known");
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new Failed(
      exportUnread(format.name, error instanceof Error ? error.message : `${error}`),
    );
  }
  if (E.isLeft(said)) {
    if (mustBeChecked) throw new Failed(exportUnchecked(format.name, said.left));
    return { unchecked: said.left };
  }
  const { runtime: name, answers, milliseconds } = said.right;
  const found = agreement(answers, wanted, program.experiment.data.classes.length);
  if (!isClose(found, precision)) throw new Failed(exportDisagrees(format.name, name, found));
  return { runtime: name, pictures: pictures.map((one) => one.name), milliseconds, ...found };
};

/** What every export says of itself. */
const aboutOf = (
  { program, size, give, precision, command }: ExportRequest,
  { metadata }: Network,
): Readonly<Record<string, unknown>> => {
  const { data, model } = program.experiment;
  const colours = palette(data.palette, data.classes.length);
  return {
    pspc: version,
    command,
    classes: data.classes,
    palette: data.classes.map((_, c) => [...colours.subarray(3 * c, 3 * c + 3)]),
    size: [size.height, size.width],
    // How a file becomes the bytes, where its format does not say it.
    images: data.images,
    give,
    numbers: precision,
    // The network takes bytes, and does this by itself.
    preprocessing: { mean: data.mean, std: data.std },
    align_corners: model.align_corners,
    fingerprint: program.fingerprint,
    weights: metadata,
  };
};
