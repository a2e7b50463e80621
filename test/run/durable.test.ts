/** What a training does besides learning: scores, best weights, steps back, skips, charts, changes of plan. */

import { existsSync, symlinkSync } from "node:fs";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { decodePicture } from "../../src/data/decode-picture.js";
import { orThrow } from "../../src/diagnostic/failure.js";
import type { Rgb } from "../../src/language/dataset.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import type { Program } from "../../src/plan/program.js";
import { rate } from "../../src/plan/schedule.js";
import { checkpointsOf, readSafetensors, weightsOf } from "../../src/run/checkpoint.js";
import { evaluate } from "../../src/run/evaluate.js";
import { runsOf } from "../../src/run/find.js";
import {
  bestFile,
  checkpointRequest,
  metricsFile,
  runFile,
  weightsFile,
} from "../../src/run/folder.js";
import { boardFiles, readJournal } from "../../src/run/journal.js";
import { predict } from "../../src/run/predict.js";
import { readRun } from "../../src/run/record.js";
import { readSamples } from "../../src/run/samples.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { lengthUntil } from "../../src/tensorflow/summary.js";
import { lower } from "../../src/tensorflow/target.js";
import { collect, experiment, failureOf, kinds, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const at = (name: string): string => join(folder, name);
const running = (name: string, of: Program, more: Partial<TrainRequest> = {}) =>
  train({ program: of, folder: at(name), device: "cpu", workers: 0, ...more });
const plan = (more: Partial<Experiment["train"]> = {}): Partial<Experiment["train"]> => ({
  iterations: 12,
  checkpoints: { every: 4, keep: 2, best: "none" },
  ...more,
});
const metrics = (name: string) => readJournal(metricsFile(at(name)));
const bytes = (file: string): Promise<string> => readFile(file, "base64");

beforeAll(() => squares(data));

describe("validation on the way", { timeout: 120_000 }, () => {
  const watched = plan({
    validate: { every: 5, images: null },
    checkpoints: { every: 4, keep: 3, best: "miou" },
  });
  const scoring = program(data, watched);

  test("finds what `eval` finds, keeps the best, and changes no weight", async () => {
    const events = await collect(running("scored", scoring));
    await collect(running("plain", program(data, plan())));
    expect(await bytes(weightsFile(at("scored")))).toBe(await bytes(weightsFile(at("plain"))));
    const told = kinds(events, "validated");
    expect(told.map(({ step }) => step)).toEqual([5, 10, 12]);
    const { miou, images } = told.at(-1)!;
    const request = {
      program: scoring,
      folder: at("scored"),
      split: "val",
      device: "cpu",
    } as const;
    const [found] = kinds(await collect(evaluate(request)), "scored");
    expect({ miou, images }).toEqual({ miou: found!.evaluation.miou, images: 4 });
    const best = told.reduce((a, b) => ((b.miou ?? -1) > (a.miou ?? -1) ? b : a));
    const { metadata, tensors } = await readSafetensors(bestFile(at("scored")));
    expect(metadata).toMatchObject({ step: `${best.step}`, metric: "miou", score: `${best.miou}` });
    const weights = await readSafetensors(weightsFile(at("scored")));
    expect([...tensors.keys()]).toEqual([...weights.tensors.keys()]);
    const lines = (await metrics("scored")).filter(({ split }) => split === "val");
    expect(lines.map(({ step, miou: score }) => [step, score])).toEqual(
      told.map(({ step, miou: score }) => [step, score]),
    );
  });

  test("leaves what the network sees, in the colours of the data", async () => {
    const own: readonly Rgb[] = [
      [255, 0, 0],
      [0, 255, 0],
    ];
    const whole = experiment(data, plan({ iterations: 4, validate: { every: 4, images: 2 } }));
    const coloured = lower({ ...whole, data: { ...whole.data, palette: own } });
    await collect(running("coloured", coloured));
    const events = await readFile(boardFiles(at("coloured"))[0]!);
    const png = events.subarray(events.indexOf("\x89PNG", 0, "latin1"));
    const { pixels, width } = await orThrow(
      decodePicture(png.subarray(0, png.indexOf("IEND") + 8), "val/0", null),
    );
    expect(width).toBe(3 * 46);
    // In the second row nothing is ignored; at its begin there is ground: beside the picture, its label.
    const [bare, labelled] = [0, 46].map((x) => [...pixels.subarray(3 * (width + x)).slice(0, 3)]);
    const laid = bare!.map((value, k) => Math.round(value + 0.6 * (own[0]![k]! - value)));
    expect(labelled).toEqual(laid);
    const { samples } = await readSamples(at("coloured"));
    expect(samples.map(({ image }) => basename(image))).toEqual(["8.png", "9.png"]);
    const request = { program: coloured, folder: at("coloured"), device: "cpu" } as const;
    const inputs = samples.map(({ image }) => image);
    await collect(predict({ ...request, inputs, out: at("same") }));
    for (const { classes } of samples)
      expect(await bytes(classes)).toBe(await bytes(join(at("same"), basename(classes))));
  });

  test("begins again where it was stopped in the midst, also with less memory", async () => {
    const stop = new AbortController();
    const events = await collect(running("halved", scoring, { signal: stop.signal }), (event) => {
      if (event.kind === "progress" && event.what === "validating") stop.abort();
      return false;
    });
    expect(events.at(-1)).toMatchObject({ kind: "stopped", step: 5 });
    const frugal = program(data, { ...watched, memory: { recompute: "blocks" } });
    await collect(running("halved", frugal, { resume: true }));
    for (const file of [metricsFile, weightsFile, bestFile])
      expect(await bytes(file(at("halved")))).toBe(await bytes(file(at("scored"))));
  });

  test("keeps as many checkpoints as are asked for, and says that it starts anew without", async () => {
    expect(checkpointsOf(at("scored")).map(({ step }) => step)).toEqual([12, 8, 4]);
    await rm(join(at("halved"), "checkpoints"), { recursive: true });
    const run = (await readFile(runFile(at("halved")), "utf8")).replace("finished", "running");
    await writeFile(runFile(at("halved")), run);
    const events = await collect(running("halved", scoring, { resume: true }));
    const notes = kinds(events, "note").map(({ message }) => message);
    expect(notes.join("\n")).toMatch(/no checkpoint .* starts from step 0/);
  });
});

describe("a training that diverges", { timeout: 120_000 }, () => {
  /** Sane for eight steps, then a rate at which nothing stays finite. */
  const begin = async (name: string): Promise<Program> => {
    const sane = program(data, plan({ iterations: 8 }));
    await collect(running(name, sane));
    return program(
      data,
      plan({ schedule: { base: 1e30, power: 0, end: 0 }, recover: { factor: 1e-32, attempts: 2 } }),
    );
  };
  const allow = ["train.iterations", "train.schedule", "train.recover"];

  test("goes back to the last checkpoint with a lower rate, whatever interrupts it", async () => {
    const wild = await begin("back");
    const events = await collect(running("back", wild, { resume: true, allow }));
    const [recovered] = kinds(events, "recovered");
    expect(recovered).toMatchObject({ to: 8, factor: 1e-32 });
    expect(recovered!.step).toBeGreaterThan(8);
    const run = await readRun(at("back"));
    expect(run).toMatchObject({ state: "finished", step: 12, recoveries: [{ to: 8 }] });
    expect(run.amendments[0]).toMatchObject({ step: 8 });
    const lines = await metrics("back");
    expect(lines.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12]);
    expect(lines[8]).toMatchObject({ recovered: { factor: 1e-32 } });
    expect(lines[9]!.rate).toBeCloseTo(0.01, 12);

    await begin("again");
    const again = (more: Partial<TrainRequest> = {}) =>
      running("again", wild, { resume: true, allow, ...more });
    await collect(again(), ({ kind }) => kind === "recovered");
    await collect(again(), (event) => event.kind === "step" && event.step === 10);
    await collect(again());
    for (const file of [metricsFile, weightsFile])
      expect(await bytes(file(at("again")))).toBe(await bytes(file(at("back"))));
  });

  test("stops when its attempts are used up, and keeps the last good checkpoint", async () => {
    const wild = await begin("lost");
    const { train: wildly } = wild.experiment;
    const never = program(data, { ...wildly, recover: { factor: 0.9, attempts: 2 } });
    const events: unknown[] = [];
    const failure = await failureOf(
      collect(running("lost", never, { resume: true, allow }), ({ kind }) => {
        events.push(kind);
        return false;
      }),
    );
    expect(events.filter((kind) => kind === "recovered")).toHaveLength(2);
    expect(failure.message).toMatch(/the loss of step \d+ is|weights of .* are not finite/);
    expect(failure.help).toContain(checkpointsOf(at("lost"))[0]!.file);
    expect(checkpointsOf(at("lost")).map(({ step }) => step)).toEqual([8, 4]);
  });
});

