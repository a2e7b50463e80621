/** Weights at work: evaluation counts what prediction paints, and a comparison trains nothing twice. */

import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { digestOfAll, digestPairs } from "../../src/data/digest.js";
import { openFacts } from "../../src/data/facts.js";
import { labelTable } from "../../src/data/labels.js";
import { openSplit } from "../../src/data/layout.js";
import { palette } from "../../src/data/palette.js";
import { readIndices, readSample } from "../../src/data/sample.js";
import { writeClasses } from "../../src/data/write-image.js";
import { count, monoid } from "../../src/metric/scores.js";
import { withSeed } from "../../src/plan/program.js";
import { readSafetensors } from "../../src/run/checkpoint.js";
import { compare } from "../../src/run/compare.js";
import { evaluate } from "../../src/run/evaluate.js";
import {
  evaluationFingerprint,
  readEvaluation,
  readEvaluations,
} from "../../src/run/evaluation.js";
import { findRun, ownFolder } from "../../src/run/find.js";
import { bestFile, metricsFile, runFolder, weightsFile } from "../../src/run/folder.js";
import { logits, predict } from "../../src/run/predict.js";
import { readRun } from "../../src/run/record.js";
import { train } from "../../src/run/train.js";
import { lower } from "../../src/tensorflow/target.js";
import { pspc } from "../cli/captured.js";
import { collect, experiment, failureOf, kinds, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const run = join(folder, "run");
const out = join(folder, "out");
const short = { iterations: 12 };
const device = "cpu" as const;

beforeAll(async () => {
  await squares(data);
  await collect(train({ program: program(data, short), folder: run, device, workers: 0 }));
}, 120_000);

describe("a trained network", { timeout: 120_000 }, () => {
  test("is scored by the pixels that it paints", async () => {
    const of = program(data, short);
    const scored = kinds(
      await collect(evaluate({ program: of, folder: run, split: "val", device })),
      "scored",
    )[0]!;
    const samples = await openSplit(of.experiment.data, "val");
    const inputs = samples.map(({ image }) => image);
    await collect(predict({ program: of, folder: run, inputs, out, device }));
    const table = labelTable(of.experiment.data);
    const each = samples.map(async (sample) => {
      const file = join(out, basename(sample.image));
      const painted = await readIndices(file);
      const { labels, height, width } = await readSample(sample, table);
      expect([painted.height, painted.width]).toEqual([height, width]);
      return count(labels, Uint8Array.from(painted.values), 2);
    });
    const { concat, empty } = monoid(2);
    const [a, b, c, d] = (await Promise.all(each)).reduce(concat, empty).counts;
    expect(scored.evaluation.confusion).toEqual([
      [a, b],
      [c, d],
    ]);
    expect(a! + b! + c! + d!).toBe(2 * 46 * (43 + 44));
    expect(scored.evaluation).toMatchObject({ split: "val", images: 4 });
    const weights = { training: (await readRun(run)).training?.fingerprint ?? null, step: 12 };
    const pairs = digestOfAll(await digestPairs(samples, data, await openFacts(data)));
    const fingerprint = evaluationFingerprint(of.experiment, "val", weights, pairs);
    expect(await readEvaluation(run, "val", fingerprint)).toEqual(scored.evaluation);
    // A training's lines are its own.
    expect(await readFile(metricsFile(run), "utf8")).not.toContain("split");
  });

  test("paints what it can read, and reports the rest at the end", async () => {
    const inputs = [join(data, "train.txt"), join(data, "8.png")];
    const to = join(folder, "some");
    const events = await collect(
      predict({ program: program(data, short), folder: run, inputs, out: to, device }),
    );
    expect(kinds(events, "predicted").map(({ image }) => image)).toEqual([inputs[1]]);
    expect(events.at(-1)).toMatchObject({ kind: "skipped", file: inputs[0] });
    expect((await readdir(to)).sort()).toEqual(["8.overlay.png", "8.png"]);
  });

  test("leaves the logits behind its answers, by the name of the image", async () => {
    const inputs = [join(data, "8.png"), join(data, "9.png")];
    const file = join(folder, "logits.safetensors");
    const of = program(data, short);
    const weights = join(run, "weights.safetensors");
    await collect(logits({ program: of, weights, inputs, out: file, device }));
    await collect(predict({ program: of, folder: run, inputs, out, device }));
    const { tensors } = await readSafetensors(file);
    expect([...tensors.keys()].sort()).toEqual(["8", "9"]);
    for (const [name, { shape, data: numbers }] of tensors) {
      const painted = await readIndices(join(out, `${name}.png`));
      expect(shape).toEqual([painted.height, painted.width, 2]);
      const classes = painted.values.map((_, i) => (numbers[2 * i + 1]! > numbers[2 * i]! ? 1 : 0));
      expect(Buffer.from(classes).equals(Buffer.from(painted.values))).toBe(true);
    }
    const torn = join(folder, "torn.safetensors");
    const unread = logits({
      program: of,
      folder: run,
      inputs: [join(data, "train.txt")],
      out: torn,
      device,
    });
    expect((await failureOf(collect(unread))).message).toMatch(/is not a picture/);
    expect((await readdir(folder)).filter((name) => name.startsWith("torn"))).toEqual([]);
  });

  test("is refused where it is of another network", async () => {
    const { model, ...rest } = experiment(data);
    const wide = lower({ ...rest, model: { ...model, head: { ...model.head, channels: 8 } } });
    const failure = await failureOf(
      collect(evaluate({ program: wide, folder: run, split: "val", device })),
    );
    expect(failure.message).toMatch(/other shapes: .*head/);
  });
});

describe("a comparison", { timeout: 120_000 }, () => {
  const whole = experiment(data, { iterations: 2 });
  const fcn = { ...whole, model: { ...whole.model, pyramid: null } };
  const comparing = () =>
    compare({
      spec: "specs/tiny.yaml",
      parent: join(folder, "runs"),
      variants: [
        { name: "pspnet", programs: [lower(whole), lower(withSeed(whole, 1))] },
        { name: "fcn", programs: [lower(fcn)] },
      ],
      split: "val",
      device,
      workers: 0,
    });

  test("evaluates variants of one training each in its own way, once", async () => {
    const mirrored = { ...whole, evaluate: { ...whole.evaluate, mirror: true } };
    const request = {
      spec: "specs/shared.yaml",
      parent: join(folder, "shared"),
      variants: [
        { name: "plain", programs: [lower(whole)] as const },
        { name: "mirrored", programs: [lower(mirrored)] as const },
      ],
      split: "val" as const,
      device,
      workers: 0,
    };
    const first = await collect(compare(request));
    expect(kinds(first, "step")).toHaveLength(2);
    expect(kinds(first, "scored")).toHaveLength(2);
    expect(await readdir(join(folder, "shared"))).toEqual(["shared-plain"]);
    expect(kinds(await collect(compare(request)), "scored")).toHaveLength(0);
    const parent = request.parent;
    const name = { spec: "specs/shared.yaml", variant: "mirrored", parent };
    const elsewhere = join(parent, "shared-mirrored");
    expect(await findRun(name, lower(mirrored))).toBe(join(parent, "shared-plain"));
    expect(await findRun(name, lower(withSeed(whole, 9)))).toBe(elsewhere);
    // A spec of the same name in another folder has its own, and finds what it trained there.
    const other = lower(withSeed(whole, 9));
    expect(ownFolder({ ...name, variant: "plain" }, other)).toBe(join(parent, "shared-plain"));
    const namesake = { ...name, spec: "other/shared.yaml", variant: "plain" };
    expect(ownFolder(namesake, other)).toBe(join(parent, "other-shared-plain"));
    expect(ownFolder(namesake, lower(whole))).toBe(join(parent, "shared-plain"));
  });

  test("works with the best weights of a run where these are asked for", async () => {
    const keeping = join(folder, "keeping");
    const of = program(data, {
      iterations: 8,
      validate: { every: 2, images: null },
      checkpoints: { every: null, keep: 1, best: "miou" },
    });
    const told = kinds(
      await collect(train({ program: of, folder: keeping, device, workers: 0 })),
      "validated",
    );
    const { miou, step } = told.reduce((a, b) => ((b.miou ?? -1) > (a.miou ?? -1) ? b : a));
    const answer = await pspc(folder, "eval", keeping, "--best", "--json", "--device", "cpu");
    expect(JSON.parse(answer.out)).toMatchObject({ miou });
    expect(answer.err).toContain(`the best weights of ${keeping}: of step ${step}, miou`);
    // What the page shows of the run is what its last weights reach.
    expect(await readEvaluations(keeping, of.experiment)).toEqual({ evaluations: [], damaged: [] });
    const to = join(folder, "best.safetensors");
    expect(await pspc(folder, "export", keeping, "--best", "--to", to)).toMatchObject({ code: 0 });
    const [ours, theirs] = [to, bestFile(keeping)].map((file) => readSafetensors(file));
    expect((await ours!).tensors).toEqual((await theirs!).tensors);
    const none = await pspc(folder, "eval", run, "--best");
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining("keeps no best weights") });
    const twice = await pspc(folder, "eval", "spec.yaml", "--best", "--weights", "x");
    expect(twice.code).toBe(3);
  });

  test("is scored on what it learnt from where the data have nothing else, with a word", async () => {
    const whole = experiment(data, { iterations: 2 });
    const alone = lower({ ...whole, data: { ...whole.data, val: null } });
    const only = join(folder, "only");
    await collect(train({ program: alone, folder: only, device, workers: 0 }));
    const { code, out, err } = await pspc(folder, "eval", only, "--json", "--device", "cpu");
    expect({ code, split: (JSON.parse(out) as { split: string }).split }).toEqual({
      code: 0,
      split: "train",
    });
    expect(err).toContain("neither a val nor a test split");
    const missing = compare({
      spec: "alone.yaml",
      parent: join(folder, "alone"),
      variants: [{ name: "a", programs: [alone] }],
      split: "test",
      device,
    });
    // What cannot be scored is not trained first.
    expect((await failureOf(collect(missing))).help).toContain("--split");
    expect(existsSync(join(folder, "alone"))).toBe(false);
  });

  test("exports what it is scored by, also before its training is finished", async () => {
    const of = program(data, { iterations: 2, ema: 0.5 });
    const averaging = join(folder, "averaging");
    await collect(train({ program: of, folder: averaging, device, workers: 0 }));
    const whole = await readSafetensors(weightsFile(averaging));
    for (const file of ["finished", "unfinished"]) {
      const to = join(folder, `${file}.safetensors`);
      expect(await pspc(folder, "export", averaging, "--to", to)).toMatchObject({ code: 0 });
      expect((await readSafetensors(to)).tensors).toEqual(whole.tensors);
      await rm(weightsFile(averaging), { force: true }); // then the last checkpoint is what there is
    }
    const twice = await pspc(
      folder,
      "export",
      averaging,
      "--weights",
      "x",
      "--to",
      "y.safetensors",
    );
    expect(twice).toMatchObject({ code: 3, err: expect.stringContaining("a run has its weights") });
  });

  test("trains what is missing, once, and sets the variants side by side", async () => {
    const first = await collect(comparing());
    expect(kinds(first, "step")).toHaveLength(6);
    const rows = kinds(first, "compared")[0]!.rows;
    expect(rows.map(({ variant, seeds }) => [variant, ...seeds])).toEqual([
      ["pspnet", 0, 1],
      ["fcn", 0],
    ]);
    expect(rows[0]!.parameters).toBeGreaterThan(rows[1]!.parameters);
    expect(rows[0]!.runs[1]).toBe(runFolder("tiny.yaml", "pspnet-seed1", join(folder, "runs")));
    const mious = rows[0]!.evaluations.map(({ miou }) => miou);
    expect(rows[0]!.miou.mean).toBeCloseTo((mious[0]! + mious[1]!) / 2, 12);
    expect(rows[0]!.miou.spread).toBeCloseTo(Math.abs(mious[0]! - mious[1]!), 12);
    const second = await collect(comparing());
    expect(kinds(second, "step")).toHaveLength(0);
    const notes = kinds(second, "note").map(({ message }) => message.split(":")[0]);
    expect(notes.filter((note) => note?.includes("scored"))).toEqual([
      "pspnet, seed 0, was scored before",
      "pspnet, seed 1, was scored before",
      "fcn, seed 0, was scored before",
    ]);
    expect(kinds(second, "compared")[0]!.rows).toEqual(rows);
    // A label of the split is cleaned: the weights are scored again, and nothing is trained.
    const [label, kept] = [join(data, "8.label.png"), join(data, "kept.png")];
    await rename(label, kept);
    await writeClasses(label, new Uint8Array(44 * 46), 44, 46, palette());
    const third = await collect(comparing());
    await rename(kept, label);
    expect({ steps: kinds(third, "step"), scored: kinds(third, "scored").length }).toEqual({
      steps: [],
      scored: 3,
    });
    expect(kinds(third, "compared")[0]!.rows[0]!.miou).not.toEqual(rows[0]!.miou);
  });
});
