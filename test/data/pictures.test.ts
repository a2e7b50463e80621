/** Pictures that are not RGB of 8 bits: read as a spec says, or refused with what it must say. */

import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePicture } from "../../src/data/decode-picture.js";
import { imageSize, readImage } from "../../src/data/image.js";
import type { PictureReading } from "../../src/data/picture.js";
import { tiffHead } from "../../src/data/tiff.js";
import { tiffSamples } from "../../src/data/tiff-samples.js";
import { numbersTiff } from "./tiff.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pspc-pictures-"));
});
afterAll(() => rm(root, { recursive: true }));

const decoded = async (bytes: Buffer, reading: PictureReading | null = null, name = "a.tif") => {
  const result = await decodePicture(bytes, name, reading)();
  if (result._tag === "Right") return [...result.right.pixels];
  const { message, reason, help } = result.left;
  return [message, reason, help].join(" | ");
};

const only = { range: null, bands: null } as const;

describe("the TIFF decoder", () => {
  const values = fc.array(fc.integer({ min: 0, max: 65535 }), {
    minLength: 5 * 7 * 3,
    maxLength: 5 * 7 * 3,
  });

  it.each(["none", "lzw", "deflate", "packbits"] as const)(
    "gives what libtiff wrote, compressed as %s, in strips and tiles, with and without differences",
    async (compression) => {
      await fc.assert(
        fc.asyncProperty(
          values,
          fc.boolean(),
          fc.boolean(),
          fc.constantFrom(1, 2, 3),
          fc.constantFrom(8, 16),
          async (drawn, tile, differences, bands, bits) => {
            const size = 5 * 7 * bands;
            const raw =
              bits === 8
                ? Uint8Array.from(drawn.slice(0, size), (v) => v >> 8)
                : Uint16Array.from(drawn.slice(0, size));
            const space =
              bits === 8 ? (bands < 3 ? "b-w" : "srgb") : bands < 3 ? "grey16" : "rgb16";
            const predictor = differences && compression !== "packbits" ? "horizontal" : "none";
            const bytes = await sharp(raw, {
              raw: { width: 7, height: 5, channels: bands as 1 | 2 | 3 },
            })
              .toColourspace(space)
              .tiff({ compression, predictor, tile, tileWidth: 16, tileHeight: 16 })
              .toBuffer();
            const head = tiffHead(bytes);
            if (head._tag === "Left") throw new Error(head.left);
            expect(head.right).toMatchObject({
              height: 5,
              width: 7,
              bands,
              bits,
              kind: "unsigned",
            });
            expect(tiffSamples(bytes, head.right)).toEqual({ _tag: "Right", right: raw });
          },
        ),
        { numRuns: 25 },
      );
    },
  );

  it("gives long runs of LZW back, past the point where its table is full", async () => {
    const raw = Uint8Array.from({ length: 300 * 200 }, (_, i) => ((i * 7919) >> 5) % 251);
    const bytes = await sharp(raw, { raw: { width: 300, height: 200, channels: 1 } })
      .toColourspace("b-w")
      .tiff({ compression: "lzw", predictor: "none" })
      .toBuffer();
    const head = tiffHead(bytes);
    if (head._tag === "Left") throw new Error(head.left);
    expect(tiffSamples(bytes, head.right)).toEqual({ _tag: "Right", right: raw });
  });

  it("never throws, whatever the bytes", async () => {
    const bytes = numbersTiff({
      values: [1, 2, 3, 4],
      width: 2,
      height: 2,
      bands: 1,
      kind: "int16",
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        const head = tiffHead(changed);
        if (head._tag === "Right" && head.right.height * head.right.width < 1e6)
          tiffSamples(changed, head.right);
      }),
      { numRuns: 500 },
    );
  });
});

