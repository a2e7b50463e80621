/** A data thread that dies takes nothing with it: the run says so, and goes on when it is resumed. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect, test, vi } from "vitest";
import { metricsFile, weightsFile } from "../../src/run/folder.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { collect, failureOf, program, squares, temporary } from "./tiny.js";

const living = vi.hoisted((): Worker[] => []);

vi.mock("node:worker_threads", async (original) => {
  const actual = await original<typeof import("node:worker_threads")>();
  class Mortal extends actual.Worker {
    constructor(...given: ConstructorParameters<typeof actual.Worker>) {
      super(...given);
      // The lock's pulse has a thread of its own, whose program is no file.
      if (String(given[0]).endsWith("worker.js")) living.push(this);
    }
  }
  return { ...actual, Worker: Mortal };
});

const folder = await temporary();
const data = join(folder, "data");
const running = (name: string, more: Partial<TrainRequest> = {}) =>
  train({
    program: program(data, { iterations: 12 }),
    folder: join(folder, name),
    device: "cpu",
    workers: 0,
    ...more,
  });

test("a worker that is killed ends the training, which resumes to the same bits", {
  timeout: 120_000,
}, async () => {
  await squares(data);
  await collect(running("calm"));
  const failure = await failureOf(
    (async () => {
      for await (const event of running("killed", { workers: 1 }))
        if (event.kind === "step" && event.step === 3) await living[0]!.terminate();
    })(),
  );
  expect(failure.message).toBe("a data worker stopped");
  expect(failure.help).toMatch(/Resume the run/);
  await collect(running("killed", { resume: true }));
  for (const file of [metricsFile, weightsFile])
    expect(
      (await readFile(file(join(folder, "killed")))).equals(
        await readFile(file(join(folder, "calm"))),
      ),
    ).toBe(true);
});
