/** Labels in every format that people keep them in: the indices come out as they were drawn, or the reason why not. */

import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSamples } from "../../src/data/check.js";
import { openFacts } from "../../src/data/facts.js";
import { areSmoothed, flawsIn, noticesIn } from "../../src/data/findings.js";
import { strayValues } from "../../src/data/label-errors.js";
import { decodeLabel } from "../../src/data/label-file.js";
import type { Labelling } from "../../src/data/labels.js";
import type { Palette } from "../../src/data/palette.js";
import { writeClasses } from "../../src/data/write-image.js";
import { numbersTiff } from "./tiff.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pspc-masks-"));
});
afterAll(() => rm(root, { recursive: true }));

const [WIDTH, HEIGHT] = [9, 7];
const drawn = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i >> 1) % 5);

const decoded = async (bytes: Buffer, format: "index" | "colour" = "index", name = "a.png") => {
  const result = await decodeLabel(format)(bytes, name)();
  if (result._tag === "Right") return [...result.right.values];
  const { message, reason, help } = result.left;
  return [message, reason, help].join(" | ");
};

/** Each value in so many channels, and an alpha that means nothing. */
const inChannels = (channels: 1 | 2 | 3 | 4, values: ArrayLike<number> = drawn) => {
  const bytes = Uint8Array.from({ length: values.length * channels }, (_, i) => {
    const isAlpha = channels % 2 === 0 && i % channels === channels - 1;
    return isAlpha ? (i * 37) % 256 : values[Math.floor(i / channels)]!;
  });
  return sharp(bytes, { raw: { width: WIDTH, height: HEIGHT, channels } });
};