describe("another plan", { timeout: 120_000 }, () => {
  test("is refused by its fields, and taken where they are named: more steps at their own rate", async () => {
    await collect(running("longer", program(data, plan())));
    const longer = program(data, plan({ iterations: 16 }));
    const refusal = await failureOf(collect(running("longer", longer, { resume: true })));
    expect(refusal.reason).toBe("train.iterations: 12 there, 16 here");
    expect(refusal.help).toContain("--allow train.iterations");
    const allow = ["train.iterations"];
    const readings = new Set<string>(); // what would be scored, were it interrupted
    const events = await collect(running("longer", longer, { resume: true, allow }), ({ kind }) => {
      if (kind === "step") readings.add(basename(weightsOf(at("longer"))));
      return false;
    });
    expect([...readings][0]).toBe("step-12.safetensors"); // not the weights of the shorter plan
    expect(readings).not.toContain("weights.safetensors");
    expect(basename(weightsOf(at("longer")))).toBe("weights.safetensors");
    expect(kinds(events, "step").map(({ step }) => step)).toEqual([13, 14, 15, 16]);
    const { schedule } = longer.experiment.train;
    expect(kinds(events, "step")[0]!.rate).toBe(rate(schedule, 16, 12));
    expect(await readRun(at("longer"))).toMatchObject({
      steps: 16,
      amendments: [{ step: 12, changes: ["train.iterations: 12 there, 16 here"] }],
    });
  });

  test("of a network of other shapes is refused also where it is named", async () => {
    const { model, ...rest } = experiment(data, plan({ iterations: 20 }));
    const wide = lower({ ...rest, model: { ...model, head: { ...model.head, channels: 8 } } });
    const allow = ["model.head", "train.iterations"];
    const failure = await failureOf(collect(running("longer", wide, { resume: true, allow })));
    expect(failure.message).toMatch(/other shapes/);
  });
});

