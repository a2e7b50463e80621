/** JPEGs that are decoded in place: to the bytes that sharp gives, or not at all. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePicture } from "../../src/data/decode-picture.js";
import { labelTable } from "../../src/data/labels.js";
import { palette } from "../../src/data/palette.js";
import { isPlain, plainDecoder } from "../../src/data/plain-jpeg.js";
import { here, readSample } from "../../src/data/sample.js";
import { writeClasses } from "../../src/data/write-image.js";
import { hasKernels } from "../../src/runtime/tfjs.js";

/** Some noise, so that all coefficients are there. */
const picture = (height: number, width: number, channels: 1 | 3 = 3): Sharp => {
  const length = height * width * channels;
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 40503 + ((i * i) >> 3)) >>> 2);
  const raw = sharp(bytes, { raw: { height, width, channels } });
  return channels === 1 ? raw.toColourspace("b-w") : raw;
};

/** 27×19, chroma halved across or down, a restart marker every two blocks: what sharp does not write. */
const foreign = {
  across:
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAATABsDASEAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAQAC/8QAHhAAAgEEAwEAAAAAAAAAAAAAAAERAhIhMQMiYVH/xAAWAQEBAQAAAAAAAAAAAAAAAAABAAL/xAAbEQEBAQACAwAAAAAAAAAAAAAAAREhMQIDQf/dAAQAAv/aAAwDAQACEQMRAD8An3Xg200aewo2ySKxP0o8LJe2tf/QaUniQtTnIcjTOYSx9NKhRszeFbX/0dcK6yHNiuFqDP0+XYWjUl7E/9k=",
  down: "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAATABsDARIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAAAAEC/8QAHhAAAgEEAwEAAAAAAAAAAAAAAAERAhIhMQMiYVH/xAAXAQEBAQEAAAAAAAAAAAAAAAAAAgEE/8QAHBEBAAEFAQEAAAAAAAAAAAAAAAECESExQRJx/90ABAAC/9oADAMBAAIRAxEAPwA+68LSk8SZM9ZGNFtNGnslqc5H06//0LYn6JzCWPpmS9oI8NKhRsm8Hp//0dcK6yCVV7TmxXC1AFKZ2//SLQK4dakHNO1P/9k=",
};

/** A JPEG with an EXIF of its own, right behind its start: sharp writes a profile beside it, or no orientation. */
const turned = (jpeg: Buffer, orientation: number): Buffer => {
  const [short, rational] = [3, 5];
  const entries = [
    [0x112, short, 1, orientation << 16],
    [0x11a, rational, 1, 62],
    [0x11b, rational, 1, 62],
    [0x128, short, 1, 2 << 16],
  ] as const;
  const tiff = Buffer.alloc(70);
  tiff.write("MM\0*\0\0\0\b\0\x04", "latin1");
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    tiff.writeUInt16BE(tag, 10 + 12 * i);
    tiff.writeUInt16BE(type, 12 + 12 * i);
    tiff.writeUInt32BE(count, 14 + 12 * i);
    tiff.writeUInt32BE(value, 18 + 12 * i);
  }
  tiff.writeUInt32BE(72, 62);
  tiff.writeUInt32BE(1, 66);
  const head = Buffer.from("\xff\xd8\xff\xe1\0\x4eExif\0\0", "latin1");
  return Buffer.concat([head, tiff, jpeg.subarray(2)]);
};

