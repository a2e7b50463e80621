/** Evaluation as a program in time: it goes on where it stopped, shows what it saw, and measures boundaries if asked. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readImage } from "../../src/data/image.js";
import { readIndices } from "../../src/data/sample.js";
import { valueOrThrow } from "../../src/diagnostic/failure.js";
import { type EvaluateRequest, evaluate } from "../../src/run/evaluate.js";
import type { Event } from "../../src/run/event.js";
import { predict } from "../../src/run/predict.js";
import { openTally } from "../../src/run/tally.js";
import { train } from "../../src/run/train.js";
import { lower } from "../../src/tensorflow/target.js";
import { decodeSafetensors } from "../../src/weights/safetensors.js";
import { collect, experiment, failureOf, kinds, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const run = join(folder, "run");
const device = "cpu" as const;
const short = { iterations: 8 };
const of = program(data, short);
const whole = experiment(data, short);
const bounded = lower({ ...whole, evaluate: { ...whole.evaluate, boundary: 0.25 } });

beforeAll(async () => {
  await squares(data);
  await collect(train({ program: of, folder: run, device, workers: 0 }));
}, 120_000);

const asked = (more: Partial<EvaluateRequest> = {}): EvaluateRequest => ({
  program: bounded,
  folder: run,
  split: "val",
  device,
  ...more,
});
const scoresOf = async (request: EvaluateRequest) =>
  kinds(await collect(evaluate(request)), "scored")[0]!.evaluation;

/** Not the pairs' bytes, by which an evaluation is known. */
const isScoring = (event: Event): event is Extract<Event, { kind: "progress" }> =>
  event.kind === "progress" && event.what.startsWith("evaluating");

describe("an evaluation", { timeout: 120_000 }, () => {
  test("goes on where it was interrupted, to the same bits", async () => {
    const evaluations = join(run, "evaluations");
    const undisturbed = await scoresOf(asked());
    const stop = new AbortController();
    const seen = collect(evaluate(asked({ signal: stop.signal })), (event) => {
      if (isScoring(event) && event.done === 3) stop.abort();
      return false;
    });
    await seen;
    const partial = (await readdir(evaluations)).filter((name) => name.includes("partial"));
    expect(partial).toHaveLength(1);
    const file = join(evaluations, partial[0]!);
    const lines = (await readFile(file, "utf8")).split("\n");
    expect(lines).toHaveLength(5);
    // As a power cut leaves it: the last line is cut short.
    await writeFile(file, lines.join("\n").slice(0, -20));

    const events = await collect(evaluate(asked()));
    expect(kinds(events, "note")[0]!.message).toMatch(/^2 of 4 images/);
    expect(events.filter(isScoring).map(({ done }) => done)).toEqual([3, 4]);
    expect(kinds(events, "scored")[0]!.evaluation).toEqual(undisturbed);
    expect(existsSync(file)).toBe(false);
  });

  test("of a run whose folder takes no file is told, and not kept", async () => {
    const shut = join(folder, "shut");
    await mkdir(shut);
    await copyFile(join(run, "weights.safetensors"), join(shut, "weights.safetensors"));
    await writeFile(join(shut, "evaluations"), "a file, where a folder would be");
    const events = await collect(evaluate(asked({ folder: shut })));
    expect(kinds(events, "note")[0]!.message).toMatch(
      /cannot write .*: the scores are told, and not/,
    );
    expect(kinds(events, "scored")[0]!.evaluation).toEqual(await scoresOf(asked()));
  });

  test("scores boundaries where the spec asks for it, and leaves null where not", async () => {
    const with_ = await scoresOf(asked());
    expect(with_.boundary).toBeGreaterThan(0);
    expect(with_.boundary).toBeLessThanOrEqual(1);
    expect(with_.classes.map(({ boundary }) => boundary)).not.toContain(null);
    const without = await scoresOf(asked({ program: of }));
    expect(without).toEqual({
      ...with_,
      boundary: null,
      classes: with_.classes.map((each) => ({ ...each, boundary: null })),
      evaluate: without.evaluate,
    });
  });

  test("writes what it predicts, as `predict` does", async () => {
    const [shown, other] = [join(folder, "shown"), join(folder, "other")];
    await scoresOf(asked({ write: shown }));
    const inputs = [8, 9, 10, 11].map((i) => join(data, `${i}.png`));
    await collect(predict({ program: of, folder: run, inputs, out: other, device, batch: 3 }));
    const names = (await readdir(shown)).sort();
    expect(names).toEqual((await readdir(other)).sort());
    for (const name of names)
      expect(await readFile(join(shown, name))).toEqual(await readFile(join(other, name)));
  });
});

describe("a tally", () => {
  test("takes nothing that was counted otherwise", async () => {
    const file = join(folder, "tally.jsonl");
    const first = await openTally(file, { images: "a" }, 2);
    first.add(1, { counts: [3, 0, 1, 2], boundaries: null });
    first.close();
    const same = await openTally(file, { images: "a" }, 2);
    expect([same.has(0), same.has(1)]).toEqual([false, true]);
    expect([...same.total().confusion.counts]).toEqual([3, 0, 1, 2]);
    same.close();
    const other = await openTally(file, { images: "b" }, 2);
    expect(other.size()).toBe(0);
    other.close();
  });
});

const files = (out: string) => readdir(out).then((names) => names.sort());

