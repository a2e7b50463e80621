/** A predictor in memory says what the files of `predict` say, and examples/serve answers over HTTP with the same. */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { server } from "../../examples/serve/serve.mjs";
import { decodeImage, encodeClasses } from "../../src/library.js";
import { readSafetensors } from "../../src/run/checkpoint.js";
import { predict } from "../../src/run/predict.js";
import { openPredictor, type Predictor } from "../../src/run/predictor.js";
import { train } from "../../src/run/train.js";
import { collect, failureOf, program, squares, temporary } from "../run/tiny.js";

const folder = await temporary();
const run = join(folder, "run");
const image = (i: number): string => join(folder, "data", `${i}.png`);
const plan = program(join(folder, "data"), { iterations: 4 });

let predictor: Predictor;
beforeAll(async () => {
  await squares(join(folder, "data"));
  await collect(train({ program: plan, folder: run, device: "cpu" }));
  predictor = await openPredictor({ run, device: "cpu", probabilities: true, keep: 1 });
}, 120_000);
afterAll(() => predictor.close());

const picture = async (i: number) => decodeImage(await readFile(image(i)));

/** As `predict` writes them. */
const written = async (i: number) => {
  const out = join(folder, `out-${i}`);
  await collect(
    predict({
      program: plan,
      folder: run,
      inputs: [image(i)],
      out,
      device: "cpu",
      probabilities: true,
    }),
  );
  const { tensors } = await readSafetensors(join(out, `${i}.safetensors`));
  return { png: await readFile(join(out, `${i}.png`)), tensors };
};

describe("a predictor", () => {
  it("says of pixels in memory what `predict` writes of the file, for sizes in turn", async () => {
    for (const i of [8, 9]) {
      const found = await predictor.predict(await picture(i));
      const { png, tensors } = await written(i);
      expect(encodeClasses(found, predictor.palette)).toEqual(png);
      expect(found.probabilities).toEqual(tensors.get("probabilities")?.data);
      expect([found.height, found.width]).toEqual([44 + (i % 2), 46]);
      const pixels = found.areas.reduce((sum, area) => sum + area.pixels, 0);
      expect(pixels).toBe(found.height * found.width);
    }
  });

  it("answers calls that overlap as it answers them alone, though it keeps one session", async () => {
    const pictures = await Promise.all([8, 9, 10].map(picture));
    const together = await Promise.all(pictures.map(predictor.predict));
    for (const [i, each] of pictures.entries())
      expect(together[i]).toEqual(await predictor.predict(each));
  });

  it("refuses pixels that are not those of the size, and goes on", async () => {
    const { pixels } = await picture(8);
    for (const [height, width] of [
      [44, 45],
      [0, 0],
      [-44, -46],
      [44.5, 46],
      [Number.NaN, 46],
    ] as const)
      expect((await failureOf(predictor.predict({ pixels, height, width }))).message).toBe(
        `the picture has 6072 bytes, not those of ${height}×${width} pixels`,
      );
    expect((await predictor.predict({ pixels, height: 44, width: 46 })).classes.length).toBe(2024);
  });

  it("takes a file of weights for a program, answers what was asked before it closes, and nothing after", async () => {
    const weights = join(run, "weights.safetensors");
    const other = await openPredictor({
      program: plan,
      weights,
      device: "cpu",
      sizes: [{ height: 44, width: 46 }],
    });
    expect(other.notes).toEqual([]);
    const asked = other.predict(await picture(8));
    const closed = other.close();
    const { classes, probabilities } = await asked;
    await closed;
    expect(classes).toEqual((await predictor.predict(await picture(8))).classes);
    expect(probabilities).toBeNull();
    expect((await failureOf(other.predict(await picture(8)))).message).toMatch(/closed/);
  });

  it("says where a run keeps no best weights, or is none", async () => {
    expect((await failureOf(openPredictor({ run, best: true }))).message).toMatch(
      /no best weights/,
    );
    expect((await failureOf(openPredictor({ run: folder }))).message).toMatch(/no run/);
  });
});

describe("examples/serve", () => {
  let address = "";
  let http: ReturnType<typeof server>;
  beforeAll(async () => {
    http = server(predictor, { bytes: 20_000, pixels: 3000, waiting: 2 }).listen(0, "127.0.0.1");
    await once(http, "listening");
    address = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    http.closeAllConnections();
    await new Promise((done) => http.close(done));
  });

  const post = (body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = {}) =>
    fetch(address, { method: "POST", body, headers, ...({ duplex: "half" } as object) });

  it("gives the PNG of the classes, or their areas as JSON", async () => {
    const body = await readFile(image(8));
    const { png } = await written(8);
    const classes = await post(body);
    expect(classes.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await classes.arrayBuffer())).toEqual(png);
    const areas = await post(body, { accept: "application/json" });
    const { height, width, areas: expected } = await predictor.predict(await picture(8));
    expect(await areas.json()).toEqual({ height, width, areas: expected });
    expect(await (await fetch(address)).json()).toEqual({ classes: ["ground", "square"] });
  });

  it("refuses what it should not take, each with a sentence", async () => {
    const wide = await sharp({
      create: { width: 3000, height: 2, channels: 3, background: "red" },
    })
      .png()
      .toBuffer();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(4096)),
    });
    const told: unknown[] = [];
    for (const ask of [
      () => post("no picture"),
      () => post(new Uint8Array(0)),
      () => post(wide),
      () => fetch(address, { method: "DELETE" }),
      () => post(new Uint8Array(20_001)),
    ]) {
      const response = await ask();
      told.push([response.status, ((await response.json()) as { error: string }).error]);
    }
    expect(told).toEqual([
      [400, expect.stringMatching(/^the file is not a picture/)],
      [400, expect.stringMatching(/empty/)],
      [400, expect.stringMatching(/3000 pixels wide and 2 high/)],
      [405, expect.stringMatching(/POST/)],
      [413, expect.stringMatching(/20000 bytes/)],
    ]);
    // It hangs up on what does not end; whether its answer is read before that is the client's luck.
    const status = await post(endless).then(
      (response) => response.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect((await post(await readFile(image(8)))).status).toBe(200);
  });

  it("tells whom it has no room for to come back", async () => {
    const body = await readFile(image(9));
    const statuses = await Promise.all(
      Array.from({ length: 6 }, async () => (await post(body)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2);
  });
});
