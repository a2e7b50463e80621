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
import type { Experiment } from "../normalize/experiment.js";
import { onnx } from "../onnx/format.js";
import { type Answer, type Look, scoresOf } from "../plan/inference.js";
import type { Program } from "../plan/program.js";
import { inOnnxRuntime, inTensorFlow, inWasm, type Runtime } from "../runtime/exported.js";
import type { Want } from "../runtime/machine.js";
import { page } from "../runtime/page.js";
import type { Format, Precision, Presentation } from "../target/format.js";
import { graphModel } from "../tensorflow/graph-model.js";
import { servingModel } from "../tensorflow/serving.js";
import { leastOnRuntimes } from "./agreement.js";
import { type ExportRecord, modelCard, RECORD, summary } from "./card.js";
import { type Check, checked, exampleFrom, picturesFor, singles } from "./checked.js";
import type { Event } from "./event.js";
import { cannotRename, exportExists } from "./export-errors.js";
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

/** What may be chosen of an export. */
export interface Choices {
  /** What the network looks at; the crop of its training otherwise. */
  readonly size: Size;
  /** Whether pictures may have another size: they are scaled to the network's, and its answers back. */
  readonly anySize: boolean;
  readonly look: Look;
  readonly give: readonly Answer[];
  readonly precision: Precision;
  /** Whether layers take the forms that are fastest in the format's runtimes. */
  readonly forms: boolean;
}

/** What was not chosen is as here. */
export const choicesFor = (
  { train: { crop } }: Experiment,
  chosen: { readonly [K in keyof Choices]?: Choices[K] | undefined } = {},
): Choices => ({
  size: chosen.size ?? { height: crop[0], width: crop[1] },
  anySize: chosen.anySize ?? false,
  look: chosen.look ?? "whole",
  give: chosen.give ?? ["classes"],
  precision: chosen.precision ?? "f32",
  forms: chosen.forms ?? false,
});

export type ExportRequest = Trained & {
  readonly program: Program;
  readonly format: Format;
  /** The folder or file that is made. */
  readonly to: string;
  readonly choices: Choices;
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
  const { program, format, to, device } = request;
  if (format.kind === "folder" && existsSync(to)) throw new Failed(exportExists(to));
  const network = await readNetwork(program, request, device);
  yield* strangers(network);
  yield stage(0);
  const work = await begun(request, network);
  if (yield* isStopped(1, request)) return null;
  try {
    const found = await checkedDraft(work);
    if (yield* isStopped(2, request)) return null;
    const kept = await final(work, found);
    yield stage(3);
    await keep(work, kept);
    yield stage(4);
    return { to, bytes: kept.bytes, check: kept.check };
  } finally {
    // What went wrong first is what is told.
    await rm(work.part, { recursive: true, force: true }).catch(() => {});
  }
}

const stage = (done: number): Event => ({ kind: "progress", what: "exporting", done, total: 4 });

/** After a stage. */
async function* isStopped(done: number, { signal }: ExportRequest): AsyncGenerator<Event, boolean> {
  yield stage(done);
  await setImmediate();
  return signal?.aborted ?? false;
}

/** An export under way. */
interface Work {
  readonly request: ExportRequest;
  /** The draft's name. */
  readonly part: string;
  readonly about: ExportRecord;
  readonly presentation: Presentation;
  /** The network with its numbers, as it gives these answers. */
  readonly frozen: (give: readonly Answer[]) => Promise<Opened>;
  /** What the draft gives: with the scores the whole network is compared. */
  readonly probe: readonly Answer[];
  readonly draft: Opened;
  /** Asks the draft in its runtime. */
  readonly ask: (give: readonly Answer[]) => Promise<Check>;
}

const begun = async (request: ExportRequest, network: Network): Promise<Work> => {
  const { format, to, choices } = request;
  const { experiment } = request.program;
  const { size, anySize, look, give, precision } = choices;
  const { late = [], forms = [] } = format;
  const { image, passes } = format;
  const opening = {
    ...size,
    image,
    look,
    anySize,
    passes,
    late: [...late, ...(choices.forms ? forms : [])],
  };
  const frozen = (give: readonly Answer[]) => frozenNetwork(network, { ...opening, give });
  const probe = [...new Set<Answer>([...give, scoresOf(experiment, look)])];
  const draft = await frozen(probe);
  const pictures = await picturesFor(experiment, size);
  const calls = singles(pictures, anySize);
  const wanted = await ownScores(network, opening, calls);
  const part = `${to}.${process.pid}.part`;
  const asked = { ...request, ...choices, experiment, pictures, calls, wanted, batch: draft.batch };
  return {
    request,
    part,
    about: aboutOf(request, network, draft.batch),
    presentation: {
      summary: await summary(request),
      card: "",
      example: exampleFrom(experiment, pictures, wanted),
      least: leastOnRuntimes(precision),
    },
    frozen,
    probe,
    draft,
    ask: (give) => checked(part, { ...asked, runtime: runtimeOf(format), give }),
  };
};

const checkedDraft = async (work: Work): Promise<Check> => {
  await put(work, work.draft, work);
  return work.ask(work.probe);
};

/** What is kept, and its card. */
interface Kept {
  readonly bytes: number;
  readonly check: Check;
  readonly about: ExportRecord;
  readonly card: string;
}

/** In the draft's place, with what was asked for alone, and how it was checked inside. */
const final = async (work: Work, found: Check): Promise<Kept> => {
  const { request, part, presentation, probe, draft, frozen, ask } = work;
  const { give } = request.choices;
  const isWhole = probe.length === give.length;
  const about = { ...work.about, checked: found };
  const card = await modelCard(request, about, found);
  await rm(part, { recursive: true, force: true });
  const told = { about, presentation: { ...presentation, card } };
  const bytes = await put(work, isWhole ? draft : await frozen(give), told);
  // The time is that of what is kept.
  const check = { ...found, ...timeOf(isWhole ? found : await ask(give)) };
  return { bytes, check, about, card };
};

const runtimeOf = (format: Format): Runtime => {
  const found = exports.find((one) => one.format === format);
  invariant(found !== undefined, `${format.name} has no runtime`);
  return found.runtime;
};

const timeOf = (check: Check): { readonly milliseconds?: number } =>
  "milliseconds" in check ? { milliseconds: check.milliseconds } : {};

/** The draft gets its name; the card lies in its folder, or beside its file, or was in it from the start. */
const keep = async ({ request: { format, to }, part }: Work, kept: Kept): Promise<void> => {
  const { about, card } = kept;
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
  { request: { format, choices }, part }: Work,
  { graph, numbers }: Opened,
  { about, presentation }: Pick<Work, "about" | "presentation">,
): Promise<number> => {
  const { precision } = choices;
  const files = valueOrThrow(format.write({ graph, numbers, precision, about, presentation }));
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
  { program, choices, command }: ExportRequest,
  { metadata }: Network,
  batch: Opened["batch"],
): ExportRecord => {
  const { data, model } = program.experiment;
  const { size, anySize, look, give, precision, forms } = choices;
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