/** Form, how it is written, and whether it can be decoded in place. */
const forms: readonly [string, (from: Sharp) => Promise<Buffer>, boolean][] = [
  ["4:2:0", (s) => s.jpeg({ quality: 90 }).toBuffer(), true],
  ["4:4:4", (s) => s.jpeg({ chromaSubsampling: "4:4:4" }).toBuffer(), true],
  ["progressive", (s) => s.jpeg({ progressive: true }).toBuffer(), true],
  ["of mozjpeg", (s) => s.jpeg({ mozjpeg: true }).toBuffer(), true],
  ["grey", (s) => s.toColourspace("b-w").jpeg().toBuffer(), false],
  ["CMYK", (s) => s.toColourspace("cmyk").jpeg().toBuffer(), false],
  ["with a profile", (s) => s.withIccProfile("p3").jpeg().toBuffer(), false],
  ["with XMP", (s) => s.withXmp("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>").jpeg().toBuffer(), false],
  ...[1, 2, 3, 4, 5, 6, 7, 8].map(
    (orientation): [string, (from: Sharp) => Promise<Buffer>, boolean] => [
      `whose EXIF says ${orientation}`,
      async (s) => turned(await s.jpeg().toBuffer(), orientation),
      orientation === 1,
    ],
  ),
];

const sizes = [
  [1, 1],
  [8, 8],
  [17, 33],
  [100, 61],
] as const;

const law = (bytes: Buffer) => decodePicture(bytes, "a.jpg", null)();

describe("whether a JPEG is plain is read from its head", () => {
  const segment = (marker: number, body: readonly number[]) => [
    ...[0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 255],
    ...body,
  ];
  const text = (words: string) => [...Buffer.from(words, "latin1")];
  const jfif = (unit: number) => segment(0xe0, [...text("JFIF\0"), 1, 2, unit, 0, 1, 0, 1, 0, 0]);
  const frame = (marker: number, bits: number, bands: number) =>
    segment(marker, [bits, 0, 8, 0, 8, bands]);
  const head = (...segments: readonly (readonly number[])[]) =>
    Buffer.from([0xff, 0xd8, ...segments.flat(), 0xff, 0xda, 0, 8]);

  it.each([
    ["baseline", true, [frame(0xc0, 8, 3)]],
    ["progressive", true, [jfif(1), frame(0xc2, 8, 3)]],
    ["EXIF, comment and Adobe", true, [0xe1, 0xfe, 0xee].map((m) => segment(m, text("Exif\0\0")))],
    ["one band", false, [frame(0xc0, 8, 1)]],
    ["four bands", false, [frame(0xc0, 8, 4)]],
    ["12 bits", false, [frame(0xc1, 12, 3)]],
    ["arithmetic coding", false, [frame(0xc9, 8, 3)]],
    ["a unit that is none", false, [jfif(3), frame(0xc0, 8, 3)]],
    ["XMP", false, [segment(0xe1, text("http://")), frame(0xc0, 8, 3)]],
    ["a profile", false, [segment(0xe2, text("ICC_PROFILE\0")), frame(0xc0, 8, 3)]],
    ["a second frame of one band", false, [frame(0xc0, 8, 3), frame(0xc0, 8, 1)]],
    ["a restart among segments", false, [segment(0xd0, []), frame(0xc0, 8, 3)]],
    ["a length that is none", false, [[0xff, 0xfe, 0, 1], frame(0xc0, 8, 3)]],
    ["a gap", false, [frame(0xc0, 8, 3), [0]]],
  ])("%s: %s", (name, plain, segments) => {
    const all = name.startsWith("EXIF") ? [...segments, frame(0xc0, 8, 3)] : segments;
    expect(isPlain(head(...all))).toBe(plain);
  });

  it("whatever the bytes are", () => {
    const start = fc.constantFrom([], [0xff, 0xd8], [...head(jfif(1), frame(0xc0, 8, 3))]);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 60 }), (first, rest) => {
        expect(typeof isPlain(Buffer.from([...first, ...rest]))).toBe("boolean");
      }),
    );
    for (let length = 0; length < 30; length++)
      expect(isPlain(head(jfif(1), frame(0xc0, 8, 3)).subarray(0, length))).toBe(false);
  });
});

const decode = plainDecoder();

it.runIf(hasKernels())("set-up makes the decoder where it makes kernels", () => {
  expect(decode).not.toBe(null);
});

