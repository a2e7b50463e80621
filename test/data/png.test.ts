import { crc32, deflateSync } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeLabel } from "../../src/data/label-file.js";
import { palette } from "../../src/data/palette.js";
import { encodeIndices } from "../../src/data/write-image.js";
import { orThrow } from "../../src/diagnostic/failure.js";

/** A chunk's name and data, and their checksum. */
function summed(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([body, sum]);
}

/** A grey or palette PNG by the specification's formulas, with the row filters that are asked for. */
function encode(
  values: readonly number[],
  width: number,
  depth: number,
  filters: readonly number[],
  type = 0,
): Buffer {
  const height = values.length / width;
  const stride = Math.ceil((width * depth) / 8);
  const reach = depth === 16 ? 2 : 1;
  const rows = Array.from({ length: height }, (_, y) => {
    const row = new Array<number>(stride).fill(0);
    values.slice(y * width, (y + 1) * width).forEach((value, x) => {
      if (depth === 16) row.splice(2 * x, 2, value >> 8, value & 255);
      else row[(x * depth) >> 3]! |= value << (8 - depth - ((x * depth) & 7));
    });
    return row;
  });
  const filtered = rows.flatMap((row, y) => {
    const filter = filters[y % filters.length]!;
    return [
      filter,
      ...row.map((byte, x) => {
        const a = row[x - reach] ?? 0;
        const b = rows[y - 1]?.[x] ?? 0;
        const c = rows[y - 1]?.[x - reach] ?? 0;
        const nearest = [a, b, c].reduce((best, n) =>
          Math.abs(a + b - c - n) < Math.abs(a + b - c - best) ? n : best,
        );
        return (byte - [0, a, b, (a + b) >> 1, nearest][filter]!) & 255;
      }),
    ];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type], 8);
  const chunk = (name: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, summed(name, data)]);
  };
  const data = deflateSync(Buffer.from(filtered));
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.alloc(3 * 2 ** Math.min(8, depth))),
    chunk("IDAT", data.subarray(0, data.length >> 1)),
    chunk("IDAT", data.subarray(data.length >> 1)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const drawn = fc
  .tuple(
    fc.constantFrom(1, 2, 4, 8, 16),
    fc.integer({ min: 1, max: 19 }),
    fc.integer({ min: 1, max: 6 }),
  )
  .chain(([depth, width, height]) =>
    fc.record({
      depth: fc.constant(depth),
      width: fc.constant(width),
      values: fc.array(fc.integer({ min: 0, max: 2 ** depth - 1 }), {
        minLength: width * height,
        maxLength: width * height,
      }),
      filters: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 }),
      type: fc.constantFrom(0, depth < 16 ? 3 : 0),
    }),
  );

const decodeIndices = (bytes: Buffer, path: string) => orThrow(decodeLabel("index")(bytes, path));

const failureOf = async (bytes: Buffer) =>
  decodeIndices(bytes, "a.png").then(
    () => "no failure",
    (error) => `${error.failure.message}: ${error.failure.reason}`,
  );

describe("the label decoder", () => {
  it("returns the indices of every depth, type and filter", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ values, width, depth, filters, type }) => {
        const decoded = await decodeIndices(encode(values, width, depth, filters, type), "a.png");
        expect(Array.from(decoded.values)).toEqual(values);
        expect([decoded.height, decoded.width]).toEqual([values.length / width, width]);
      }),
      { numRuns: 200 },
    );
  });

  it("reads what libpng wrote", async () => {
    const raw = Uint8Array.from({ length: 60 * 40 }, (_, i) => (i * i) % 23);
    const bytes = await sharp(raw, { raw: { width: 60, height: 40, channels: 1 } })
      .toColourspace("b-w")
      .png({ adaptiveFiltering: true })
      .toBuffer();
    expect((await decodeIndices(bytes, "a.png")).values).toEqual(raw);
  });

  it("reads back what the encoder writes, and so does libpng", async () => {
    const raw = Uint8Array.from({ length: 30 * 20 }, (_, i) => i % 256);
    const bytes = encodeIndices(raw, 20, 30, palette());
    expect((await decodeIndices(bytes, "a.png")).values).toEqual(raw);
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(Array.from(data.subarray(0, 6))).toEqual([...palette().subarray(0, 6)]);
  });
});

describe("a label that cannot be used is refused", () => {
  const whole = encode([0, 1, 2, 3], 2, 8, [4]);
  it("where it is cut short, at any byte", async () => {
    for (let length = 0; length < whole.length - 12; length++)
      expect(await failureOf(whole.subarray(0, length))).toMatch(
        /^(cannot read a\.png: .*cut short|a\.png is not a label.*no PNG)/,
      );
  });

  it("where its data is damaged", async () => {
    const damaged = Buffer.from(whole);
    damaged.fill(0, damaged.indexOf("IDAT") + 4, damaged.indexOf("IDAT") + 8);
    expect(await failureOf(damaged)).toMatch(/^cannot read a\.png/);
  });

  it("where a byte of its size, its palette or its pixels is another", async () => {
    const bytes = encode([0, 1, 2, 3], 2, 8, [4], 3);
    for (const [name, at] of [
      ["IHDR", 11],
      ["PLTE", 5],
      ["IDAT", 6],
    ] as const) {
      const damaged = Buffer.from(bytes);
      const byte = damaged.indexOf(name) + at;
      damaged.writeUInt8(damaged.readUInt8(byte) ^ 64, byte);
      expect(await failureOf(damaged)).toBe(
        `cannot read a.png: its ${name} chunk is damaged: its checksum is another`,
      );
    }
  });

  it("where it holds colours", async () => {
    const rgb = await sharp(Buffer.from([1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]), {
      raw: { width: 2, height: 2, channels: 3 },
    })
      .png()
      .toBuffer();
    expect(await failureOf(rgb)).toBe(
      "a.png holds colours, not class indices: it is an RGB picture whose channels differ",
    );
  });

  it("where its data is longer than its size says, without unpacking it all", async () => {
    const bomb = encode([0, 1, 2, 3], 2, 8, [0]);
    const at = bomb.indexOf("IDAT");
    const data = deflateSync(Buffer.alloc(200_000_000));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const swollen = Buffer.concat([
      bomb.subarray(0, at - 4),
      length,
      summed("IDAT", data),
      bomb.subarray(bomb.length - 12),
    ]);
    const before = process.memoryUsage.rss();
    expect(await failureOf(swollen)).toMatch("longer than the 6 bytes that its size declares");
    expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
  });

  it("where it declares more pixels than any picture has", async () => {
    const huge = Buffer.from(encode([0, 1, 2, 3], 2, 8, [0]));
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    expect(await failureOf(huge)).toMatch("60,000×60,000 pixels, and at most 268 million");
  });
});
