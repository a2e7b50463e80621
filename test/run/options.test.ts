/** Options of a training in the loop that people run: parts of a batch, averaged weights, what stands still. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { valueOrThrow } from "../../src/diagnostic/failure.js";
import type { Train } from "../../src/normalize/experiment.js";
import { checkpointsOf } from "../../src/run/checkpoint.js";
import { metricsFile, weightsFile } from "../../src/run/folder.js";
import { readJournal } from "../../src/run/journal.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { decodeSafetensors } from "../../src/weights/safetensors.js";
import { collect, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const at = (name: string): string => join(folder, name);
const running = (name: string, of: Partial<Train>, more: Partial<TrainRequest> = {}) => {
  const asked = program(data, { iterations: 6, batch: 4, ...of });
  return train({ program: asked, folder: at(name), device: "cpu", workers: 0, ...more });
};
const tensors = async (file: string) =>
  new Map(valueOrThrow(decodeSafetensors(await readFile(file), file)).tensors);
const stateOf = (name: string) => tensors(checkpointsOf(at(name))[0]!.file);

const all = {
  accumulate: 2,
  clip: 0.5,
  ema: 0.8,
  freeze: { stages: 1, norm: "none" },
} satisfies Partial<Train>;

const adamw = {
  optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.05, decay: "all" },
  schedule: {
    kind: "warmup",
    steps: 2,
    from: 0.1,
    schedule: { kind: "milestones", base: 1e-3, at: [2], factor: 0.1 },
  },
} satisfies Partial<Train>;

beforeAll(async () => {
  await squares(data);
  await collect(running("whole", all));
}, 120_000);

describe("a training in parts, clipped, averaged, with a stage that stands still", {
  timeout: 120_000,
}, () => {
  const sums = (name: string) =>
    Promise.all(
      [metricsFile(at(name)), weightsFile(at(name)), checkpointsOf(at(name))[0]!.file].map(
        async (file) =>
          createHash("sha256")
            .update(await readFile(file))
            .digest("hex"),
      ),
    );

  test("stops when asked, and resumes to the same bits", async () => {
    const stop = new AbortController();
    const first = await collect(running("stopped", all, { signal: stop.signal }), (event) => {
      if (event.kind === "step" && event.step === 3) stop.abort();
      return false;
    });
    expect(first.at(-1)).toMatchObject({ kind: "stopped", step: 3 });
    await collect(running("stopped", all, { resume: true }));
    expect(await sums("stopped")).toEqual(await sums("whole"));
  });

  test("keeps the average beside the weight, and leaves the average as the weight", async () => {
    const [state, weights] = [await stateOf("whole"), await tensors(weightsFile(at("whole")))];
    const kernel = "head.fuse.conv.kernel";
    expect(weights.get(kernel)).toEqual(state.get(`${kernel}/average`));
    expect(weights.get(kernel)).not.toEqual(state.get(kernel));
    expect([...weights.keys()].filter((name) => name.includes("/"))).toEqual([]);
  });

  test("remembers no gathered gradient, which is 0 between steps, and nothing of what stands still", async () => {
    const state = await stateOf("whole");
    const beside = [...state.keys()].filter((name) => name.includes("/"));
    expect(beside.filter((name) => !/\/(momentum|average)$/.test(name))).toEqual([]);
    expect(beside.filter((name) => /^backbone\.(stem|stage1)/.test(name))).toEqual([]);
    expect(beside.filter((name) => /^backbone\.stage2/.test(name)).length).toBeGreaterThan(0);
  });
});

test("AdamW remembers two means of each weight, and resumes to the same bits", {
  timeout: 120_000,
}, async () => {
  const stop = new AbortController();
  await collect(running("adamw", adamw));
  await collect(running("adamw-stopped", adamw, { signal: stop.signal }), (event) => {
    if (event.kind === "step" && event.step === 3) stop.abort();
    return false;
  });
  await collect(running("adamw-stopped", adamw, { resume: true }));
  const [whole, state] = [await stateOf("adamw"), await stateOf("adamw-stopped")];
  expect(state).toEqual(whole);
  const beside = [...state.keys()].filter((name) => name.startsWith("head.classifier.bias/"));
  expect(beside.sort()).toEqual(["head.classifier.bias/momentum", "head.classifier.bias/square"]);
  const rates = (await readJournal(metricsFile(at("adamw"))))!.map(({ rate }) => Number(rate));
  expect(rates).toEqual([1e-4, 1e-3, 1e-3, 1e-3, 1e-4, 1e-4].map((r) => expect.closeTo(r, 12)));
});

/** Norms of their own statistics, so that an image does not know which others are in its part. */
test("parts of a batch add up to the batch", { timeout: 120_000 }, async () => {
  const still = {
    freeze: { stages: 0, norm: "all" },
    schedule: { base: 0.02, power: 0.9, end: 0 },
  } as const;
  await collect(running("batch", still));
  await collect(running("parts", { ...still, accumulate: 4 }));
  const [batch, parts] = await Promise.all(
    ["batch", "parts"].map(async (name) => await readJournal(metricsFile(at(name)))),
  );
  expect(batch).toHaveLength(6);
  expect(Number(batch!.at(-1)!.loss)).not.toBe(Number(batch![0]!.loss));
  for (const [i, line] of batch!.entries())
    for (const key of ["loss", "main", "auxiliary"] as const)
      expect(Number(parts![i]![key]) / Number(line[key])).toBeCloseTo(1, 5);
  const [one, other] = [await stateOf("batch"), await stateOf("parts")];
  for (const [name, { data: weight }] of one) {
    if (name === "step") continue;
    const apart = Math.hypot(...Array.from(weight, (w, i) => w - other.get(name)!.data[i]!));
    expect(apart, name).toBeLessThanOrEqual(1e-4 * Math.hypot(...weight));
  }
});