describe("samples whose range the file does not say", () => {
  const kinds = [
    ["int16", [-5, 225], "signed numbers of 16 bits"],
    ["uint32", [0, 70000], "unsigned numbers of 32 bits"],
    ["float32", [0.25, 1.5], "floating-point numbers of 32 bits"],
    ["float64", [-1, 1], "floating-point numbers of 64 bits"],
  ] as const;

  it.each(kinds)("are refused as %s, with what to write", async (kind, [low, high], named) => {
    const bytes = numbersTiff({ values: [low, high], width: 2, height: 1, bands: 1, kind });
    const told = await decoded(bytes);
    expect(told).toContain(`its samples are ${named}, from ${low} to ${high} here`);
    expect(told).toContain("`data.images: {range: [");
  });

  it.each(kinds)("are read as %s once it is said, and clipped", async (kind, [low, high]) => {
    const middle = kind.startsWith("float") ? (low + high) / 2 : Math.round((low + high) / 2);
    const beyond = high + (kind.startsWith("float") ? 1 : 100);
    const values = [low, middle, high, beyond];
    const bytes = numbersTiff({ values, width: 4, height: 1, bands: 1, kind });
    const pixels = await decoded(bytes, { range: [low, high], bands: null });
    const grey = Math.round(((middle - low) / (high - low)) * 255);
    expect(pixels).toEqual([0, grey, 255, 255].flatMap((v) => [v, v, v]));
  });

  it.each([11, 12])("are refused where %i bits stand in 16, in TIFF and PNG", async (bits) => {
    const raw = Uint16Array.from([0, 100, 2 ** bits - 1]);
    const grey = sharp(raw, { raw: { width: 3, height: 1, channels: 1 } }).toColourspace("grey16");
    const reading = { range: [0, 2 ** bits - 1], bands: null } as const;
    for (const [bytes, name] of [
      [await grey.clone().tiff({ compression: "deflate" }).toBuffer(), "a.tif"],
      [await grey.clone().png().toBuffer(), "a.png"],
    ] as const) {
      const told = await decoded(bytes, null, name);
      expect(told).toContain("its samples have 16 bits, and use the lowest 12");
      expect(told).toContain(`range: [0, ${2 ** bits - 1}]`);
      const middle = Math.round((100 / (2 ** bits - 1)) * 255);
      expect(await decoded(bytes, reading, name)).toEqual(
        [0, middle, 255].flatMap((v) => [v, v, v]),
      );
    }
  });

  it("of 16 bits that use them are what they always were: their upper byte", async () => {
    const raw = Uint16Array.from({ length: 4 * 3 * 3 }, (_, i) => (i * 1821) % 65536);
    for (const form of ["png", "tiff"] as const) {
      const bytes = await sharp(raw, { raw: { width: 4, height: 3, channels: 3 } })
        .toColourspace("rgb16")
        [form]({ compression: "deflate" } as object)
        .toBuffer();
      const bySharp = await sharp(bytes).toColourspace("srgb").raw({ depth: "uchar" }).toBuffer();
      expect(await decoded(bytes, null, `a.${form}`)).toEqual([...bySharp]);
      expect([...bySharp]).toEqual([...raw].map((v) => v >> 8));
    }
  });
});

describe("bands that are not red, green and blue", () => {
  const values = Array.from({ length: 2 * 8 }, (_, i) => i * 10);
  it.each([4, 5, 8])("are refused where there are %i, with what to write", async (bands) => {
    const bytes = numbersTiff({
      values: values.slice(0, 2 * bands),
      width: 2,
      height: 1,
      bands,
      kind: "uint8",
    });
    expect(await decoded(bytes)).toMatch(
      new RegExp(`it has ${bands} bands.*data\\.images: \\{bands: \\[3, 2, 1\\]\\}`),
    );
    expect(await decoded(bytes, { range: null, bands: [3, 2, 1] })).toEqual([
      20,
      10,
      0,
      (bands + 2) * 10,
      (bands + 1) * 10,
      bands * 10,
    ]);
    expect(await decoded(bytes, { range: null, bands: [1, 2, 9] })).toContain("asks for band 9");
    const file = join(root, `${bands}.tif`);
    await writeFile(file, bytes);
    expect(await imageSize(file)).toEqual({ height: 1, width: 2 });
  });

  it("are chosen from any format", async () => {
    const png = await sharp(Buffer.from([10, 20, 30]), {
      raw: { width: 1, height: 1, channels: 3 },
    })
      .png()
      .toBuffer();
    expect(await decoded(png, { range: [0, 51], bands: [3, 2, 1] }, "a.png")).toEqual([
      150, 100, 50,
    ]);
    expect(await decoded(png, only, "a.png")).toEqual([10, 20, 30]);
  });
});

