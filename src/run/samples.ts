/** Predictions of a few pictures, kept in the run folder for the report. */

import { basename, join, relative } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { TypeOf } from "io-ts";
import { openSplit, type Split } from "../data/layout.js";
import type { Palette } from "../data/palette.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { writeClasses } from "../data/write-image.js";
import type { Failure } from "../diagnostic/failure.js";
import { closed } from "../language/section.js";
import { list } from "../language/value.js";
import type { Program } from "../plan/program.js";
import { fingerprintOf } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import { weightsOf } from "./checkpoint.js";
import { readJson, words } from "./codec.js";
import type { Event } from "./event.js";
import { distinct } from "./inputs.js";
import { predict } from "./predict.js";
import { filesFor } from "./prediction.js";
import type { Seen } from "./validation.js";

export interface SamplesRequest {
  readonly program: Program;
  readonly folder: string;
  readonly split: Split;
  /** How many pictures, spread evenly over the split. */
  readonly images: number;
  readonly device: Want;
  readonly signal?: AbortSignal;
}

const listed = closed(
  "the samples",
  {
    /** Of the program, the weights and the pictures. */
    key: words,
    /** Pairs, and the palette PNG of what was predicted for each. */
    samples: list(
      "samples",
      closed("a sample", { image: words, label: words, classes: words }, {}),
    ),
  },
  {},
);

type Listed = TypeOf<typeof listed>;

export type Predicted = Readonly<Listed["samples"][number]>;

const listFile = (folder: string): string => join(folder, "samples.json");

export interface Samples {
  readonly samples: readonly Predicted[];
  /** Why the list cannot be read. */
  readonly damaged: readonly Failure[];
}

/** What the last call of `sample` left, or nothing. Files are named within the run's folder. */
export const readSamples = async (folder: string): Promise<Samples> =>
  pipe(
    readJson(listFile(folder), listed),
    E.match(
      (failure): Samples => ({ samples: [], damaged: [failure] }),
      (list): Samples => ({ samples: within(folder, list?.samples ?? []), damaged: [] }),
    ),
  );

const within = (folder: string, samples: readonly Predicted[]): readonly Predicted[] =>
  samples
    .map((one) => ({ ...one, classes: join(folder, one.classes) }))
    .filter(({ classes }) => isWithin(folder, classes));

/** A list that was tampered with leads nowhere else. */
const isWithin = (folder: string, file: string): boolean =>
  !relative(folder, file).split(/[\\/]/).includes("..");

/** Predicts what is not there yet. @throws Failed as prediction does. */
export async function* sample(request: SamplesRequest): AsyncGenerator<Event, void> {
  const { program, folder, split, images } = request;
  const chosen = spread(await openSplit(program.experiment.data, split), images);
  const { evaluate, data } = program.experiment;
  const { fingerprint } = program;
  const key = fingerprintOf({
    program: fingerprint.program,
    weights: weightsOf(folder),
    evaluate,
    data,
    chosen,
  });
  const known = readJson(listFile(folder), listed);
  if (E.isRight(known) && known.right?.key === key) return;
  const pairs = new Map(chosen.map((pair) => [pair.image, pair]));
  const found: Predicted[] = [];
  const { device, signal } = request;
  const asked = { program, folder, device, ...(signal === undefined ? {} : { signal }) };
  const out = join(folder, "samples");
  for await (const event of predict({ ...asked, inputs: [...pairs.keys()], out })) {
    const pair = event.kind === "predicted" ? pairs.get(event.image) : undefined;
    if (event.kind === "predicted" && pair !== undefined)
      found.push({ ...pair, classes: relative(folder, event.classes) });
    else yield event;
  }
  if (signal?.aborted) return;
  await writeList(folder, { key, samples: found });
}

/** Takes down what a network that still learns says: whoever asks `sample` later has it predicted anew. */
export const keepSamples = async (
  folder: string,
  seen: readonly Seen[],
  colours: Palette,
): Promise<void> => {
  const out = join(folder, "samples");
  makeFolder(out);
  const names = distinct(
    seen.map(({ sample: { image } }) => ({ path: image, name: basename(image) })),
  );
  const samples = names.map(({ name }, i) => {
    const { classes } = filesFor("samples", name);
    return { ...seen[i]!.sample, classes };
  });
  for (const [i, { classes, height, width }] of seen.entries())
    await writeClasses(join(folder, samples[i]!.classes), classes, height, width, colours);
  await writeList(folder, { key: "learning", samples });
};

const writeList = (folder: string, list: Listed): Promise<void> =>
  writeFileAtomic(listFile(folder), `${JSON.stringify(list)}\n`, false);

const spread = <A>(items: readonly A[], n: number): readonly A[] =>
  Array.from(
    { length: Math.min(n, items.length) },
    (_, i) => items[Math.floor(((i + 0.5) * items.length) / Math.min(n, items.length))]!,
  );
