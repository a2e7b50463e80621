import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSamples } from "../../src/data/check.js";
import { decodePicture } from "../../src/data/decode-picture.js";
import { openFacts } from "../../src/data/facts.js";
import { readImage } from "../../src/data/image.js";
import { labelTable } from "../../src/data/labels.js";
import { openSplit } from "../../src/data/layout.js";
import { overlay, palette } from "../../src/data/palette.js";
import { readSample } from "../../src/data/sample.js";
import { writeFileAtomic } from "../../src/data/write.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";
import { Failed, orThrow } from "../../src/diagnostic/failure.js";
import type { Data, LabelMap } from "../../src/normalize/experiment.js";

const labels: LabelMap = new Map<number, number | "ignore">([
  [0, 0],
  [1, 1],
  [7, "ignore"],
]);
let root = "";
const path = (name: string) => join(root, name);
const data = (): Data => ({
  layout: "list",
  root,
  train: "train.txt",
  val: null,
  test: "absent.txt",
  classes: ["a", "b"],
  labels,
  images: null,
  damaged: "stop",
  label_format: "index",
  label_map: null,
  palette: null,
  mean: [0, 0, 0],
  std: [1, 1, 1],
});
const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => {
      throw new Error("it did not fail");
    },
    (error) => {
      if (error instanceof Failed) return error.failure;
      throw error;
    },
  );
const solid = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pspc-data-"));
  await solid(6, 4, "#ff8000")
    .jpeg({ quality: 100, chromaSubsampling: "4:4:4" })
    .toFile(path("a.jpg"));
  const good = Uint8Array.from({ length: 24 }, (_, i) => [0, 1, 7][i % 3]!);
  await writeClasses(path("a.png"), good, 4, 6, palette());
  const stray = Uint8Array.from({ length: 24 }, (_, i) => (i < 5 ? 200 : i < 6 ? 3 : 0));
  await writeClasses(path("stray.png"), stray, 4, 6, palette());
  await writeClasses(path("small.png"), good.subarray(0, 20), 4, 5, palette());
  const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256));
  const jpeg = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
    .jpeg()
    .toBuffer();
  await writeFile(path("cut.jpg"), jpeg.subarray(0, jpeg.length / 2));
});
afterAll(() => rm(root, { recursive: true }));

describe("a list", () => {
  it("names pairs relative to the root; blank lines and either kind of line end are fine", async () => {
    await writeFile(path("train.txt"), "a.jpg a.png\r\n\n  a.jpg\tstray.png  \n");
    expect(await openSplit(data(), "train")).toEqual([
      { image: path("a.jpg"), label: path("a.png") },
      { image: path("a.jpg"), label: path("stray.png") },
    ]);
  });

  it("tells every wrong line at once, with its number", async () => {
    await writeFile(path("train.txt"), "a.jpg a.png\nlonely.jpg\nx.jpg y.png\n");
    const { message, reason } = await failureOf(openSplit(data(), "train"));
    expect(message).toBe("3 mistakes in the data");
    expect(reason).toContain(`${path("train.txt")}:2: expected an image and a label`);
    expect(reason).toContain(`${path("train.txt")}:3: the image x.jpg does not exist`);
    expect(reason).toContain(`${path("train.txt")}:3: the label y.png does not exist`);
  });

  it("that is absent, unset or empty is a failure with a remedy", async () => {
    await writeFile(path("train.txt"), "\n");
    expect((await failureOf(openSplit(data(), "test"))).message).toContain(
      "cannot read the test list",
    );
    expect((await failureOf(openSplit(data(), "val"))).help).toContain("Set data.val");
    expect((await failureOf(openSplit(data(), "train"))).message).toContain(
      "the train split is empty",
    );
  });
});

describe("a sample", () => {
  it("comes as RGB and class indices, 255 where the map ignores", async () => {
    const read = await readSample(
      { image: path("a.jpg"), label: path("a.png") },
      labelTable({ labels, classes: ["a", "b"], label_format: "index", images: null }),
    );
    expect([read.height, read.width]).toEqual([4, 6]);
    expect(Array.from(read.labels.subarray(0, 4))).toEqual([0, 1, 255, 0]);
    expect(Math.abs(read.image[0]! - 255)).toBeLessThan(4);
    expect(Math.abs(read.image[1]! - 128)).toBeLessThan(4);
  });

  it.each([
    [
      "stray.png",
      /stray\.png holds values that data\.labels does not map/,
      "value 200 in 5 pixels, value 3 in 1 pixel",
    ],
    ["small.png", /a\.jpg and .*small\.png differ in size/, "the image is 6×4, the label 5×4"],
    ["none.png", /cannot read .*none\.png/, "there is no such file"],
  ])("with %s is refused", async (label, message, reason) => {
    const sample = { image: path("a.jpg"), label: path(label) };
    const failure = await failureOf(
      readSample(
        sample,
        labelTable({ labels, classes: ["a", "b"], label_format: "index", images: null }),
      ),
    );
    expect(failure.message).toMatch(message);
    expect(failure.reason).toContain(reason);
    expect(failure.help).toBeTruthy();
  });

  it("whose PNG is cut short is told so, whether its file is read or its bytes", async () => {
    const whole = await sharp({ create: { width: 40, height: 40, channels: 3, background: "red" } })
      .png({ compressionLevel: 0 })
      .toBuffer();
    const bytes = whole.subarray(0, 500);
    await writeFile(path("cut.png"), bytes);
    for (const read of [
      () => readImage(path("cut.png"), null),
      () => orThrow(decodePicture(bytes, "cut.png", null)),
    ])
      await expect(read()).rejects.toMatchObject({
        failure: { reason: expect.stringContaining("damaged or was cut short") },
      });
  });

  it("whose image is cut short is refused", async () => {
    expect((await failureOf(readImage(path("cut.jpg"), null))).message).toBe(
      `cannot read ${path("cut.jpg")}`,
    );
  });

  it("set is checked to its end: failures in order, sizes counted, progress told", async () => {
    const pair = (image: string, label: string) => ({ image: path(image), label: path(label) });
    const samples = [pair("a.jpg", "stray.png"), pair("a.jpg", "a.png"), pair("cut.jpg", "a.png")];
    const told: number[] = [];
    const { failures, sizes } = await checkSamples(
      samples,
      data(),
      await openFacts(root, path("facts")),
      {
        report: (done) => told.push(done),
      },
    );
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringContaining("stray.png"),
      expect.stringContaining("cut.jpg"),
    ]);
    expect(sizes).toEqual([{ height: 4, width: 6, count: 1 }]);
    expect(told).toEqual([1, 2, 3]);
  });
});

