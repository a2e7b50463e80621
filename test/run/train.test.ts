/** Training with TensorFlow itself: it learns, it repeats, and whatever interrupts it, it ends in the same bits. */

import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { copyFile, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Experiment } from "../../src/normalize/experiment.js";
import { checkpointsOf } from "../../src/run/checkpoint.js";
import { metricsFile, weightsFile } from "../../src/run/folder.js";
import { readJournal } from "../../src/run/journal.js";
import { readRun } from "../../src/run/record.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { collect, failureOf, kinds, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const at = (name: string): string => join(folder, name);
const running = (name: string, more: Partial<TrainRequest> = {}) =>
  train({ program: program(data), folder: at(name), device: "cpu", workers: 0, ...more });

const lastCheckpoint = (run: string): string => checkpointsOf(run)[0]!.file;

/** A plan that saves every so many steps. */
const saving = (every: number, more: Partial<Experiment["train"]> = {}) => ({
  program: program(data, { checkpoints: { every, keep: 2, best: "none" }, ...more }),
});

/** What must be equal, bit for bit (losses; weights and statistics; momentum and step), as checksums. */
const artefacts = (name: string) =>
  Promise.all(
    [metricsFile, weightsFile, lastCheckpoint].map(async (file) =>
      createHash("sha256")
        .update(await readFile(file(at(name))))
        .digest("hex"),
    ),
  );

beforeAll(async () => {
  await squares(data);
  await collect(running("whole"));
}, 120_000);

describe("a training", { timeout: 120_000 }, () => {
  test("learns", async () => {
    const losses = (await readJournal(metricsFile(at("whole")))).map(({ loss }) => Number(loss));
    const mean = (some: readonly number[]) => some.reduce((a, b) => a + b, 0) / some.length;
    expect(losses).toHaveLength(24);
    expect(mean(losses.slice(-4))).toBeLessThan(0.8 * mean(losses.slice(0, 4)));
  });

  test("leaves a finished run that says what it was", async () => {
    const run = await readRun(at("whole"));
    expect(run).toMatchObject({ state: "finished", step: 24, steps: 24, device: "cpu" });
    expect(run.experiment).toEqual(program(data).experiment);
    expect(run.fingerprint).toEqual(program(data).fingerprint);
  });

  test("gives the same bits again, whatever the number of workers", async () => {
    const events = await collect(running("again", { workers: 2, ...saving(5) }));
    expect(kinds(events, "saved").map(({ step }) => step)).toEqual([5, 10, 15, 20, 24, 24]);
    expect(await artefacts("again")).toEqual(await artefacts("whole"));
  });

  test("stops when asked, and resumes to the same bits", async () => {
    const stop = new AbortController();
    const first = await collect(running("stopped", { signal: stop.signal }), (event) => {
      if (event.kind === "step" && event.step === 13) stop.abort();
      return false;
    });
    expect(first.at(-1)).toMatchObject({ kind: "stopped", step: 13 });
    expect(await readRun(at("stopped"))).toMatchObject({ state: "running", step: 13 });
    const second = await collect(running("stopped", { resume: true }));
    expect(kinds(second, "step").map(({ step }) => step)[0]).toBe(14);
    expect(await artefacts("stopped")).toEqual(await artefacts("whole"));
  });

  test("survives an end without warning, half a line, and a checkpoint cut short", async () => {
    await collect(
      running("killed", saving(5)),
      (event) => event.kind === "step" && event.step === 13,
    );
    await truncate(lastCheckpoint(at("killed")), 1000);
    await writeFile(metricsFile(at("killed")), '{"step":14,"lo', { flag: "a" });
    const events = await collect(running("killed", { resume: true, ...saving(5) }));
    expect(kinds(events, "note")[0]?.message).toMatch(/of step 5, is taken/);
    expect(kinds(events, "started")[0]).toMatchObject({ step: 5 });
    expect(await artefacts("killed")).toEqual(await artefacts("whole"));
  });

  test("ends with a file that is gone, and goes on when it is back", async () => {
    const images = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => join(data, `${i}.png`));
    const failure = await failureOf(
      collect(running("gone"), (event) => {
        if (event.kind === "step" && event.step === 2)
          for (const image of images) renameSync(image, `${image}.gone`);
        return false;
      }),
    );
    expect(failure.message).toMatch(/cannot read .*\d\.png/);
    for (const image of images) renameSync(`${image}.gone`, image);
    const events = await collect(running("gone", { resume: true }));
    expect(kinds(events, "started")[0]?.step).toBeGreaterThanOrEqual(2);
    expect(await artefacts("gone")).toEqual(await artefacts("whole"));
  });

  test("stops where the loss is not finite, and names step and files", async () => {
    const schedule = { base: 1e30, power: 0.9, end: 0 };
    const failure = await failureOf(collect(running("wild", saving(1, { schedule }))));
    expect(failure.message).toMatch(/the loss of step \d+ is|after step \d+ the weights of/);
    expect(failure.help).toMatch(/base of train\.schedule/);
  });
});

describe("a folder that is taken", () => {
  test("by a finished run is left alone", async () => {
    const before = await artefacts("whole");
    const failure = await failureOf(collect(running("whole")));
    expect(failure.message).toMatch(/holds a finished run/);
    expect(failure.help).toMatch(/another folder/);
    expect(kinds(await collect(running("whole", { resume: true })), "note")).toHaveLength(1);
    expect(await artefacts("whole")).toEqual(before);
  });

  test("by an unfinished run asks for --resume, and says how plans differ", async () => {
    await mkdir(at("half"));
    const run = (await readFile(join(at("whole"), "run.json"), "utf8")).replace(
      '"state": "finished"',
      '"state": "running"',
    );
    await writeFile(join(at("half"), "run.json"), run);
    expect((await failureOf(collect(running("half")))).help).toMatch(/--resume/);
    const other = program(data, { batch: 4, iterations: 30 });
    const failure = await failureOf(collect(running("half", { program: other, resume: true })));
    expect(failure.message).toMatch(/another plan/);
    expect(failure.reason).toBe(
      "train.iterations: 24 there, 30 here\ntrain.batch: 2 there, 4 here",
    );
  });

  test("by more steps than are asked for is not cut back", async () => {
    const short = program(data, { iterations: 20 });
    const shorter = running("whole", { program: short, resume: true, allow: ["train.iterations"] });
    const failure = await failureOf(collect(shorter));
    expect(failure.message).toMatch(/has 24 steps behind it, and shall end after 20/);
    expect(failure.help).toContain("train.iterations=24");
  });

  test("by other files, or by none where a run is asked for, is told apart", async () => {
    await mkdir(at("other"));
    await copyFile(join(data, "0.png"), join(at("other"), "holiday.png"));
    expect((await failureOf(collect(running("other")))).message).toMatch(/is no run/);
    const resumed = collect(running("nowhere", { resume: true }));
    expect((await failureOf(resumed)).message).toMatch(/there is no run/);
  });
});