describe("an image that is damaged", { timeout: 120_000 }, () => {
  const skipping = (root: string): Program => {
    const { data: of, ...rest } = experiment(root, plan({ validate: { every: 12, images: null } }));
    return lower({ ...rest, data: { ...of, damaged: "skip" } });
  };

  test("is skipped where the spec says so: told, recorded, replaced by the next, resumable", async () => {
    const root = join(folder, "holes");
    await squares(root);
    for (const name of ["3.png", "9.png"]) await truncate(join(root, name), 200);
    const of = skipping(root);
    const events = await collect(running("skipping", of, { workers: 2 }));
    const skipped = kinds(events, "skipped").map(({ file }) => file.slice(root.length + 1));
    expect(skipped).toEqual(["3.png", "9.png", "3.png"]);
    expect(kinds(events, "validated").map(({ images }) => images)).toEqual([3]);
    const lines = (await metrics("skipping")).filter((line) => "skipped" in line);
    // Twelve batches of two are three epochs of eight.
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({ skipped: "3.png", replaced_by: "4.png" });
    await collect(running("halfway", of), (event) => event.kind === "step" && event.step === 7);
    await collect(running("halfway", of, { resume: true }));
    for (const file of [metricsFile, weightsFile])
      expect(await bytes(file(at("halfway")))).toBe(await bytes(file(at("skipping"))));
  });
});

