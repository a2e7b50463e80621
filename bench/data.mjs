/**
 * Augmented samples per second and core, from files to the crop: ours and the same pipeline in Python's OpenCV,
 * in turns, by CPU time. Prints one line of JSON for each case; OpenCV's fields are absent where it cannot be
 * imported. `--queue` measures instead whether four workers keep up with a step of 150 ms on 16 samples of
 * VOC's size: how long the step waits for its batch, and how many samples a second come at most.
 */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { warper } from "../dist/data/augment.js";
import { batches } from "../dist/data/batches.js";
import { labelTable } from "../dist/data/labels.js";
import { palette } from "../dist/data/palette.js";
import { here, readSample } from "../dist/data/sample.js";
import { fastest } from "../dist/data/vectors.js";
import { writeClasses } from "../dist/data/write-image.js";
import { decide } from "../dist/plan/augment.js";
import { uniform } from "../dist/plan/random.js";

const CASES = [
  { name: "VOC", size: [375, 500], crop: 473 },
  { name: "VOC", size: [375, 500], crop: 713 },
  { name: "Cityscapes", size: [1024, 2048], crop: 473 },
  { name: "Cityscapes", size: [1024, 2048], crop: 713 },
];
/** Of the rounds the first warm up: a training reads thousands of samples with code that was compiled once. */
const [WARM, ROUNDS, SAMPLES] = [3, 7, 16];
const mean = [123.675, 116.28, 103.53];
const pipeline = [
  { op: "scale", min: 0.5, max: 2, aspect: 1, step: null, base: null },
  { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
  { op: "blur", probability: 0.5 },
  { op: "mirror", probability: 0.5 },
];
const table = labelTable({
  labels: new Map(Array.from({ length: 21 }, (_, c) => [c, c])),
  classes: Array.from({ length: 21 }, (_, c) => `${c}`),
  label_format: "index",
  images: null,
});

/** As a data worker reads. */
const means = here();

const asked = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isAsked = ({ name, crop }) =>
  asked.length === 0 || asked.includes(name) || asked.includes(`${name}-${crop}`);

/** Noise that was blurred has about the entropy of a photograph; the labels are blocks. */
async function writeSample(folder, [height, width]) {
  const sample = { image: join(folder, `${width}.jpg`), label: join(folder, `${width}.png`) };
  const noise = Uint8Array.from(
    { length: 3 * height * width },
    (_, i) => 256 * uniform(1, "noise", i),
  );
  const raw = { raw: { width, height, channels: 3 } };
  await sharp(noise, raw).blur(1.5).normalise().jpeg({ quality: 90 }).toFile(sample.image);
  const labels = Uint8Array.from({ length: height * width }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return (((x + (y >> 2)) >> 6) + ((y >> 5) & 1)) % 21;
  });
  await writeClasses(sample.label, labels, height, width, palette());
  return sample;
}

const median = (xs) => xs.sort((a, b) => a - b)[xs.length >> 1];

let index = 0;
async function ours(sample, size, crop, warp, out) {
  const start = process.cpuUsage();
  for (let i = 0; i < SAMPLES; i++) {
    const source = await readSample(sample, table, means);
    const decision = decide({
      pipeline,
      seed: 0,
      epoch: 0,
      index: index++,
      size,
      crop: [crop, crop],
      mean,
    });
    warp(source, decision, out.image, out.labels);
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** A Python process that answers each line with CPU seconds; `null` without OpenCV. */
async function openPython() {
  const script = fileURLToPath(new URL("data.py", import.meta.url));
  const child = spawn("python3", [script], { stdio: ["pipe", "pipe", "ignore"] });
  child.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).value !== "ready") return null;
  return {
    async seconds(sample, crop, dtype) {
      child.stdin.write(`${sample.image} ${sample.label} ${crop} ${SAMPLES} ${dtype}\n`);
      return Number((await lines.next()).value);
    },
    close: () => child.stdin.end(),
  };
}

/** Steps of `milliseconds` that compute nothing; nothing is cached, so that every sample is decoded. */
async function queue(folder, { workers, batch, milliseconds, steps }) {
  const sample = await writeSample(folder, [375, 500]);
  const source = batches({
    samples: Array.from({ length: batch }, () => sample),
    data: {
      labels: new Map(Array.from({ length: 21 }, (_, c) => [c, c])),
      classes: Array.from({ length: 21 }, (_, c) => `${c}`),
      label_format: "index",
      images: null,
      damaged: "stop",
      mean,
    },
    train: { batch, crop: [473, 473], seed: 0, iterations: steps, augment: pipeline },
    start: 0,
    workers,
    cacheBytes: 0,
  });
  const waits = [];
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  const started = performance.now();
  for (let step = 0; step < steps; step++) {
    const asked = performance.now();
    await source.next();
    waits.push(performance.now() - asked);
    if (milliseconds > 0) Atomics.wait(asleep, 0, 0, milliseconds);
  }
  const seconds = (performance.now() - started) / 1000;
  await source.close();
  return { waits: waits.slice(4), rate: Number(((batch * steps) / seconds).toFixed(1)) };
}

async function benchQueue(folder) {
  const asked = { workers: 4, batch: 16, steps: 24 };
  const { waits } = await queue(folder, { ...asked, milliseconds: 150 });
  const { rate: most } = await queue(folder, { ...asked, milliseconds: 0 });
  const full = waits.filter((ms) => ms < 5).length / waits.length;
  const line = {
    workers: 4,
    cores: availableParallelism(),
    step_ms: 150,
    samples_per_second_needed: Number((16 / 0.15).toFixed(1)),
    samples_per_second_at_most: most,
    steps_that_did_not_wait: Number(full.toFixed(2)),
    median_wait_ms: Number(median([...waits]).toFixed(1)),
  };
  console.log(JSON.stringify(line));
}

const folder = await mkdtemp(join(tmpdir(), "pspc-bench-"));
if (process.argv.includes("--queue")) {
  await benchQueue(folder).finally(() => rm(folder, { recursive: true }));
  process.exit();
}
const python = await openPython();
const rate = (seconds) => Number((SAMPLES / median(seconds)).toFixed(1));
try {
  for (const { name, size, crop } of CASES.filter(isAsked)) {
    const sample = await writeSample(folder, size);
    const out = { image: new Uint8Array(3 * crop * crop), labels: new Uint8Array(crop * crop) };
    const warp = warper([crop, crop], mean, fastest());
    const taken = { ours: [], bytes: [], floats: [] };
    for (let round = -WARM; round < ROUNDS; round++) {
      const seconds = await ours(sample, size, crop, warp, out);
      const bytes = await python?.seconds(sample, crop, "uint8");
      const floats = await python?.seconds(sample, crop, "float32");
      if (round < 0) continue;
      taken.ours.push(seconds);
      if (python) taken.bytes.push(bytes);
      if (python) taken.floats.push(floats);
    }
    const line = { images: name, size, crop, samples_per_second_per_core: rate(taken.ours) };
    if (python) {
      line.opencv_float32 = rate(taken.floats);
      line.opencv_uint8 = rate(taken.bytes);
      line.ratio_to_float32 = Number((rate(taken.ours) / rate(taken.floats)).toFixed(2));
      line.ratio_to_uint8 = Number((rate(taken.ours) / rate(taken.bytes)).toFixed(2));
    }
    console.log(JSON.stringify(line));
  }
} finally {
  python?.close();
  await rm(folder, { recursive: true });
}
