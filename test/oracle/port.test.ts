/** What pspc exports loads into PyTorch with `strict=True` and says the same; where torch is absent, its summary is used. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeImage } from "../../src/data/write-image.js";
import { readSafetensors } from "../../src/run/checkpoint.js";
import { pspc } from "../cli/captured.js";
import { environment, torch } from "./oracle.js";
import { images } from "./scene.js";

const folder = mkdtempSync(join(tmpdir(), "pspc-torch-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [height, width, classes] = [57, 73, 3];
const weights = join(import.meta.dirname, "../weights/files/semseg.pth");
const script = join(import.meta.dirname, "../weights/semseg.py");

const answer = (file: string): Float32Array => {
  const out = join(folder, "answer.bin");
  const words = [file, join(folder, "image.bin"), height, width, classes, 1, out].map(String);
  execFileSync("python3", [script, "answer", ...words], { env: environment(), stdio: "pipe" });
  return new Float32Array(Uint8Array.from(readFileSync(out)).buffer);
};

test("a port of semseg's weights says what PyTorch says, there and back", async () => {
  writeFileSync(
    join(folder, "port.yaml"),
    `pspc: 1
data: {root: ., train: train.txt, classes: [a, b, c]}
model:
  backbone: {resnet: {block: bottleneck, blocks: [1, 1, 1, 1], width: 1}, stem: {deep: [1, 1, 2]}}
train: {iterations: 1, crop: 57}
`,
  );
  const pixels = images(1, height, width);
  writeFileSync(join(folder, "image.bin"), pixels);
  await writeImage(join(folder, "image.png"), { pixels, height, width });
  const run = async (...argv: readonly string[]): Promise<string> => {
    const { code, out, err } = await pspc(folder, ...argv);
    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
    return out;
  };
  const told = await run("import", weights, "port.yaml", "--to", "ours.safetensors");
  expect(told).toMatch(/by the names of .*semseg[\s\S]*129 of 129/);
  await run(
    "export",
    "port.yaml",
    "--weights",
    "ours.safetensors",
    "--names",
    "semseg",
    "--to",
    "back.safetensors",
  );
  const asked = ["port.yaml", "image.png", "--device", "cpu", "--logits", "logits.safetensors"];
  await run("predict", ...asked, "--weights", weights);
  const { tensors } = await readSafetensors(join(folder, "logits.safetensors"));
  const ours = tensors.get("image")!;
  expect(ours.shape).toEqual([height, width, classes]);

  const golden = join("test/golden/oracle", "semseg-port.json");
  const places = Array.from({ length: 64 }, (_, i) => (i * 1_000_003) % ours.data.length);
  const theirs = torch === undefined ? null : answer(join(folder, "back.safetensors"));
  if (theirs !== null && process.env.PSPC_ORACLE === "record")
    writeFileSync(
      golden,
      `${JSON.stringify(places.map((i) => Number(theirs[i]!.toPrecision(7))))}\n`,
    );
  const wanted: readonly number[] =
    theirs === null ? JSON.parse(readFileSync(golden, "utf8")) : places.map((i) => theirs[i]!);
  const largest = Math.max(...wanted.map(Math.abs));
  for (const [at, i] of places.entries())
    expect(Math.abs(ours.data[i]! - wanted[at]!)).toBeLessThan(1e-4 * largest);
}, 180_000);
