/** More than 255 classes: labels of 16 bits from the file to the crop, and back into files. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestShare, warper } from "../../src/data/augment.js";
import { batches } from "../../src/data/batches.js";
import { labelTable } from "../../src/data/labels.js";
import { overlay, palette } from "../../src/data/palette.js";
import { readIndices, readSample } from "../../src/data/sample.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";
import type { ClassIndices } from "../../src/language/labels.js";
import { boundaries } from "../../src/metric/boundary.js";
import { count } from "../../src/metric/scores.js";
import type { Augmentation } from "../../src/normalize/experiment.js";
import { decide } from "../../src/plan/augment.js";

const [HEIGHT, WIDTH, CLASSES] = [60, 70, 1000];
const IGNORED = 65535;
const mean = [124, 116, 104] as const;

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pspc-wide-"));
});
afterAll(() => rm(root, { recursive: true }));

/** Blocks of classes all over the 1,000, and some that do not count. */
const drawn = (seed: number): Uint16Array =>
  Uint16Array.from({ length: HEIGHT * WIDTH }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    const block = (Math.floor(x / 9) * 31 + Math.floor(y / 7) * 17 + seed * 5) % 53;
    return block === 0 ? IGNORED : (block * 19) % CLASSES;
  });

const image = Uint8Array.from({ length: 3 * HEIGHT * WIDTH }, (_, i) => (i * 13) % 251);

const table = labelTable({
  classes: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
  labels: new Map<number, number | "ignore">([
    ...Array.from({ length: CLASSES }, (_, i) => [i, i] as const),
    [IGNORED, "ignore"],
  ]),
  label_format: "index",
  images: null,
});

describe("labels of 16 bits", () => {
  it("are written as grey PNGs that libpng and we read as they are", async () => {
    const file = join(root, "label.png");
    const values = drawn(1);
    await writeClasses(file, values, HEIGHT, WIDTH, palette());
    const { data } = await sharp(file)
      .toColourspace("grey16")
      .raw({ depth: "ushort" })
      .toBuffer({ resolveWithObject: true });
    expect(new Uint16Array(data.buffer, data.byteOffset, values.length)).toEqual(values);
    expect((await readIndices(file)).values).toEqual(values);
    const picture = join(root, "image.png");
    await writeImage(picture, { pixels: image, height: HEIGHT, width: WIDTH });
    const { labels } = await readSample({ image: picture, label: file }, table);
    expect(labels).toEqual(values);
  });

  /** Each digit of a label in base 200 is a label of its own, which the pipeline of bytes carries. */
  const pipelines: readonly (readonly Augmentation[])[] = [
    [{ op: "scale", min: 0.5, max: 2, aspect: 1.3, step: null, base: null }],
    [
      { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
      { op: "rotate", min: -30, max: 30, probability: 1, border: "mean" },
      { op: "blur", probability: 1 },
      { op: "mirror", probability: 0.5 },
      { op: "jitter", brightness: 0.2, contrast: 0.2, saturation: 0.2, probability: 1 },
    ],
  ];
  it.each(pipelines)("are moved as their pixels are", (...pipeline) => {
    const crop = [65, 57] as const;
    const warp = warper(crop, mean);
    for (let index = 0; index < 6; index++) {
      const values = drawn(index);
      const asked = {
        pipeline,
        seed: 3,
        epoch: 0,
        index,
        size: [HEIGHT, WIDTH] as const,
        crop,
        mean,
      };
      const source = { image, labels: values, height: HEIGHT, width: WIDTH };
      const decision = decide(asked, largestShare(source));
      const moved = (labels: ClassIndices, into: ClassIndices) => {
        const pixels = new Uint8Array(3 * into.length);
        warp({ image, labels, height: HEIGHT, width: WIDTH }, decision, pixels, into);
        return pixels;
      };
      const digit = (of: (value: number) => number) => {
        const into = new Uint8Array(crop[0] * crop[1]);
        moved(
          Uint8Array.from(values, (value) => (value === IGNORED ? 255 : of(value))),
          into,
        );
        return into;
      };
      const [low, high] = [digit((v) => v % 200), digit((v) => Math.floor(v / 200))];
      const expected = Uint16Array.from(low, (v, i) =>
        v === 255 ? IGNORED : v + 200 * (high[i] ?? 0),
      );
      const found = new Uint16Array(crop[0] * crop[1]);
      const pixels = moved(values, found);
      expect(found).toEqual(expected);
      expect(pixels).toEqual(moved(Uint8Array.from(values), new Uint8Array(found.length)));
    }
  });

  it("come in the same batches whoever reads them, from memory or not", async () => {
    const samples = await Promise.all(
      [0, 1, 2, 3].map(async (n) => {
        const [picture, label] = [join(root, `${n}.image.png`), join(root, `${n}.png`)];
        await writeImage(picture, { pixels: image, height: HEIGHT, width: WIDTH });
        await writeClasses(label, drawn(n), HEIGHT, WIDTH, palette());
        return { image: picture, label };
      }),
    );
    const all = async (workers: number, cacheBytes?: number) => {
      const source = batches({
        samples,
        data: {
          classes: Array.from({ length: CLASSES }, (_, i) => `${i}`),
          labels: new Map([...Array(CLASSES).keys()].map((i) => [i, i])).set(
            IGNORED,
            "ignore" as never,
          ),
          label_format: "index",
          images: null,
          mean,
          damaged: "stop",
        },
        train: { batch: 2, crop: [41, 41], seed: 1, iterations: 6, augment: pipelines[0] ?? [] },
        start: 0,
        workers,
        ...(cacheBytes === undefined ? {} : { cacheBytes }),
      });
      const seen: ClassIndices[] = [];
      for (let batch = await source.next(); batch; batch = await source.next())
        seen.push(batch.labels.slice());
      await source.close();
      return seen;
    };
    const inline = await all(0);
    expect(inline.every((labels) => labels instanceof Uint16Array)).toBe(true);
    expect(
      Math.max(...inline.flatMap((labels) => [...labels].filter((v) => v !== IGNORED))),
    ).toBeGreaterThan(900);
    expect(await all(2)).toEqual(inline);
    expect(await all(0, 0)).toEqual(inline);
  });

  it("are counted, outlined and drawn, but for those that are ignored", () => {
    const truth = Uint16Array.from([0, 999, 999, IGNORED]);
    const found = Uint16Array.from([0, 999, 0, 5]);
    const { counts } = count(truth, found, CLASSES);
    expect([counts[0], counts[999 * CLASSES + 999], counts[999 * CLASSES]]).toEqual([1, 1, 1]);
    expect(counts.reduce((a, b) => a + b, 0)).toBe(3);
    const { images } = boundaries({ values: truth, height: 1, width: 4 }, found, CLASSES, 0.1);
    expect([...images.entries()].filter(([, n]) => n > 0).map(([c]) => c)).toEqual([0, 999]);
    const colours = palette(null, CLASSES);
    const bare = { pixels: new Uint8Array(12).fill(9), height: 1, width: 4 };
    const { pixels } = overlay(bare, truth, colours, 1);
    expect([...pixels.subarray(3, 6)]).toEqual([...colours.subarray(3 * 999, 3 * 1000)]);
    expect([...pixels.subarray(9)]).toEqual([9, 9, 9]);
  });
});
