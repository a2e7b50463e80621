/** A data set of squares on a ground, and an experiment so small that its training takes a second. */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { palette } from "../../src/data/palette.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";
import { Failed, type Failure } from "../../src/diagnostic/failure.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import type { Program } from "../../src/plan/program.js";
import type { Event } from "../../src/run/event.js";
import { lower } from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";

/** A folder that goes when the tests of the file are over. */
export const temporary = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "pspc-run-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** Twelve pairs, eight to train on and four of two sizes to validate on; each holds some ignored pixels. */
export const squares = async (root: string): Promise<void> => {
  await mkdir(root, { recursive: true });
  const pairs = Array.from({ length: 12 }, (_, i) => `${i}.png ${i}.label.png`);
  await Promise.all(pairs.map((_, i) => pair(root, i)));
  await writeFile(join(root, "train.txt"), pairs.slice(0, 8).join("\n"));
  await writeFile(join(root, "val.txt"), pairs.slice(8).join("\n"));
};

const pair = async (root: string, i: number): Promise<void> => {
  const [height, width] = [44 + (i % 2), 46];
  const pixels = new Uint8Array(height * width * 3);
  const labels = new Uint8Array(height * width);
  const [left, top] = [2 + ((i * 7) % 20), 2 + ((i * 11) % 20)];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const inside = x >= left && x < left + 20 && y >= top && y < top + 20;
      const shade = (x * 5 + y * 3 + i) % 40;
      labels[y * width + x] = y === 0 ? 255 : inside ? 1 : 0;
      pixels.set(inside ? [200, 60 + shade, 40] : [30, 90, 160 + shade], 3 * (y * width + x));
    }
  await writeImage(join(root, `${i}.png`), { pixels, height, width });
  await writeClasses(join(root, `${i}.label.png`), labels, height, width, palette());
};

export const experiment = (root: string, train: Partial<Experiment["train"]> = {}): Experiment =>
  tiny({
    data: {
      root,
      train: "train.txt",
      val: "val.txt",
      classes: ["ground", "square"],
      labels: new Map<number, number | "ignore">([
        [0, 0],
        [1, 1],
        [255, "ignore"],
      ]),
    },
    backbone: { stem: { kind: "conv7", channels: 4 } },
    pyramid: { bins: [1, 2], channels: 4 },
    model: {
      head: { channels: 4, dropout: 0.1 },
      auxiliary: { after: 3, channels: 4, dropout: 0.1, weight: 0.4 },
    },
    train: {
      iterations: 24,
      batch: 2,
      crop: [41, 41],
      seed: 0,
      schedule: { base: 0.05, power: 0.9, end: 0 },
      multipliers: { new: 1, pyramid: 1, head: 1, auxiliary: 1, bias: 1 },
      augment: [
        { op: "mirror", probability: 0.5 },
        { op: "scale", min: 0.8, max: 1.25, aspect: 1, step: null, base: null },
      ],
      ...train,
    },
    evaluate: { window: [41, 41] },
  });

export const program = (root: string, train: Partial<Experiment["train"]> = {}): Program =>
  lower(experiment(root, train));

/** Lets events happen, all of them or until `last` says so, and gives them back. */
export const collect = async (
  events: AsyncGenerator<Event, unknown>,
  last: (event: Event) => boolean = () => false,
): Promise<readonly Event[]> => {
  const seen: Event[] = [];
  for await (const event of events) {
    seen.push(event);
    if (last(event)) break;
  }
  return seen;
};

export const kinds = <K extends Event["kind"]>(events: readonly Event[], kind: K) =>
  events.filter((event): event is Extract<Event, { readonly kind: K }> => event.kind === kind);

export const failureOf = async (running: Promise<unknown>): Promise<Failure> => {
  try {
    await running;
  } catch (error) {
    if (error instanceof Failed) return error.failure;
    throw error;
  }
  throw new Error("it did not fail");
};
