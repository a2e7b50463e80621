/** What a training is: its program and the bytes that it reads, wherever these lie; and what happens when they change. */

import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { palette } from "../../src/data/palette.js";
import { readIndices } from "../../src/data/sample.js";
import { writeClasses } from "../../src/data/write-image.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { compare, planned } from "../../src/run/compare.js";
import { findRun, groups, runsIn } from "../../src/run/find.js";
import { pairsFile, runFile, weightsFile } from "../../src/run/folder.js";
import { type Run, readRun, writeRun } from "../../src/run/record.js";
import type { Row } from "../../src/run/row.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { lower } from "../../src/tensorflow/target.js";
import { collect, experiment, failureOf, kinds, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const at = (...names: readonly string[]): string => join(folder, ...names);
const short = { iterations: 2, validate: null } as const;
const device = "cpu" as const;

const training = (root: string, run: string, more: Partial<TrainRequest> = {}) =>
  train({ program: program(root, short), folder: run, device, workers: 0, ...more });

const comparing = (parent: string, variants: Readonly<Record<string, Experiment>>) => ({
  spec: "specs/squares.yaml",
  parent,
  variants: Object.entries(variants).map(([name, one]) => ({
    name,
    programs: [lower(one)] as const,
  })),
  split: "val" as const,
  device,
  workers: 0,
});

const rowsOf = (events: Awaited<ReturnType<typeof collect>>): readonly Row[] =>
  kinds(events, "compared")[0]?.rows ?? [];

/** Another value in one pixel of one label. */
const touch = async (root: string, name = "3.label.png"): Promise<void> => {
  const { values, height, width } = await readIndices(join(root, name));
  const labels = Uint8Array.from(values);
  labels[width + 1] = labels[width + 1] === 0 ? 1 : 0;
  await writeClasses(join(root, name), labels, height, width, palette());
};

const copied = async (name: string): Promise<string> => {
  await cp(at("data"), at(name), { recursive: true });
  return at(name);
};

/** Begun from a file of weights. */
const from = (file: string): Experiment => {
  const base = experiment(at("data"), short);
  const weights = { file, only: "backbone", replace: "none" } as const;
  return { ...base, model: { ...base.model, weights } };
};

/** A run that is stopped after its first step. */
const stopped = async (
  root: string,
  run: string,
  more: Partial<TrainRequest> = {},
): Promise<void> => {
  const stop = new AbortController();
  await collect(training(root, run, { ...more, signal: stop.signal }), (event) => {
    if (event.kind === "step") stop.abort();
    return false;
  });
};

beforeAll(() => squares(at("data")));

describe("a training", { timeout: 120_000 }, () => {
  test("is one in two folders of equal bytes, and another where one pixel of one label differs", async () => {
    const [same, other] = [await copied("same"), await copied("other")];
    await touch(other);
    const request = comparing(at("bytes"), {
      here: experiment(at("data"), short),
      same: experiment(same, short),
      other: experiment(other, short),
      again: experiment(at("data"), short),
    });
    const plan = async () => (await planned(request)).map(({ does }) => does);
    // Nothing is read for the plan: data in another place may be other data.
    expect(await plan()).toEqual(["trains", "trains", "trains", "same"]);
    const events = await collect(compare(request));
    expect(await plan()).toEqual(["nothing", "trains", "nothing", "same"]);
    expect(kinds(events, "started").map(({ run }) => run)).toEqual([
      at("bytes", "squares-here"),
      at("bytes", "squares-other"),
    ]);
    const [here, twin, changed] = rowsOf(events);
    expect(twin?.runs).toEqual(here?.runs);
    expect(changed?.runs).not.toEqual(here?.runs);
    expect(kinds(await collect(compare(request)), "step")).toEqual([]);
    const { runs } = await runsIn(at("bytes"));
    const [first, second] = runs.map(({ run }) => run);
    expect(first?.fingerprint).toEqual(second?.fingerprint);
    expect(first?.training?.data).not.toBe(second?.training?.data);
    expect(groups(runs)).toHaveLength(2);
  });

  test("is the same when its data have moved", async () => {
    const root = await copied("before");
    const parent = at("moved");
    await collect(compare(comparing(parent, { one: experiment(root, short) })));
    await rename(root, at("after"));
    const events = await collect(
      compare(comparing(parent, { two: experiment(at("after"), short) })),
    );
    expect(kinds(events, "step")).toEqual([]);
    expect(rowsOf(events)[0]?.runs).toEqual([join(parent, "squares-one")]);
  });

  test("is another with weights of the same name and other bytes", async () => {
    const start = at("start");
    await collect(training(at("data"), start));
    const seeded = program(at("data"), { ...short, seed: 5 });
    await collect(train({ program: seeded, folder: at("start5"), device, workers: 0 }));
    await cp(weightsFile(start), at("copy", "weights.safetensors"), { recursive: true });
    const request = comparing(at("weights"), {
      first: from(weightsFile(start)),
      second: from(weightsFile(at("start5"))),
      copy: from(at("copy", "weights.safetensors")),
    });
    const events = await collect(compare(request));
    expect(kinds(events, "started")).toHaveLength(2);
    const [first, second, copy] = rowsOf(events);
    expect(copy?.runs).toEqual(first?.runs);
    expect(second?.runs).not.toEqual(first?.runs);
  });

  test("that is finished is not told as that of data cleaned since", async () => {
    const root = await copied("aged");
    const request = comparing(at("cleaned"), { one: experiment(root, short) });
    await collect(compare(request));
    await touch(root);
    const failure = await failureOf(collect(compare(request)));
    expect(failure.reason).toContain("8 pairs there, 8 pairs here: 1 changed (3.png)");
    expect(failure.help).toContain("rename or delete its folder");
  });

  test("is found by its place where its data cannot be read", async () => {
    const root = await copied("gone");
    const request = comparing(at("unread"), { one: experiment(root, short) });
    await collect(compare(request));
    await rm(join(root, "train.txt"));
    expect(kinds(await collect(compare(request)), "step")).toEqual([]);
  });
});

describe("a run that is resumed", { timeout: 120_000 }, () => {
  test("goes on where its data have moved, and says so", async () => {
    const root = await copied("near");
    await stopped(root, at("near-run"));
    await rename(root, at("far"));
    const events = await collect(training(at("far"), at("near-run"), { resume: true }));
    expect(kinds(events, "finished")).toHaveLength(1);
    expect(kinds(events, "note")[0]?.message).toContain("data.root");
  });

  test("refuses cleaned data by name, goes on where they are allowed, and records it", async () => {
    const root = await copied("dirty");
    const run = at("dirty-run");
    await stopped(root, run);
    const begun = await readRun(run);
    await touch(root);
    const lines = (await readFile(join(root, "train.txt"), "utf8")).split("\n");
    await writeFile(join(root, "train.txt"), [...lines.slice(1), "8.png 8.label.png"].join("\n"));
    const again = (allow: readonly string[]) => training(root, run, { resume: true, allow });
    const failure = await failureOf(collect(again([])));
    expect(failure.message).toBe(`the files that ${run} was trained on have changed`);
    expect(failure.reason).toBe(
      "data.train: 8 pairs there, 8 pairs here: 1 changed (3.png), 1 added (8.png), 1 removed (0.png)",
    );
    expect(failure.help).toContain("--allow data.train");
    await failureOf(collect(again(["model"])));
    expect(await readRun(run)).toEqual(begun);
    const events = await collect(again(["data.train"]));
    expect(kinds(events, "note")[0]?.message).toContain("1 changed (3.png)");
    const ended = await readRun(run);
    expect(ended.amendments).toMatchObject([{ step: 1, changes: [failure.reason] }]);
    expect(ended.training?.fingerprint).not.toBe(begun.training?.fingerprint);
    expect(ended.training?.pairs).toBe(8);
    // The same files are the run's own from here on.
    const more = { ...program(root, { ...short, iterations: 3 }) };
    const third = training(root, run, { program: more, resume: true, allow: ["train"] });
    expect(kinds(await collect(third), "finished")).toHaveLength(1);
  });

  test("refuses other first weights, and needs none once it has a checkpoint", async () => {
    const [file, run] = [at("first.safetensors"), at("from-run")];
    await cp(weightsFile(at("start")), file);
    const plan = lower(from(file));
    await stopped(at("data"), run, { program: plan });
    const begun = await readRun(run);
    await cp(weightsFile(at("start5")), file);
    const again = (more: Partial<TrainRequest> = {}) =>
      collect(training(at("data"), run, { program: plan, resume: true, ...more }));
    const failure = await failureOf(again());
    expect(failure.reason).toMatch(/^model\.weights: .* other bytes/);
    expect(failure.help).toContain("--allow model.weights");
    await rm(file);
    await again();
    expect(await readRun(run)).toMatchObject({ state: "finished", training: begun.training });
  });

  test("tells that pairs differ where its list of them is lost, and that only their order does", async () => {
    const root = await copied("lost");
    const run = at("lost-run");
    await stopped(root, run);
    const lines = (await readFile(join(root, "train.txt"), "utf8")).split("\n");
    await writeFile(join(root, "train.txt"), lines.toReversed().join("\n"));
    const again = () => failureOf(collect(training(root, run, { resume: true })));
    expect((await again()).reason).toContain("the same pairs in another order");
    await rm(pairsFile(run));
    expect((await again()).reason).toContain("their bytes differ");
  });
});

describe("a record without digests", { timeout: 120_000 }, () => {
  const undigested = async (run: string): Promise<Run> => {
    const text = await readFile(runFile(run), "utf8");
    const { training: _, ...record } = JSON.parse(text);
    const { program: training, ...fingerprint } = record.fingerprint;
    const before = { ...record, fingerprint: { ...fingerprint, training } };
    await writeFile(runFile(run), JSON.stringify(before));
    return readRun(run);
  };

  test("is its spec's where the files lie in the same place, and digested when it is next trained", async () => {
    const root = await copied("old");
    const run = at("olds", "old");
    await stopped(root, run);
    const whole = await readRun(run);
    const old = await undigested(run);
    expect(old).toEqual({ ...whole, training: null, formerly: [whole.fingerprint.program] });
    const found = (where: string) =>
      findRun(
        { spec: "own.yaml", variant: null, parent: at("olds") },
        program(where, short),
        whole.training,
      );
    expect(await found(root)).toBe(run);
    expect(await found(await copied("elsewhere"))).toBe(at("olds", "own"));
    await failureOf(collect(training(at("elsewhere"), run, { resume: true })));
    await collect(training(root, run, { resume: true }));
    expect((await readRun(run)).training).toEqual(whole.training);
    expect(await found(at("elsewhere"))).toBe(run);
  });

  test("is written as it was read", async () => {
    const run = at("olds", "old");
    const old = await undigested(run);
    await writeRun(run, old);
    expect(await readRun(run)).toEqual(old);
  });
});