describe("a file that is no still picture is refused by name", () => {
  const frame = (background: string) => ({
    create: { width: 4, height: 4, channels: 3 as const, background },
  });
  const frames = ["red", "blue"].map(frame);

  it("where it is animated or has pages", async () => {
    for (const [form, name, what] of [
      ["gif", "a.gif", "an animated GIF of 2 frames"],
      ["webp", "a.webp", "an animated WebP"],
      ["tiff", "a.tif", "a TIFF of 2 pictures"],
    ] as const) {
      const images = await Promise.all(frames.map((one) => sharp(one).png().toBuffer()));
      const bytes = await sharp(images, { join: { animated: true } })
        [form]({ compression: "deflate" } as object)
        .toBuffer();
      expect(await decoded(bytes, null, name)).toContain(
        `it is ${what} | Save one picture a file.`,
      );
    }
  });

  it("where it is an SVG or a GIF under another name, without drawing it", async () => {
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="16000" height="16000"><filter id="f"><feGaussianBlur stdDeviation="900"/></filter><rect width="16000" height="16000" filter="url(#f)"/></svg>',
    );
    const began = performance.now();
    expect(await decoded(svg, null, "a.png")).toContain(
      "it is an SVG drawing, whatever its name says",
    );
    await writeFile(join(root, "drawing.png"), svg);
    await expect(imageSize(join(root, "drawing.png"))).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(1000);
    const gif = await sharp(frame("red")).gif().toBuffer();
    expect(await decoded(gif, null, "a.png")).toContain("it is a GIF, whatever its name says");
    expect(await decoded(gif, null, "a.gif")).toHaveLength(48);
  });

  it("where it has more pixels than can be read, for that reason", async () => {
    const png = await sharp(frame("red")).png().toBuffer();
    png.writeUInt32BE(20_000, 16);
    png.writeUInt32BE(14_000, 20);
    expect(await decoded(png, null, "a.png")).toMatch(/20,000×14,000 pixels.*268 million/);
    const jpeg = await sharp(frame("red")).jpeg().toBuffer();
    const size = jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 5;
    jpeg.writeUInt16BE(20_000, size);
    jpeg.writeUInt16BE(20_000, size + 2);
    expect(await decoded(jpeg, null, "a.jpg")).toMatch(/more than 268 million pixels.*tiles/);
  });
});

describe("a JPEG whose data end early", () => {
  const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256));
  const whole = (progressive: boolean) =>
    sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg({ progressive })
      .toBuffer();

  it.each([false, true])(
    "is found although an end marker closes it (progressive: %s)",
    async (progressive) => {
      const bytes = await whole(progressive);
      for (const share of [0.5, 0.7, 0.9]) {
        const cut = Buffer.concat([
          bytes.subarray(0, bytes.length * share),
          Buffer.from([0xff, 0xd9]),
        ]);
        expect(await decoded(cut, null, "a.jpg")).toContain("damaged or was cut short");
      }
    },
  );

  it("is not seen in one that is whole, nor in one with strange bytes behind its pixels", async () => {
    const bytes = await whole(false);
    expect(await decoded(bytes, null, "a.jpg")).toHaveLength(64 * 64 * 3);
    const end = bytes.length - 2;
    const odd = Buffer.concat([
      bytes.subarray(0, end),
      Buffer.from([1, 2, 3, 4]),
      bytes.subarray(end),
    ]);
    expect(await decoded(odd, null, "a.jpg")).toHaveLength(64 * 64 * 3);
  });
});

it("a BMP is read, with and without a palette", async () => {
  // One row of two pixels, blue first, then four bytes of padding.
  const head = (bits: number, offset: number, colours: number) => {
    const bytes = Buffer.alloc(54);
    bytes.write("BM");
    bytes.writeUInt32LE(offset, 10);
    bytes.writeUInt32LE(40, 14);
    bytes.writeInt32LE(2, 18);
    bytes.writeInt32LE(1, 22);
    bytes.writeUInt16LE(1, 26);
    bytes.writeUInt16LE(bits, 28);
    bytes.writeUInt32LE(colours, 46);
    return bytes;
  };
  const plain = Buffer.concat([head(24, 54, 0), Buffer.from([3, 2, 1, 6, 5, 4, 0, 0])]);
  expect(await decoded(plain, null, "a.bmp")).toEqual([1, 2, 3, 4, 5, 6]);
  const palette = Buffer.from([9, 8, 7, 0, 30, 20, 10, 0]);
  const indexed = Buffer.concat([head(8, 62, 2), palette, Buffer.from([1, 0, 0, 0])]);
  expect(await decoded(indexed, null, "a.bmp")).toEqual([10, 20, 30, 7, 8, 9]);
  await writeFile(join(root, "a.bmp"), plain);
  expect(await imageSize(join(root, "a.bmp"))).toMatchObject({ height: 1, width: 2 });
  expect([...(await readImage(join(root, "a.bmp"), null)).pixels]).toEqual([1, 2, 3, 4, 5, 6]);
});

it("the sizes of a whole split are asked at once without a descriptor for each", async () => {
  const file = join(root, "sized.png");
  await sharp({ create: { width: 3, height: 2, channels: 3, background: "red" } })
    .png()
    .toFile(file);
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  const asked = Array.from({ length: 400 }, () => imageSize(file));
  expect(open() - before).toBeLessThan(40);
  expect(
    new Set((await Promise.all(asked)).map(({ height, width }) => `${width}×${height}`)),
  ).toEqual(new Set(["3×2"]));
  expect(open()).toBeLessThanOrEqual(before + 2);
});
