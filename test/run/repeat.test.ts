/**
 * The same training in several processes on a busy machine, every other one interrupted and resumed: the same bits.
 * Three of a small network here, whose third stage has three gradients to add up, as PSPNet50's has; `npm run repeat`
 * trains PSPNet50 itself in twenty.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import type { Event } from "../../src/run/event.js";
import { squares, temporary } from "./tiny.js";

const processes = Number(process.env.PSPC_REPEATS ?? 3);
const whole = process.env.PSPC_REPEATS !== undefined;
const STEPS = 3;

const small = "{resnet: {block: bottleneck, blocks: [1, 1, 1, 1], width: 4}, stem: conv7}";
const spec = `pspc: 1
data: {root: data, train: train.txt, val: val.txt, classes: [ground, square], ignore: 255}
model:
  backbone: ${whole ? "{resnet: 50}" : small}
  auxiliary: {after: 3}
train: {iterations: ${STEPS}, batch: 4, crop: 57}
`;

const folder = await temporary();
const program = join(process.cwd(), "bin", "pspc.js");

/** Trains, and is told to stop after its first step if so asked. */
const live = async (words: readonly string[], stops: boolean): Promise<void> => {
  const argv = [program, "train", ...words, "--json", "--device", "cpu"];
  const child = spawn(process.execPath, argv, { cwd: folder });
  let err = "";
  child.stderr.on("data", (text) => {
    err += String(text);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (stops && (JSON.parse(line) as Event).kind === "step") child.kill("SIGTERM");
  });
  const [code] = (await once(child, "close")) as [number | null];
  expect({ code: stops && code !== 0 ? 130 : code, err: code === 1 ? err : "" }).toEqual({
    code: stops && code !== 0 ? 130 : 0,
    err: "",
  });
};

/** What else runs on the machine: the order in which threads finish depends on it. */
const busy = (): ChildProcess =>
  spawn(process.execPath, ["-e", "for (;;) Math.sqrt(Math.random())"], { stdio: "ignore" });

test(`${processes} processes train to the same bits`, {
  timeout: 60_000 + processes * 60_000,
}, async () => {
  await squares(join(folder, "data"));
  await writeFile(join(folder, "spec.yaml"), spec);
  const others = [busy(), busy()];
  const found = new Map<string, number>();
  try {
    for (let i = 0; i < processes; i++) {
      const run = join(folder, `run${i}`);
      const interrupted = i % 2 === 1;
      await live(["spec.yaml", "--run", run], interrupted);
      if (interrupted) await live(["--resume", run], false);
      const files = ["metrics.jsonl", "weights.safetensors"].map((name) => join(run, name));
      const hash = createHash("sha256");
      for (const file of files) hash.update(await readFile(file));
      const digest = hash.digest("hex").slice(0, 16);
      found.set(digest, (found.get(digest) ?? 0) + 1);
      await rm(run, { recursive: true });
    }
  } finally {
    for (const other of others) other.kill("SIGKILL");
  }
  console.info(`outcomes: ${[...found].map(([digest, n]) => `${n} × ${digest}`).join(", ")}`);
  expect([...found.values()]).toEqual([processes]);
});
