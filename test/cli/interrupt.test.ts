/** Ctrl-C on a training in a process of its own: once it saves and stops, twice it stops at once. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, expect, test } from "vitest";
import { checkpointsOf } from "../../src/run/checkpoint.js";
import type { Event } from "../../src/run/event.js";
import { squares, temporary } from "../run/tiny.js";

const folder = await temporary();

/** Weights enough that saving them takes longer than a second Ctrl-C. */
const spec = `pspc: 1
data: {root: data, train: train.txt, classes: [ground, square], ignore: 255}
model: {backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 48}}}
train: {iterations: 1000, batch: 2, crop: 41}
`;

beforeAll(async () => {
  await squares(join(folder, "data"));
  await writeFile(join(folder, "spec.yaml"), spec);
});

interface Life {
  readonly code: number | null;
  readonly kinds: readonly string[];
  readonly err: string;
}

/** A training that hears its first Ctrl-C after a step, and is told of all it says. */
const live = async (
  run: string,
  heard: (child: ChildProcess, err: string) => void = () => {},
): Promise<Life> => {
  const program = join(process.cwd(), "bin", "pspc.js");
  const argv = [program, "train", "spec.yaml", "--run", run, "--json", "--device", "cpu"];
  const child = spawn(process.execPath, argv, { cwd: folder });
  const kinds: string[] = [];
  let err = "";
  child.stderr.on("data", (text) => {
    err += String(text);
    heard(child, err);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { kind } = JSON.parse(line) as Event;
    if (kind === "step" && !kinds.includes("step")) child.kill("SIGINT");
    kinds.push(kind);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, kinds, err };
};

test.concurrent("once: what is done is saved, and how to go on is told", {
  timeout: 120_000,
}, async () => {
  const run = join(folder, "once");
  const { code, kinds, err } = await live(run);
  expect(code).toBe(130);
  expect(kinds.slice(-2)).toEqual(["saved", "stopped"]);
  expect(err).toContain("stopping, and saving what is done; Ctrl-C again stops at once");
  expect(err).toContain(`go on with: pspc train --resume ${run}`);
  expect(checkpointsOf(run)).toHaveLength(1);
});

test.concurrent("twice: it is over at once, and nothing half-written counts", {
  timeout: 120_000,
}, async () => {
  const run = join(folder, "twice");
  let again = false;
  const { code, kinds, err } = await live(run, (child, told) => {
    if (!again && told.includes("stopping")) again = child.kill("SIGINT");
  });
  expect(code).toBe(130);
  expect(kinds).not.toContain("stopped");
  expect(err).not.toContain("go on with");
  expect(checkpointsOf(run)).toEqual([]);
});
