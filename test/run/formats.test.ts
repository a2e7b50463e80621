/** Runs that 0.1 wrote, under this version: the same training, evaluation and weights, found and continued. */

import { cp, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Evaluation,
  evaluationFingerprint,
  readEvaluations,
} from "../../src/run/evaluation.js";
import { findRun } from "../../src/run/find.js";
import { evaluationFile, metricsFile, runFile, weightsFile } from "../../src/run/folder.js";
import { readMetrics } from "../../src/run/journal.js";
import { readRun } from "../../src/run/record.js";
import { readSamples } from "../../src/run/samples.js";
import { lower } from "../../src/tensorflow/target.js";
import { pspc } from "../cli/captured.js";
import { failureOf, temporary } from "./tiny.js";

const folder = await temporary();
const at = (name: string): string => join(folder, "runs", name);
const json = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(file, "utf8"));

/** The fixture, where `@root` is the folder that holds data/. */
beforeAll(async () => {
  await cp("test/golden/v0.1", folder, { recursive: true });
  await rename(join(folder, "records"), join(folder, "runs"));
  for (const file of ["squares/run.json", "squares/samples.json", "stopped/run.json"])
    await writeFile(at(file), (await readFile(at(file), "utf8")).replaceAll("@root", folder));
});

const losses = (text: string): readonly (readonly [number, number])[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly step: number; readonly loss?: number })
    .flatMap(({ step, loss }) => (loss === undefined ? [] : [[step, loss] as const]));

describe("a run of 0.1", () => {
  test("is read with the same meaning, under the fingerprint that its plan has now", async () => {
    const run = await readRun(at("squares"));
    const then = (await json(runFile(at("squares")))).fingerprint as { readonly training: string };
    expect(run).toMatchObject({ state: "finished", step: 12, formerly: [then.training] });
    expect(run.experiment.data.labels.get(255)).toBe("ignore");
    expect(run.fingerprint).toEqual(lower(run.experiment).fingerprint);
    const [evaluation] = (await readEvaluations(at("squares"), run.experiment)).evaluations;
    expect(evaluation?.confusion).toEqual([
      [2877, 279],
      [299, 501],
    ]);
    expect((await readMetrics(at("squares"))).damaged).toEqual([]);
    expect((await readMetrics(at("squares"))).lines.length).toBeGreaterThan(12);
    expect((await readSamples(at("squares"))).samples).toHaveLength(2);
  });

  test("is found by what it trained, under any name", async () => {
    const { experiment } = await readRun(at("squares"));
    const found = await findRun(
      { spec: "elsewhere.yaml", variant: null, parent: join(folder, "runs") },
      lower(experiment),
    );
    expect(found).toBe(at("squares"));
  });

  test("is not trained or evaluated again by compare", async () => {
    const before = await stat(weightsFile(at("squares")));
    // An evaluation is named after the folder of its data, too: here it stands as 0.1 would have named it here.
    const { experiment, formerly } = await readRun(at("squares"));
    const training = formerly[0] ?? null;
    const name = evaluationFingerprint(experiment, "val", { training, step: 12 }, null);
    const [file = ""] = await readdir(join(at("squares"), "evaluations"));
    const known = evaluationFile(at("squares"), "val", name);
    await rename(join(at("squares"), "evaluations", file), known);
    const answer = await pspc(folder, "compare", "runs/squares", "--json", "--images", "0");
    expect(answer.code).toBe(0);
    expect(JSON.parse(answer.out)).toMatchObject([{ miou: { mean: 0.6485125182909083 } }]);
    expect(answer.err).not.toMatch(/evaluating|step 1/);
    expect((await stat(weightsFile(at("squares")))).mtimeMs).toBe(before.mtimeMs);
  });

  test("is evaluated by its spec, and no stranger to it", async () => {
    const answer = await pspc(folder, "eval", "squares.yaml", "--json", "--device", "cpu");
    expect(answer.err).not.toContain("another plan");
    const { miou } = JSON.parse(answer.out) as Evaluation;
    expect(miou).toBeCloseTo(0.6485125182909083, 3);
    const best = await pspc(folder, "eval", "squares.yaml", "--best", "--device", "cpu");
    expect(best.code).toBe(0);
    expect(best.err).not.toContain("another plan");
    const out = ["predict", "squares.yaml", "data/4.png", "--out", "out", "--device", "cpu"];
    expect(await pspc(folder, ...out)).toMatchObject({ code: 0 });
  });

  // 0.1 left the order of sums to TensorFlow. The first steps have its bits; then a rounding differs, and grows.
  test("goes on where 0.1 stopped it, with 0.1's losses", async () => {
    const { overrides } = await readRun(at("stopped"));
    const answer = await pspc(
      folder,
      "train",
      "squares.yaml",
      ...overrides,
      "--resume",
      at("stopped"),
      "--device",
      "cpu",
    );
    expect(answer).toMatchObject({ code: 0 });
    const ours = losses(await readFile(metricsFile(at("stopped")), "utf8"));
    const theirs = losses(await readFile(join(folder, "stopped-continued.jsonl"), "utf8"));
    expect(ours.map(([step]) => step)).toEqual(theirs.map(([step]) => step));
    for (const [i, [, loss]] of theirs.slice(0, 12).entries())
      expect(Math.abs(ours[i]![1] - loss)).toBeLessThan(1e-4);
    expect(await json(runFile(at("stopped")))).toMatchObject({ format: 3, state: "finished" });
  });
});

test("a run of a version before 0.1 is refused, with what to do", async () => {
  await cp(at("squares"), at("older"), { recursive: true });
  const record = { ...(await json(runFile(at("older")))), format: 1 };
  await writeFile(runFile(at("older")), JSON.stringify(record));
  const { message, help } = await failureOf(readRun(at("older")));
  expect(message).toContain("was written by pspc 0.1.0");
  expect(help).toContain("pspc eval");
});
