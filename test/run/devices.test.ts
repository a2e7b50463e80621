/** A run on several devices: it learns as on one, writes down how many there were, and goes on on another number. */

import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { metricsFile } from "../../src/run/folder.js";
import { readJournal } from "../../src/run/journal.js";
import { readRun } from "../../src/run/record.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { collect, failureOf, kinds, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const at = (name: string): string => join(folder, name);
const running = (name: string, more: Partial<TrainRequest> = {}) =>
  train({ program: program(data, plan), folder: at(name), device: "cpu", workers: 0, ...more });
const plan = { iterations: 4, validate: { every: 4, images: 2 } };

const lossesOf = async (name: string): Promise<readonly number[]> =>
  (await readJournal(metricsFile(at(name)))).flatMap(({ loss }) => (loss ? [Number(loss)] : []));

beforeAll(() => squares(data), 60_000);

describe("a run on two devices", { timeout: 240_000 }, () => {
  test("has the losses of one device, and may change their number, which it says", async () => {
    await collect(running("one"));
    const stop = new AbortController();
    await collect(running("two", { devices: 2, signal: stop.signal }), (event) => {
      if (event.kind === "step" && event.step === 2) stop.abort();
      return false;
    });
    expect(await readRun(at("two"))).toMatchObject({ state: "running", step: 2, devices: 2 });
    const events = await collect(running("two", { resume: true }));
    expect(
      kinds(events, "note")
        .map(({ message }) => message)
        .join("|"),
    ).toContain("2 devices there, 1 here (the same training, and not to the last bit)");
    const run = await readRun(at("two"));
    expect([run.state, run.devices, run.amendments.length]).toEqual(["finished", undefined, 1]);
    expect(run.fingerprint).toEqual((await readRun(at("one"))).fingerprint);
    const [one, two] = [await lossesOf("one"), await lossesOf("two")];
    expect(two).toHaveLength(4);
    for (const [i, loss] of one.entries()) expect(Math.abs(two[i]! / loss - 1)).toBeLessThan(1e-3);
  });

  test("refuses a number that does not divide the batch", async () => {
    const failure = await failureOf(collect(running("three", { devices: 3 })));
    expect(failure.message).toBe("a batch of 2 cannot be divided into 3 equal shares");
  });
});
