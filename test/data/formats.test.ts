/** Every form that images and labels come in, from files made here. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../../src/data/image.js";
import { decodeLabel } from "../../src/data/label-file.js";
import { labelTable } from "../../src/data/labels.js";
import { palette } from "../../src/data/palette.js";
import { readSample } from "../../src/data/sample.js";
import { writeClasses } from "../../src/data/write-image.js";
import { orThrow } from "../../src/diagnostic/failure.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pspc-formats-"));
});
afterAll(() => rm(root, { recursive: true }));

const ground = () => sharp({ create: { width: 6, height: 4, channels: 3, background: "#4080c0" } });

const grey = () =>
  sharp(Buffer.alloc(24, 90), { raw: { width: 6, height: 4, channels: 1 } }).toColourspace("b-w");

const forms: readonly [string, (from: Sharp) => Sharp, readonly number[]][] = [
  ["a.jpg", (s) => s.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }), [64, 128, 192]],
  ["a.png", (s) => s.png(), [64, 128, 192]],
  ["palette.png", (s) => s.png({ palette: true }), [64, 128, 192]],
  ["deep.png", (s) => s.toColourspace("rgb16").png(), [64, 128, 192]],
  ["alpha.png", (s) => s.ensureAlpha(0.3).png(), [64, 128, 192]],
  ["grey.png", () => grey().png(), [90, 90, 90]],
  ["a.webp", (s) => s.webp({ lossless: true }), [64, 128, 192]],
  ["a.tif", (s) => s.tiff({ compression: "lzw" }), [64, 128, 192]],
  ["deep.tif", (s) => s.toColourspace("rgb16").tiff(), [64, 128, 192]],
  ["grey.tif", () => grey().tiff(), [90, 90, 90]],
];

describe("an image is read as RGB of 8 bits", () => {
  it.each(forms)("from %s", async (name, write, expected) => {
    await write(ground()).toFile(join(root, name));
    const { pixels, height, width } = await readImage(join(root, name), null);
    expect([height, width, pixels.length]).toEqual([4, 6, 72]);
    // JPEG and the grey of a colour round once each.
    for (const [k, value] of expected.entries())
      expect(Math.abs(pixels[k]! - value), `channel ${k}: ${pixels[k]}`).toBeLessThanOrEqual(3);
  });

  it("from a CMYK JPEG, near enough: inks have no one true colour", async () => {
    await ground().toColourspace("cmyk").jpeg({ quality: 100 }).toFile(join(root, "cmyk.jpg"));
    const { pixels } = await readImage(join(root, "cmyk.jpg"), null);
    expect(pixels[2]! - pixels[0]!).toBeGreaterThan(60);
  });
});

describe("a turned image", () => {
  const table = labelTable({
    labels: new Map([[0, 0]]),
    classes: ["a", "b"],
    label_format: "index",
    images: null,
  });
  const pair = async (height: number, width: number) => {
    const sample = { image: join(root, "turned.jpg"), label: join(root, `${height}.png`) };
    await ground().withMetadata({ orientation: 6 }).jpeg().toFile(sample.image);
    await writeClasses(sample.label, new Uint8Array(24), height, width, palette());
    return readSample(sample, table);
  };

  it("has the label of the picture that viewers show", async () => {
    expect(await pair(6, 4)).toMatchObject({ height: 6, width: 4 });
  });

  it("does not take the label of the picture as it is stored, and says why", async () => {
    await expect(pair(4, 6)).rejects.toMatchObject({
      failure: {
        reason: "the image is 4×6 once turned as its EXIF says, the label 6×4",
        help: expect.stringContaining("turn the label"),
      },
    });
  });
});

describe("labels that are colours", () => {
  const colours = async (write: (from: Sharp) => Sharp) =>
    new Set(
      (await orThrow(decodeLabel("colour")(await write(ground()).toBuffer(), "label.png"))).values,
    );

  it("are read exactly from RGB, RGBA, 16 bits and palettes", async () => {
    for (const write of [
      (s: Sharp) => s.png(),
      (s: Sharp) => s.ensureAlpha(0.5).png(),
      (s: Sharp) => s.png({ palette: true }),
      (s: Sharp) => s.toColourspace("rgb16").png(),
    ])
      expect(await colours(write)).toEqual(new Set([0x4080c0]));
    expect(await colours(() => grey().png())).toEqual(new Set([0x5a5a5a]));
  });
});

it("label values of 16 bits map to classes", async () => {
  const bytes = Uint16Array.from({ length: 24 }, (_, i) => (i < 12 ? 300 : 65535));
  const file = join(root, "deep-label.png");
  const raw = { raw: { width: 6, height: 4, channels: 1 as const } };
  await sharp(bytes, raw).toColourspace("grey16").png().toFile(file);
  await ground().png().toFile(join(root, "flat.png"));
  const table = labelTable({
    labels: new Map<number, number | "ignore">([
      [300, 1],
      [65535, "ignore"],
    ]),
    classes: ["a", "b", "c"],
    label_format: "index",
    images: null,
  });
  const { labels } = await readSample({ image: join(root, "flat.png"), label: file }, table);
  expect([labels[0], labels[23]]).toEqual([1, 255]);
});