describe("prediction", { timeout: 120_000 }, () => {
  test("takes folders, patterns and lists, and names no two images alike", async () => {
    const [a, b] = [join(folder, "in", "a"), join(folder, "in", "b")];
    for (const each of [a, b]) {
      await mkdir(each, { recursive: true });
      await copyFile(join(data, "8.png"), join(each, "x.png"));
    }
    await writeFile(join(folder, "in", "list.txt"), "a/x.png a/x.label.png\nb/x.png\n");
    const to = join(folder, "named");
    const events = await collect(
      predict({
        program: of,
        folder: run,
        inputs: [join(a, "x.png"), join(b, "x.png"), join(folder, "in", "{a,b}", "?.png")],
        list: join(folder, "in", "list.txt"),
        out: to,
        device,
        batch: 4,
      }),
    );
    expect(kinds(events, "predicted")).toHaveLength(6);
    const classes = ["a-x", "a-x-2", "b-x", "b-x-2", "x", "x-2"];
    expect(await files(to)).toEqual(
      classes.flatMap((name) => [`${name}.overlay.png`, `${name}.png`]).sort(),
    );
  });

  test("tells areas and probabilities that agree with the classes", async () => {
    const to = join(folder, "probable");
    const events = await collect(
      predict({
        program: of,
        folder: run,
        inputs: [join(data, "8.png")],
        out: to,
        device,
        probabilities: true,
      }),
    );
    const { areas, classes, probabilities } = kinds(events, "predicted")[0]!;
    const painted = await readIndices(classes);
    const { tensors } = valueOrThrow(
      decodeSafetensors(await readFile(probabilities!), probabilities!),
    );
    const { shape, data: shares } = tensors.get("probabilities")!;
    expect(shape).toEqual([painted.height, painted.width, 2]);
    painted.values.forEach((c, i) => {
      expect(shares[2 * i]! + shares[2 * i + 1]!).toBeCloseTo(1, 5);
      expect(shares[2 * i + c]).toBeGreaterThanOrEqual(shares[2 * i + 1 - c]!);
    });
    expect(areas.map(({ pixels }) => pixels).reduce((x, y) => x + y)).toBe(painted.values.length);
    for (const { class: name, pixels, share } of areas) {
      const index = whole.data.classes.indexOf(name);
      expect(painted.values.filter((c) => c === index)).toHaveLength(pixels);
      expect(share).toBeCloseTo(pixels / painted.values.length, 12);
    }
  });

  test("is never written over the images", async () => {
    const before = await readImage(join(data, "8.png"), null);
    const inputs = [join(data, "8.png")];
    const failure = await failureOf(
      collect(predict({ program: of, folder: run, inputs, out: data, device })),
    );
    expect(failure.message).toMatch(/over the image .*8\.png/);
    expect(await readImage(join(data, "8.png"), null)).toEqual(before);
  });

  test("says which pattern and which list hold nothing", async () => {
    const none = (inputs: readonly string[], list?: string) =>
      failureOf(collect(predict({ program: of, folder: run, inputs, list, out: folder, device })));
    expect((await none([join(data, "*.gif")])).message).toContain("*.gif");
    expect((await none([], join(data, "no.txt"))).message).toContain("no.txt");
  });
});

const ffmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!ffmpeg) console.info("no ffmpeg here: videos are not tested");

describe("a video", { timeout: 120_000 }, () => {
  test.runIf(ffmpeg)("becomes an overlaid video, and a class map a frame", async () => {
    const clip = join(folder, "clip.mp4");
    const made = ["-f", "lavfi", "-i", "testsrc=size=47x40:rate=5:duration=1", "-pix_fmt", "rgb24"];
    const lossless = ["-c:v", "libx264rgb", "-qp", "0", clip];
    spawnSync("ffmpeg", ["-v", "error", "-y", ...made, ...lossless]);
    const to = join(folder, "film");
    const events = await collect(
      predict({ program: of, folder: run, inputs: [clip], out: to, device, batch: 2 }),
    );
    expect(kinds(events, "skipped")).toEqual([]);
    expect(kinds(events, "progress").at(-1)).toMatchObject({ done: 5, total: 5 });
    expect(await files(to)).toEqual(["clip", "clip.overlay.mp4"]);
    expect(await files(join(to, "clip"))).toHaveLength(5);
    // A frame as a picture gets the same classes, the last one too, which a batch of two is not filled by.
    for (const n of [0, 4]) {
      const frame = join(folder, `frame${n}.png`);
      const chosen = ["-vf", `select=eq(n\\,${n})`, "-frames:v", "1", frame];
      spawnSync("ffmpeg", ["-v", "error", "-y", "-i", clip, ...chosen]);
      await collect(predict({ program: of, folder: run, inputs: [frame], out: to, device }));
      const both = [join(to, `frame${n}.png`), join(to, "clip", `00000${n + 1}.png`)];
      const [alone, inVideo] = await Promise.all(both.map((file) => readFile(file)));
      expect(inVideo).toEqual(alone);
    }
  });

  test("that cannot be read is skipped, with ffmpeg's words or what to install", async () => {
    const clip = join(folder, "damaged.mp4");
    await writeFile(clip, "no video");
    const events = await collect(
      predict({ program: of, folder: run, inputs: [clip], out: join(folder, "none"), device }),
    );
    const [skipped] = kinds(events, "skipped");
    expect(skipped?.failure.message).toMatch(ffmpeg ? /cannot convert/ : /need ffprobe/);
  });
});
