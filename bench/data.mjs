/**
 * Augmented samples per second and core, from files to the crop: ours and the same pipeline in Python's OpenCV,
 * in turns, by CPU time. Prints one line of JSON for each case; OpenCV's fields are absent where it cannot be
 * imported.
 */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { labelTable } from "../dist/data/labels.js";
import { pack } from "../dist/data/packed.js";
import { palette } from "../dist/data/palette.js";
import { readSample } from "../dist/data/sample.js";
import { warper } from "../dist/data/warp.js";
import { writePalettePng } from "../dist/data/write.js";
import { decide } from "../dist/plan/augment.js";
import { uniform } from "../dist/plan/random.js";

const CASES = [
  { name: "VOC", size: [375, 500], crop: 473 },
  { name: "VOC", size: [375, 500], crop: 713 },
  { name: "Cityscapes", size: [1024, 2048], crop: 473 },
  { name: "Cityscapes", size: [1024, 2048], crop: 713 },
];
const [ROUNDS, SAMPLES] = [5, 12];
const mean = [123.675, 116.28, 103.53];
const pipeline = [
  { op: "scale", min: 0.5, max: 2, aspect: 1 },
  { op: "rotate", min: -10, max: 10, probability: 0.5, border: "mean" },
  { op: "blur", probability: 0.5 },
  { op: "mirror", probability: 0.5 },
];
const table = labelTable({
  labels: new Map(Array.from({ length: 21 }, (_, c) => [c, c])),
  label_format: "index",
});

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
  await writePalettePng(sample.label, labels, height, width, palette());
  return sample;
}

let index = 0;
async function ours(sample, size, crop, warp, out) {
  const start = process.cpuUsage();
  for (let i = 0; i < SAMPLES; i++) {
    const source = await readSample(sample, table);
    const decision = decide({
      pipeline,
      seed: 0,
      epoch: 0,
      index: index++,
      size,
      crop: [crop, crop],
      mean,
    });
    warp(pack(source), decision, out.image, out.labels);
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

const folder = await mkdtemp(join(tmpdir(), "pspc-bench-"));
const python = await openPython();
const median = (xs) => xs.sort((a, b) => a - b)[xs.length >> 1];
const rate = (seconds) => Number((SAMPLES / median(seconds)).toFixed(1));
try {
  for (const { name, size, crop } of CASES) {
    const sample = await writeSample(folder, size);
    const out = { image: new Uint8Array(3 * crop * crop), labels: new Uint8Array(crop * crop) };
    const warp = warper([crop, crop], mean);
    const taken = { ours: [], bytes: [], floats: [] };
    for (let round = -1; round < ROUNDS; round++) {
      const seconds = await ours(sample, size, crop, warp, out);
      const bytes = await python?.seconds(sample, crop, "uint8");
      const floats = await python?.seconds(sample, crop, "float32");
      if (round < 0) continue; // the first round warms up
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
