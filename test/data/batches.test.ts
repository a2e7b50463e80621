import { createHash } from "node:crypto";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BatchesOptions, batches } from "../../src/data/batches.js";
import { palette } from "../../src/data/palette.js";
import type { Sample } from "../../src/data/sample.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";
import { Failed } from "../../src/diagnostic/failure.js";
import { shuffle } from "../../src/plan/schedule.js";

const COUNT = 7;
let root = "";
let samples: Sample[] = [];

const options = (change: Partial<BatchesOptions> = {}): BatchesOptions => ({
  samples,
  data: {
    labels: new Map([
      [0, 0],
      [1, 1],
      [2, 2],
    ]),
    classes: ["a", "b", "c"],
    label_format: "index",
    images: null,
    mean: [124, 116, 104],
    damaged: "stop",
  },
  train: {
    batch: 2,
    crop: [33, 25],
    seed: 5,
    iterations: 12,
    augment: [
      { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
      { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
      { op: "blur", probability: 0.5 },
      { op: "mirror", probability: 0.5 },
    ],
  },
  start: 0,
  workers: 0,
  ...change,
});

/** A digest of each batch, until the last. */
async function digests(asked: BatchesOptions): Promise<string[]> {
  const source = batches(asked);
  const seen: string[] = [];
  try {
    for (let batch = await source.next(); batch; batch = await source.next())
      seen.push(
        createHash("sha256")
          .update(`${batch.step} ${batch.indices}`)
          .update(batch.images)
          .update(batch.labels)
          .digest("hex"),
      );
    return seen;
  } finally {
    await source.close();
  }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pspc-batches-"));
  samples = await Promise.all(
    Array.from({ length: COUNT }, async (_, i) => {
      const [height, width] = [30 + i, 40 - i];
      const pixels = Uint8Array.from({ length: 3 * height * width }, (_, j) => (j * (i + 3)) % 251);
      const labels = Uint8Array.from({ length: height * width }, (_, j) => (j >> 4) % 3);
      // Workers decode the two on ways of their own.
      const image = join(root, `${i}.${i % 2 === 0 ? "png" : "jpg"}`);
      const sample = { image, label: join(root, `${i}-label.png`) };
      await writeImage(sample.image, { pixels, height, width });
      await writeClasses(sample.label, labels, height, width, palette());
      return sample;
    }),
  );
});
afterAll(() => rm(root, { recursive: true }));

describe("batches", () => {
  it("are the same bytes in the same order whatever the number of workers, cached or not", async () => {
    const inline = await digests(options());
    expect(inline.length).toBe(12);
    expect(new Set(inline).size).toBe(12);
    expect(await digests(options({ workers: 1 }))).toEqual(inline);
    expect(await digests(options({ workers: 3 }))).toEqual(inline);
    expect(await digests(options({ workers: 2, cacheBytes: 0 }))).toEqual(inline);
    expect(await digests(options({ cacheBytes: 10_000 }))).toEqual(inline);
  });

  it("go on where a run stopped", async () => {
    const inline = await digests(options());
    expect(await digests(options({ start: 7, workers: 1 }))).toEqual(inline.slice(7));
    expect(await digests(options({ start: 12, workers: 1 }))).toEqual([]);
  });

  it("name the samples that the plan draws", async () => {
    const source = batches(options({ start: 4 }));
    expect((await source.next())?.indices).toEqual(shuffle(5, COUNT, 2)(4).indices);
    await source.close();
  });

  it("can be left at any time", async () => {
    const source = batches(options({ workers: 2, train: { ...options().train, iterations: 1e6 } }));
    expect((await source.next())?.step).toBe(0);
    await source.close();
  });

  it("written while the main thread sleeps are ready when it wakes", async () => {
    const source = batches(options({ workers: 1 }));
    await source.next(); // the thread has started
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    const asked = performance.now();
    await source.next();
    await source.next();
    expect(performance.now() - asked).toBeLessThan(500);
    await source.close();
  });
});

describe("a sample that cannot be read", () => {
  it.each([0, 2])("is named by the batch that needs it, with %i workers", async (workers) => {
    const damaged = { image: samples[0]!.image, label: join(root, "damaged.png") };
    await copyFile(samples[0]!.label, damaged.label);
    await writeFile(damaged.label, "no label");
    const at = 3;
    const source = batches(options({ samples: samples.with(at, damaged), workers }));
    const fails = Array.from(
      { length: 12 },
      (_, step) => shuffle(5, COUNT, 2)(step).indices,
    ).findIndex((indices) => indices.includes(at));
    for (let step = 0; step < fails; step++) expect((await source.next())?.step).toBe(step);
    const error = await source.next().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failed);
    expect((error as Failed).failure.message).toContain("damaged.png");
    await source.close();
  });

  it("and fewer samples than a batch, are failures", () => {
    expect(() => batches(options({ samples: samples.slice(0, 1) }))).toThrow(
      "1 training sample does not fill a batch of 2",
    );
  });
});