describe("an image", () => {
  const pixel = async (name: string) => {
    const { pixels, height, width } = await readImage(path(name), null);
    expect(pixels.length).toBe(3 * height * width);
    return { rgb: Array.from(pixels.subarray(0, 3)), height, width };
  };

  it("that is grey, CMYK, 16-bit, or has alpha comes as RGB of 8 bits", async () => {
    const grey = sharp(Buffer.alloc(24, 90), { raw: { width: 6, height: 4, channels: 1 } });
    await grey.toColourspace("b-w").png().toFile(path("grey.png"));
    expect((await pixel("grey.png")).rgb).toEqual([90, 90, 90]);
    await solid(6, 4, "#ffffff")
      .toColourspace("cmyk")
      .jpeg({ quality: 100 })
      .toFile(path("cmyk.jpg"));
    for (const value of (await pixel("cmyk.jpg")).rgb) expect(value).toBeGreaterThan(240);
    await solid(6, 4, "#4080c0").toColourspace("rgb16").png().toFile(path("deep.png"));
    expect((await pixel("deep.png")).rgb).toEqual([64, 128, 192]);
    await solid(6, 4, "#4080c0").ensureAlpha(0.3).png().toFile(path("alpha.png"));
    expect((await pixel("alpha.png")).rgb).toEqual([64, 128, 192]);
  });

  it("is turned as its EXIF says", async () => {
    await solid(6, 4, "#ff8000").withMetadata({ orientation: 6 }).jpeg().toFile(path("turned.jpg"));
    expect(await pixel("turned.jpg")).toMatchObject({ height: 6, width: 4 });
  });
});

describe("writing", () => {
  it("replaces a file in one move and leaves nothing beside it", async () => {
    await writeFileAtomic(path("note.txt"), "old");
    await writeFileAtomic(path("note.txt"), "new");
    expect(await readFile(path("note.txt"), "utf8")).toBe("new");
    const failure = await failureOf(writeFileAtomic(path("none/note.txt"), "x"));
    expect(failure).toEqual({
      kind: "failure",
      message: `cannot write ${path("none/note.txt")}`,
      reason: `there is no folder ${path("none")}`,
      help: `Make it (mkdir -p '${path("none")}'), or write elsewhere.`,
    });
    expect(await failureOf(writeFileAtomic(path("note.txt/a"), "x"))).toMatchObject({
      reason: `${path("note.txt")} is not a folder, or is not in one`,
    });
    await mkdir(path("taken"));
    expect(await failureOf(writeFileAtomic(path("taken"), "x"))).toMatchObject({
      message: `cannot write ${path("taken")}`,
      reason: "a folder has this name",
    });
    expect((await readdir(root)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("gives pictures back as they were, by the suffix", async () => {
    const picture = {
      pixels: Uint8Array.from({ length: 36 }, (_, i) => 7 * i),
      height: 3,
      width: 4,
    };
    await writeImage(path("out.png"), picture);
    expect(Array.from((await readImage(path("out.png"), null)).pixels)).toEqual(
      Array.from(picture.pixels),
    );
    expect((await failureOf(writeImage(path("out.bmp"), picture))).message).toContain("out.bmp");
  });

  it("gives each class a colour of its own, none of them black, and leaves ignored pixels bare", () => {
    const colours = palette(null, 255);
    const each = Array.from({ length: 255 }, (_, i) => `${colours.subarray(3 * i, 3 * i + 3)}`);
    expect(new Set(each).size).toBe(255);
    expect(each).not.toContain("0,0,0");
    // Pascal VOC's border.
    expect(Array.from(colours.subarray(3 * 255))).toEqual([224, 224, 192]);
    const picture = { pixels: Uint8Array.of(10, 20, 30, 10, 20, 30), height: 1, width: 2 };
    const own = palette(
      [
        [0, 0, 0],
        [128, 0, 0],
      ],
      2,
    );
    const laid = overlay(picture, Uint8Array.of(1, 255), own, 0.5);
    expect(Array.from(laid.pixels)).toEqual([69, 10, 15, 10, 20, 30]);
  });
});
