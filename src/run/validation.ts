/** Scores the validation split during training, in the training session, and draws what the network sees. */

import { setImmediate } from "node:timers/promises";
import { imageSize } from "../data/image.js";
import { labelTable } from "../data/labels.js";
import { overlay, type Palette, palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { type Labelled, readSample, type Sample } from "../data/sample.js";
import { encodePng } from "../data/write-image.js";
import { Failed } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import { type Confusion, fromCounts, monoid, scores } from "../metric/scores.js";
import { type Abilities, sizeName } from "../plan/graphs.js";
import type { Program } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import type { TrainingSession } from "../runtime/session.js";
import { ofReplica } from "../tensorflow/emit.js";
import type { SummaryImage } from "../tensorflow/summary.js";
import type { Event } from "./event.js";
import { countedByAll, type Gang } from "./gang.js";
import { ahead, type Measured, SIZES, serve } from "./inference.js";

export interface Validation {
  readonly program: Program;
  readonly images: readonly Measured<Sample>[];
  /** What the training's session must be able to do besides training. */
  readonly abilities: Pick<Abilities, "evaluate" | "predict">;
  readonly every: number;
}

/** How many images are shown as pictures, and how wide a row of them is at most, in pixels. */
const [SHOWN, WIDEST] = [4, 1536];

/** The sizes that occur most are scored in the session itself; `null` where the spec asks for no validation. */
export const planValidation = async (
  program: Program,
  samples: readonly Sample[],
): Promise<Validation | null> => {
  const { validate } = program.experiment.train;
  if (validate === null) return null;
  const images = await Promise.all(
    samples
      .slice(0, validate.images ?? samples.length)
      .map(async (item) => ({ item, size: await imageSize(item.image) })),
  );
  const evaluate = frequent(images.map(({ size }) => size)).slice(0, SIZES);
  const predict = frequent(images.slice(0, SHOWN).map(({ size }) => size));
  return { program, images, abilities: { evaluate, predict }, every: validate.every };
};

/** Each size once, the most frequent first. */
const frequent = (sizes: readonly Size[]): readonly Size[] => {
  const counts = new Map<string, { readonly size: Size; times: number }>();
  for (const size of sizes) {
    const known = counts.get(sizeName(size));
    if (known === undefined) counts.set(sizeName(size), { size, times: 1 });
    else known.times += 1;
  }
  return [...counts.values()].sort((a, b) => b.times - a.times).map(({ size }) => size);
};

export interface Validating {
  readonly validation: Validation;
  readonly session: TrainingSession;
  readonly device: Want;
  readonly signal?: AbortSignal;
  /** The images are shared out among its processes. */
  readonly gang?: Gang | null;
}

export interface Validated {
  readonly scores: Omit<Extract<Event, { readonly kind: "validated" }>, "kind" | "step" | "best">;
  /** The first images of the split, in its order. */
  readonly seen: readonly Seen[];
}

/** A sample, and what the network says of it at this step. */
export interface Seen extends Size {
  readonly sample: Sample;
  /** `[H, W]` */
  readonly classes: ClassIndices;
  /** Side by side: the image, its labels, and what the network says. */
  readonly picture: SummaryImage;
}

/**
 * Scores as `eval` finds them with the weights as they stand; `null` where it was asked to stop. Where the spec says
 * so, an image that cannot be read is left out. @throws Failed where it says otherwise.
 */
export async function* validate(validating: Validating): AsyncGenerator<Event, Validated | null> {
  const { gang = null } = validating;
  const { program } = validating.validation;
  const images = shareOf(validating.validation.images, gang);
  const { data, evaluate } = program.experiment;
  const classes = data.classes.length;
  const { concat, empty } = monoid(classes);
  const colours = palette(data.palette, classes);
  const seen: Seen[] = [];
  let [total, done, counted]: [Confusion, number, number] = [empty, 0, 0];
  for await (const group of atOnce(readings({ ...validating, images }))) {
    await setImmediate();
    // A gang stops between its steps alone.
    if (gang === null && validating.signal?.aborted) return null;
    const confusions = await Promise.all(group.map(scoredOn(validating.session, classes)));
    for (const [i, [{ item }, sample]] of group.entries()) {
      if ("kind" in sample) yield { kind: "skipped", file: item.image, failure: sample };
      else {
        total = concat(total, confusions[i] ?? empty);
        counted += 1;
        const place = images.findIndex((each) => each.item === item);
        if (place < SHOWN) seen[place] = await look(validating.session, item, sample, colours);
      }
      yield { kind: "progress", what: "validating", done: ++done, total: images.length };
    }
  }
  const all =
    gang === null
      ? { counts: total.counts, images: counted }
      : await countedByAll(validating.session, gang, total.counts, counted);
  const found = scores(fromCounts(all.counts, classes), evaluate.absent_class);
  const { miou, mean_accuracy, pixel_accuracy } = found;
  return {
    scores: { split: "val", images: all.images, miou, mean_accuracy, pixel_accuracy },
    seen: seen.filter((one) => one !== undefined),
  };
}

/** As many as their session can be asked of at one time. */
async function* atOnce(readings: AsyncGenerator<Reading>): AsyncGenerator<readonly Reading[]> {
  let group: Reading[] = [];
  for await (const reading of readings) {
    const [, , { devices = 1 }] = reading;
    group.push(reading);
    if (group.length < devices) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** The counts of a picture, on the device of its place in a group; `null` where it could not be read. */
const scoredOn =
  (own: TrainingSession, classes: number) =>
  async ([{ size }, sample, session]: Reading, place: number): Promise<Confusion | null> => {
    if ("kind" in sample) return null;
    const name = ofReplica(`evaluate_${sizeName(size)}`, session === own ? place : 0);
    const given = { image: sample.image, label: sample.labels };
    const { confusion } = await session.run(name, given);
    return fromCounts(confusion!.data, classes);
  };

/** The first draws what is shown; the others are dealt in turn. */
const shareOf = (images: Validation["images"], gang: Gang | null): Validation["images"] =>
  gang === null
    ? images
    : images.filter((_, i) => (i < SHOWN ? 0 : i % gang.hosts.length) === gang.rank);

type Reading = readonly [Measured<Sample>, Labelled | Failed["failure"], TrainingSession];

/** Images of the session's own sizes first; those of rare sizes in sessions of their own, which share the weights. */
async function* readings({
  validation,
  images,
  session,
  device,
}: Validating & Pick<Validation, "images">): AsyncGenerator<Reading> {
  const { program, abilities } = validation;
  const { data } = program.experiment;
  const table = labelTable(data);
  const own = new Set(abilities.evaluate?.map(sizeName));
  const read = async ({ item }: Measured<Sample>): Promise<Labelled | Failed["failure"]> => {
    try {
      return await readSample(item, table);
    } catch (error) {
      if (error instanceof Failed && data.damaged === "skip") return error.failure;
      throw error;
    }
  };
  const [here, elsewhere] = [true, false].map((inside) =>
    images.filter(({ size }) => own.has(sizeName(size)) === inside),
  );
  for await (const [image, sample] of ahead(here!, read, session.devices))
    yield [image, sample, session];
  if (elsewhere!.length === 0) return;
  const network = {
    program,
    device,
    file: "the training",
    formerly: [],
    metadata: {},
    tensors: await session.read(),
  };
  for await (const { session: guest, members } of serve(network, "evaluate", elsewhere!))
    for await (const [image, sample] of ahead(members, read)) yield [image, sample, guest];
}

const look = async (
  session: TrainingSession,
  sample: Sample,
  { image, labels, height, width }: Labelled,
  colours: Palette,
): Promise<Seen> => {
  const { classes: found } = await session.run(`predict_${sizeName({ height, width })}`, {
    images: image,
  });
  const classes =
    labels instanceof Uint8Array ? Uint8Array.from(found!.data) : Uint16Array.from(found!.data);
  const bare: Picture = { pixels: image, height, width };
  const panels = [bare, overlay(bare, labels, colours, 0.6), overlay(bare, classes, colours, 0.6)];
  const picture = await encodePng(beside(panels, height, width), WIDEST);
  return { sample, classes, height, width, picture };
};

const beside = (panels: readonly Picture[], height: number, width: number): Picture => {
  const row = 3 * width;
  const pixels = new Uint8Array(panels.length * height * row);
  for (const [p, panel] of panels.entries())
    for (let y = 0; y < height; y++)
      pixels.set(panel.pixels.subarray(y * row, (y + 1) * row), (y * panels.length + p) * row);
  return { pixels, height, width: panels.length * width };
};