describe("a disk that takes no more", { timeout: 120_000 }, () => {
  test("ends the training with a clear word, and costs nothing that was saved", async () => {
    const of = program(data, plan());
    // What the eighth step's checkpoint is written to is full, as /dev/full always is.
    const part = `step-8.safetensors.${process.pid}.part`;
    const failure = await failureOf(
      (async () => {
        for await (const event of running("disk", of))
          if (event.kind === "step" && event.step === 5)
            symlinkSync("/dev/full", join(at("disk"), "checkpoints", part));
      })(),
    );
    expect(failure).toMatchObject({ reason: "the disk is full" });
    expect(failure.help).toMatch(/^Free some space/);
    expect(checkpointsOf(at("disk")).map(({ step }) => step)).toEqual([4]);
    await collect(running("disk", of, { resume: true }));
    expect(await readRun(at("disk"))).toMatchObject({ state: "finished" });
  });

  test("or no file at all, is told before anything is trained", async () => {
    const started = performance.now();
    const failure = await failureOf(
      collect(train({ program: program(data), folder: "/proc/pspc/run", device: "cpu" })),
    );
    expect(failure.message).toMatch(/cannot make the folder \/proc\/pspc/);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("a run's folder", { timeout: 120_000 }, () => {
  test("takes the wish for a checkpoint now, and fulfils it once", async () => {
    const of = program(data, plan());
    const events = await collect(running("asked", of), (event) => {
      if (event.kind === "step" && event.step === 6)
        void writeFile(checkpointRequest(at("asked")), "");
      return event.kind === "finished";
    });
    expect(kinds(events, "saved").some(({ step }) => step === 6 || step === 7)).toBe(true);
    expect(existsSync(checkpointRequest(at("asked")))).toBe(false);
    // It was between those of the schedule, and went with the next.
    expect(checkpointsOf(at("asked")).map(({ step }) => step)).toEqual([12, 8]);
  });

  test("that was damaged is told so in words", async () => {
    await mkdir(at("broken"));
    const saying = async (text: string) => {
      await writeFile(runFile(at("broken")), text);
      return failureOf(readRun(at("broken")));
    };
    const whole = await readFile(runFile(at("asked")), "utf8");
    expect((await saying(whole.slice(0, 300))).reason).toMatch(/not JSON/);
    expect((await saying("null")).reason).toBe("it is not a map");
    expect((await saying(whole.replace('"train": {', '"tran": {'))).reason).toBe(
      "experiment.tran: `tran` is not a key of the experiment\nexperiment: the experiment lacks the key `train`",
    );
  });

  test("of another version says what can be done with it, and so do several at once", async () => {
    await mkdir(at("older"));
    await mkdir(at("newer"));
    const record = JSON.parse(await readFile(runFile(at("asked")), "utf8")) as object;
    const older = { ...record, format: 1, spec: "specs/camvid.yaml", variant: "fcn" };
    await writeFile(runFile(at("older")), JSON.stringify(older));
    await writeFile(runFile(at("newer")), JSON.stringify({ ...record, format: 99 }));
    const alone = await failureOf(readRun(at("older")));
    expect(alone.message).toMatch(/was written by pspc \d+\.\d+\.\d+$/);
    expect(alone.help).toContain(`pspc eval 'specs/camvid.yaml#fcn' --run ${at("older")}`);
    expect((await failureOf(readRun(at("newer")))).help).toBe("Update pspc.");
    const some = runsOf(["asked", "older", "newer"].map(at));
    expect(some).toMatchObject({ runs: [{ folder: at("asked") }], damaged: [alone, {}] });
    const none = async () => runsOf(["older", "newer"].map(at));
    const { message, reason, help } = await failureOf(none());
    expect(message).toBe("2 runs cannot be read");
    expect(reason).toMatch(/older was written by pspc 0.*\n.*newer was written by a newer pspc$/);
    expect(help).toBe(`${alone.help}\nUpdate pspc.`);
  });

  test("holds charts for TensorBoard, which tell no step twice", async () => {
    const of = program(data, plan());
    await collect(running("charts", of), (event) => event.kind === "step" && event.step === 7);
    await collect(running("charts", of, { resume: true }));
    const files = boardFiles(at("charts"));
    expect(files).toHaveLength(2);
    const [first, second] = await Promise.all(files.map((file) => readFile(file)));
    expect(lengthUntil(first!, 4)).toBe(first!.length);
    expect(lengthUntil(first!, 3)).toBeLessThan(first!.length);
    expect(lengthUntil(second!, 12)).toBe(second!.length);
    expect(lengthUntil(second!, 11)).toBeLessThan(second!.length);
  });

  test("holds no chart that tells nothing, however often it is resumed and stopped", async () => {
    const of = program(data, plan());
    const stopped = () => {
      const stop = new AbortController();
      return collect(running("idle", of, { resume: true, signal: stop.signal }), ({ kind }) => {
        if (kind === "started") stop.abort();
        return false;
      });
    };
    await collect(running("idle", of), (event) => event.kind === "step" && event.step === 7);
    for (let times = 0; times < 2; times++)
      expect(kinds(await stopped(), "stopped")).toMatchObject([{ step: 4 }]);
    expect(boardFiles(at("idle")).map((file) => basename(file))).toEqual([
      "events.out.tfevents.0000000001.pspc",
    ]);
    await collect(running("idle", of, { resume: true }), (event) => event.kind === "step");
    await collect(running("idle", of, { resume: true }));
    // The second told of a step that no checkpoint held, and is gone; its name is not given again.
    expect(boardFiles(at("idle")).map((file) => basename(file))).toEqual(
      [1, 3].map((index) => `events.out.tfevents.000000000${index}.pspc`),
    );
  });
});