describe.skipIf(decode === null)("decoded in place (where set-up had a compiler)", () => {
  it.each(forms)("a JPEG %s is what sharp makes of it", async (_, write, plain) => {
    for (const [height, width] of sizes) {
      const bytes = await write(picture(height, width));
      const found = decode?.(bytes);
      expect(found === null).toBe(!plain);
      if (found !== null) expect(await law(bytes)).toEqual({ _tag: "Right", right: found });
    }
  });

  it.each(Object.entries(foreign))(
    "chroma halved %s is what sharp makes of it",
    async (_, base) => {
      const bytes = Buffer.from(base, "base64");
      expect(await law(bytes)).toEqual({ _tag: "Right", right: decode?.(bytes) });
    },
  );

  it("nothing comes of what is no JPEG, nor of a damaged one that sharp refuses", async () => {
    const whole = [
      await picture(40, 30).jpeg().toBuffer(),
      turned(await picture(30, 40).jpeg().toBuffer(), 1),
      await picture(40, 30).jpeg({ progressive: true }).toBuffer(),
      Buffer.from(foreign.across, "base64"),
    ];
    const change = fc.record({
      of: fc.nat(whole.length - 1),
      at: fc.nat(9999),
      byte: fc.option(fc.nat(255), { nil: null }),
      closed: fc.boolean(),
    });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(change, async ({ of, at, byte, closed }) => {
        const bytes = Buffer.from(whole[of]!);
        const place = Math.floor((at * bytes.length) / 10_000);
        if (byte !== null) bytes[place] = byte;
        const cut = byte === null ? bytes.subarray(0, place) : bytes;
        const damaged = closed ? Buffer.concat([cut, Buffer.from([0xff, 0xd9])]) : cut;
        const found = decode?.(damaged) ?? null;
        if (found === null) return;
        taken++;
        expect(await law(damaged)).toEqual({ _tag: "Right", right: found });
      }),
      { numRuns: 600 },
    );
    expect(taken).toBeGreaterThan(30);
    for (const bytes of [Buffer.alloc(0), Buffer.from([0xff, 0xd8]), Buffer.alloc(100, 255)])
      expect(decode?.(bytes)).toBe(null);
  });
});

describe("a sample read by its own thread", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "pspc-plain-"));
    await writeClasses(join(root, "a.png"), new Uint8Array(40 * 30), 40, 30, palette());
  });
  afterAll(() => rm(root, { recursive: true }));
  const table = labelTable({
    labels: new Map([[0, 0]]),
    classes: ["a"],
    label_format: "index",
    images: null,
  });

  it("is the same, and so is why it cannot be read", async () => {
    const jpeg = await picture(40, 30).jpeg().toBuffer();
    const files = {
      "plain.jpg": jpeg,
      "cut.jpg": jpeg.subarray(0, 400),
      "closed.jpg": Buffer.concat([jpeg.subarray(0, 400), Buffer.from([0xff, 0xd9])]),
      "profile.jpg": await picture(40, 30).withIccProfile("p3").jpeg().toBuffer(),
      "other.jpg": await picture(30, 40).jpeg().toBuffer(),
      "upright.jpg": turned(jpeg, 1),
      "turned.jpg": turned(jpeg, 6),
      "png.jpg": await picture(40, 30).png().toBuffer(),
      "empty.jpg": Buffer.alloc(0),
    };
    const outcomes: string[] = [];
    for (const [name, bytes] of [...Object.entries(files), ["absent.jpg", null] as const]) {
      if (bytes !== null) await writeFile(join(root, name), bytes);
      const sample = { image: join(root, name), label: join(root, "a.png") };
      // One behind the other: the decoder's threads share their words.
      const [aside] = await Promise.allSettled([readSample(sample, table)]);
      const [ours] = await Promise.allSettled([readSample(sample, table, here())]);
      expect(ours, name).toEqual(aside);
      outcomes.push(`${name} ${ours.status}`);
    }
    expect(outcomes.filter((line) => line.endsWith("fulfilled"))).toEqual([
      "plain.jpg fulfilled",
      "profile.jpg fulfilled",
      "upright.jpg fulfilled",
      "png.jpg fulfilled",
    ]);
  });
});
