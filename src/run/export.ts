/** Exports a trained network: freezes it, writes a draft, and renames that once another runtime has answered as pspc does. */

import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { palette } from "../data/palette.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed, valueOrThrow } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Size } from "../language/geometry.js";
import { onnx } from "../onnx/format.js";
import { type Answer, type Look, scoresOf } from "../plan/inference.js";
import type { Program } from "../plan/program.js";
import { inOnnxRuntime, inTensorFlow, inWasm, type Runtime } from "../runtime/exported.js";
import type { Want } from "../runtime/machine.js";
import { page } from "../runtime/page.js";
import type { Format, FrozenNetwork, Precision, Presentation } from "../target/format.js";
import { graphModel } from "../tensorflow/graph-model.js";
import { servingModel } from "../tensorflow/serving.js";
import { leastOnRuntimes } from "./agreement.js";
import { type ExportRecord, modelCard, RECORD, summary } from "./card.js";
import { type Check, checked, exampleFrom, picturesFor, singles } from "./checked.js";
import { cannotRename, exportExists } from "./errors.js";
import type { Event } from "./event.js";
import { frozenNetwork, type Opened, ownScores } from "./frozen.js";
import { type Network, readNetwork, strangers, type Trained } from "./inference.js";
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
  { format: page, runtime: inWasm },
];

export const formats: readonly Format[] = exports.map(({ format }) => format);

export type ExportRequest = Trained & {
  readonly program: Program;
  readonly format: Format;
  /** The folder or file that is made. */
  readonly to: string;
  /** What the network looks at. */
  readonly size: Size;
  /** Whether pictures may have another size: they are scaled to the network's, and its answers back. */
  readonly anySize: boolean;
  readonly look: Look;
  readonly give: readonly Answer[];
  readonly precision: Precision;
  /** Whether layers take the forms that are fastest in the format's runtimes. */
  readonly forms: boolean;
  /** Whether a runtime that is absent is a failure. */
  readonly mustBeChecked: boolean;
  readonly device: Want;
  /** As typed: how to have the export again. */
  readonly command: string;
  readonly signal?: AbortSignal;
};

export interface Exported {
  readonly to: string;
  readonly bytes: number;
  readonly check: Check;
}

/** @returns what was written; null where it was interrupted, and nothing stays. @throws Failed */
export async function* exportNetwork(
  request: ExportRequest,
): AsyncGenerator<Event, Exported | null> {
  const { program, format, to, signal, size, look, give } = request;
  if (format.kind === "folder" && existsSync(to)) throw new Failed(exportExists(to));
  const network = await readNetwork(program, request, request.device);
  yield* strangers(network);
  const stage = (done: number): Event => ({ kind: "progress", what: "exporting", done, total: 4 });
  yield stage(0);
  const { anySize } = request;
  const form = request.forms ? format.form : undefined;
  const opening = { ...size, image: format.image, look, anySize, form };
  // With the scores the whole network is compared; what is kept gives what was asked for.
  const scores = scoresOf(program.experiment, look);
  const probe = [...new Set<Answer>([...give, scores])];
  const draft = await frozenNetwork(network, { ...opening, give: probe });
  const pictures = await picturesFor(program.experiment, size);
  const calls = singles(pictures, anySize);
  const wanted = await ownScores(network, opening, calls);
  yield stage(1);
  await setImmediate();
  if (signal?.aborted) return null;

  const part = `${to}.${process.pid}.part`;
  const about = aboutOf(request, network, draft.batch);
  const presentation: Presentation = {
    summary: await summary(request),
    card: "",
    example: exampleFrom(program.experiment, pictures, wanted),
    least: leastOnRuntimes(request.precision),
  };
  const examination = { ...request, ...program, ...draft, pictures, calls, wanted };
  const ask = (give: readonly Answer[]): Promise<Check> =>
    checked(part, { ...examination, runtime: runtimeOf(format), give });
  try {
    await put(part, request, { ...draft, about, presentation });
    const found = await ask(probe);
    yield stage(2);
    await setImmediate();
    if (signal?.aborted) return null;

    const isWhole = probe.length === give.length;
    const final = isWhole ? draft : await frozenNetwork(network, { ...opening, give });
    const all = { ...about, checked: found };
    await rm(part, { recursive: true, force: true });
    const card = await modelCard(request, all, found);
    const told = { about: all, presentation: { ...presentation, card } };
    const bytes = await put(part, request, { ...final, ...told });
    const again = isWhole ? found : await ask(give);
    yield stage(3);
    await keep(part, request, card, all);
    yield stage(4);
    // The time is that of what was kept.
    return { to, bytes, check: { ...found, ...timeOf(again) } };
  } finally {
    // What went wrong first is what is told.
    await rm(part, { recursive: true, force: true }).catch(() => {});
  }
}

const runtimeOf = (format: Format): Runtime => {
  const found = exports.find((one) => one.format === format);
  invariant(found !== undefined, `${format.name} has no runtime`);
  return found.runtime;
};

const timeOf = (check: Check): { readonly milliseconds?: number } =>
  "milliseconds" in check ? { milliseconds: check.milliseconds } : {};

/** The draft gets its name; the card lies in its folder, or beside its file, or was in it from the start. */
const keep = async (
  part: string,
  { format, to }: ExportRequest,
  card: string,
  about: object,
): Promise<void> => {
  if (format.kind === "folder") {
    await writeFileAtomic(join(part, RECORD), `${JSON.stringify(about, null, 2)}\n`);
    await writeFileAtomic(join(part, "README.md"), card);
  }
  await rename(part, to).catch((error: unknown) => {
    throw new Failed(cannotRename(to, error));
  });
  // No card without its file: the name may be a folder's.
  if (format.kind === "file" && format !== page) await writeFileAtomic(cardOf(to), card);
};

/** Where the card of a single file lies. */
export const cardOf = (to: string): string => `${to}.md`;

/** Writes the draft; gives its bytes. */
const put = async (
  part: string,
  { format, precision }: ExportRequest,
  network: Omit<FrozenNetwork, "precision">,
): Promise<number> => {
  const files = valueOrThrow(format.write({ ...network, precision }));
  let total = 0;
  for (const [name, bytes] of files) {
    const path = format.kind === "file" ? part : join(part, name);
    if (format.kind === "folder") makeFolder(dirname(path));
    await writeFileAtomic(path, bytes);
    total += bytes.length;
  }
  return total;
};

/** What every export says of itself. */
const aboutOf = (
  { program, size, anySize, look, give, precision, forms, command }: ExportRequest,
  { metadata }: Network,
  batch: Opened["batch"],
): ExportRecord => {
  const { data, model } = program.experiment;
  const colours = palette(data.palette, data.classes.length);
  return {
    pspc: version,
    command,
    classes: data.classes,
    palette: data.classes.map((_, c) => {
      const [red = 0, green = 0, blue = 0] = colours.subarray(3 * c);
      return [red, green, blue];
    }),
    size: [size.height, size.width],
    any_size: anySize,
    batch,
    look,
    // How a file becomes the bytes, where its format does not say it.
    images: data.images,
    give,
    numbers: precision,
    forms,
    // The network takes bytes, and does this by itself.
    preprocessing: { mean: data.mean, std: data.std },
    align_corners: model.align_corners,
    fingerprint: program.fingerprint,
    weights: metadata,
  };
};