describe("indices come out as they were drawn", () => {
  const forms: readonly [string, () => Promise<Buffer>][] = [
    ["grey PNG", () => inChannels(1).toColourspace("b-w").png().toBuffer()],
    [
      "interlaced PNG",
      () => inChannels(1).toColourspace("b-w").png({ progressive: true }).toBuffer(),
    ],
    ["PNG of grey with alpha", () => inChannels(2).png().toBuffer()],
    ["RGB PNG", () => inChannels(3).png().toBuffer()],
    ["RGBA PNG, interlaced", () => inChannels(4).png({ progressive: true }).toBuffer()],
    ["TIFF", () => inChannels(1).toColourspace("b-w").tiff({ compression: "lzw" }).toBuffer()],
    ["RGB TIFF", () => inChannels(3).tiff({ compression: "deflate" }).toBuffer()],
    ["lossless WebP", () => inChannels(3).webp({ lossless: true }).toBuffer()],
    ["lossless RGBA WebP", () => inChannels(4).webp({ lossless: true, exact: true }).toBuffer()],
    ...(["uint16", "int16", "int32", "float32"] as const).map(
      (kind): [string, () => Promise<Buffer>] => [
        `TIFF of ${kind}`,
        async () =>
          numbersTiff({ values: [...drawn], width: WIDTH, height: HEIGHT, bands: 1, kind }),
      ],
    ),
    [
      "palette TIFF",
      async () =>
        numbersTiff({
          values: [...drawn],
          width: WIDTH,
          height: HEIGHT,
          bands: 1,
          kind: "uint8",
          palette: [0xff0000, 0x00ff00, 0xff0000, 0x0000ff, 0xffffff],
        }),
    ],
  ];
  it.each(forms)("of a %s", async (_, write) => {
    expect(await decoded(await write())).toEqual([...drawn]);
  });

  it("of an interlaced PNG of any size", async () => {
    const sides = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(
        sides,
        sides,
        fc.infiniteStream(fc.nat(255)),
        async (width, height, stream) => {
          const values = Uint8Array.from([...stream.take(width * height)]);
          const bytes = await sharp(values, { raw: { width, height, channels: 1 } })
            .toColourspace("b-w")
            .png({ progressive: true })
            .toBuffer();
          expect(await decoded(bytes)).toEqual([...values]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("of a GIF, whose colours are those of no grey", async () => {
    const colours = [0x102030, 0xff0000, 0x00ff00, 0x0000ff, 0x777777];
    const rgb = Uint8Array.from(
      [...drawn].flatMap((v) => [colours[v]! >> 16, (colours[v]! >> 8) & 255, colours[v]! & 255]),
    );
    const gif = await sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .gif({ dither: 0 })
      .toBuffer();
    const expected = [...drawn].map((v) => colours[v]!);
    expect(await decoded(gif, "colour")).toEqual(expected);
    // The encoder chooses the indices: each colour is one of them, and each of them one colour.
    const indices = await decoded(gif);
    if (typeof indices === "string") throw new Error(indices);
    const pairs = new Set(indices.map((index, i) => `${index} ${expected[i]}`));
    expect([pairs.size, new Set(indices).size]).toEqual([5, 5]);
    expect(await decoded(Buffer.from(gif.subarray(0, 30)))).toContain("cut short");
  });
});

describe("a file that is no label is refused", () => {
  it.each([
    ["JPEG", () => inChannels(3).jpeg().toBuffer()],
    ["WebP", () => inChannels(3).webp({ quality: 100 }).toBuffer()],
  ])("where it is a %s, with what to do", async (name, write) => {
    const told = await decoded(await write(), "index", "lb/7.jpg");
    expect(told).toContain(`lb/7.jpg is no label: ${name} changes label values`);
    expect(told).toContain("Save labels as PNG");
    expect(told).toContain("magick mogrify -threshold 50%");
  });

  it("where its channels differ, its values are no classes, or its bands too many", async () => {
    const rgb = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => i % 7);
    const png = await sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .png()
      .toBuffer();
    expect(await decoded(png)).toContain("holds colours, not class indices");
    const size = { width: 2, height: 1, bands: 1 } as const;
    expect(await decoded(numbersTiff({ values: [0, 0.5], ...size, kind: "float32" }))).toContain(
      "the value 0.5",
    );
    expect(await decoded(numbersTiff({ values: [0, -1], ...size, kind: "int16" }))).toContain(
      "the value -1",
    );
    const bands = numbersTiff({
      values: [1, 1, 1, 1, 1],
      width: 1,
      height: 1,
      bands: 5,
      kind: "uint8",
    });
    expect(await decoded(bands)).toContain("5 bands");
    expect(await decoded(Buffer.alloc(0))).toContain("it is empty");
    expect(await decoded(Buffer.from("<svg></svg>"))).toContain("an SVG");
  });
});

const labelling = (...values: readonly (number | readonly [number, "ignore"])[]): Labelling => ({
  classes: ["a", "b", "c"],
  label_format: "index",
  images: null,
  labels: new Map<number, number | "ignore">(
    [...values.entries()].map(([i, v]) => (typeof v === "number" ? [v, i] : v)),
  ),
});

let split = 0;
/** A split of masks, each with a picture of its own. */
const checkOf = async (
  masks: readonly { values: readonly number[]; palette?: Palette }[],
  how: Labelling,
) => {
  const folder = join(root, `split-${split++}`);
  const samples = await Promise.all(
    masks.map(async ({ values, palette = new Uint8Array(768) }, i) => {
      const [image, label] = [`${folder}-${i}.image.png`, `${folder}-${i}.png`];
      await sharp(Buffer.from([i, 100, 200, 9, 9, 9, 255, 0, 0, 1, 1, 1]), {
        raw: { width: 4, height: 1, channels: 3 },
      })
        .png()
        .toFile(image);
      await writeClasses(label, Uint8Array.from(values), 1, 4, palette);
      return { image, label };
    }),
  );
  return {
    samples,
    check: async (listed = samples) => checkSamples(listed, how, await openFacts(folder, root)),
  };
};

const palette = (...colours: readonly number[]): Palette => {
  const bytes = new Uint8Array(768);
  for (const [i, colour] of colours.entries())
    bytes.set([colour >> 16, (colour >> 8) & 255, colour & 255], 3 * i);
  return bytes;
};

describe("a split as a whole", () => {
  const three = labelling(0, 1, 2);

  it("whose palettes differ in order is wrong, and its colours are named", async () => {
    const { check } = await checkOf(
      [
        { values: [0, 1, 2, 2], palette: palette(0x000000, 0xff0000, 0x00ff00) },
        { values: [0, 1, 2, 2], palette: palette(0x000000, 0x00ff00, 0xff0000) },
      ],
      three,
    );
    const [flaw, ...others] = flawsIn("val", await check(), three);
    expect(others).toEqual([]);
    expect(flaw?.reason).toMatch(/the colour \[255, 0, 0\] is index 1 in .*, and 2 in /);
    expect(flaw?.help).toContain("[0, 0, 0], [0, 255, 0], [255, 0, 0]");
  });

  it("whose palettes only draw the same indices otherwise is well", async () => {
    for (const other of [palette(), palette(0x111111, 0x222222, 0x333333)]) {
      const { check } = await checkOf(
        [
          { values: [0, 1, 2, 2], palette: palette(0x000000, 0xff0000, 0x00ff00) },
          { values: [0, 1, 2, 2], palette: other },
        ],
        three,
      );
      expect(flawsIn("train", await check(), three)).toEqual([]);
    }
  });

  it("of 0 and 255 alone, 255 ignored, cannot be learnt from; both remedies are told", async () => {
    const two = labelling(0, 1, [255, "ignore"]);
    const { check } = await checkOf([{ values: [0, 0, 255, 255] }, { values: [0, 0, 0, 0] }], two);
    const [flaw] = flawsIn("train", await check(), two);
    expect(flaw?.help).toContain("labels: {0: background, 255: foreground}");
    expect(flaw?.help).toContain("if it is not");
    expect(flawsIn("val", await check(), two)).toEqual([]);
    const mapped = labelling(0, 255);
    expect(flawsIn("train", await check(), mapped)).toEqual([]);
    const seen = await checkOf([{ values: [0, 1, 255, 255] }], two);
    expect(flawsIn("train", await seen.check(), two)).toEqual([]);
  });

  it("of smoothed masks is told apart from one of many classes", async () => {
    const soft = (pixels: number) =>
      [0, 255, ...Array.from({ length: 40 }, (_, i) => 5 + 6 * i)].map((value, i) => ({
        value,
        pixels: i < 2 ? 1000 : pixels,
      }));
    const two = labelling(0, 1, [255, "ignore"]);
    const told = (values: readonly { value: number; pixels: number }[]) =>
      strayValues(
        "a.png",
        values.filter(({ value }) => value > 0 && value < 255),
        "index",
        {
          pixels: values.reduce((sum, { pixels }) => sum + pixels, 0),
          unlisted: 0,
        },
      ).help;
    expect(told(soft(3))).toContain("labels: {0..127: background, 128..255: foreground}");
    expect(told(soft(500))).toContain("Map them to a class");
    const { check } = await checkOf([{ values: [0, 0, 255, 255] }], two);
    expect(areSmoothed((await check()).labels)).toBe(false);
  });

  it("tells pictures of few values, pairs listed twice, and one picture with two labels", async () => {
    const { samples, check } = await checkOf(
      [{ values: [0, 1, 2, 2] }, { values: [0, 0, 0, 0] }],
      three,
    );
    expect(noticesIn(await check())).toEqual([]);
    const [first, second] = samples;
    if (first === undefined || second === undefined) throw new Error("two samples");
    const both = { image: first.image, label: second.label };
    const told = noticesIn(await check([first, first, second, both]));
    expect(told.map(({ message }) => message)).toEqual([
      "1 pair is listed more than once, and counted as often",
      "1 picture has two labels",
    ]);
    const copy = { image: first.image, label: join(root, "copy.png") };
    await copyFile(first.label, copy.label);
    expect(noticesIn(await check([first, copy]))[0]?.message).toBe("1 picture has two labels");
    const twin = { image: join(root, "twin.png"), label: copy.label };
    await copyFile(first.image, twin.image);
    expect(noticesIn(await check([first, twin]))).toEqual([]);
    const dark = { image: join(root, "dark.png"), label: first.label };
    await sharp(Buffer.alloc(12, 7), { raw: { width: 4, height: 1, channels: 3 } })
      .png()
      .toFile(dark.image);
    const [notice] = noticesIn(await check([first, dark]));
    expect(notice?.message).toContain("1 picture uses less than a tenth");
    expect(notice?.files).toEqual([`${dark.image}: 7 to 7`]);
  });
});
