// @ts-check
/**
 * Whether a training's memory is flat: `npm run soak [STEPS]` trains a tiny network for 2,000 steps with validation,
 * checkpoints and charts, and says how much the process grew after its first quarter. Fails above 50 MB.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { either } from "fp-ts";
import sharp from "sharp";
import { checkStill } from "../dist/compile.js";
import { train } from "../dist/run/train.js";
import { lower } from "../dist/tensorflow/target.js";

const steps = Number(process.argv[2] ?? 2000);
const folder = mkdtempSync(join(tmpdir(), "pspc-soak-"));
const allowed = 50e6;

/** Random pairs: what is seen in them does not matter here. */
async function draw() {
  const [height, width] = [64, 64];
  const lines = Array.from({ length: 12 }, (_, i) => `${i}.png ${i}.label.png`);
  for (const line of lines) {
    const [image = "", label = ""] = line.split(" ");
    const pixels = Uint8Array.from({ length: 3 * height * width }, () => Math.random() * 256);
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(folder, image));
    const labels = Uint8Array.from({ length: height * width }, (_, i) => (i >> 5) & 1);
    await sharp(labels, { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(join(folder, label));
  }
  writeFileSync(join(folder, "train.txt"), lines.slice(0, 8).join("\n"));
  writeFileSync(join(folder, "val.txt"), lines.slice(8).join("\n"));
}

const spec = `pspc: 1
data: {root: ${JSON.stringify(folder)}, train: train.txt, val: val.txt, classes: [even, odd]}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 8}, stem: conv7}
  pyramid: {bins: [1, 2], reduction: 4}
  head: {channels: 8}
  auxiliary: {after: 3, channels: 8}
train:
  iterations: ${steps}
  batch: 2
  crop: 41
  validate: {every: ${Math.ceil(steps / 20)}}
  checkpoints: {every: ${Math.ceil(steps / 40)}}
`;

const resident = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

await draw();
const file = join(folder, "soak.yaml");
const { result } = checkStill({ cwd: folder, read: () => either.right(spec) })({ entry: file });
if (either.isLeft(result)) throw new Error(JSON.stringify(result.left, null, 2));
const program = lower(result.right.experiment);
let warm = 0;
try {
  for await (const event of train({ program, folder: join(folder, "run"), device: "auto" })) {
    if (event.kind !== "step" || event.step % Math.ceil(steps / 20) !== 1) continue;
    const now = resident();
    if (event.step > steps / 4 && warm === 0) warm = now;
    console.error(`step ${event.step}: ${(now / 1e6).toFixed(0)} MB`);
  }
  const grown = resident() - warm;
  console.log(`grew by ${(grown / 1e6).toFixed(1)} MB from step ${steps / 4} to ${steps}`);
  if (grown > allowed) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
