/** Writes the plainest TIFF of any numbers: one strip, no compression, little-endian. An encoder of its own, by TIFF 6.0. */

const KINDS = {
  uint8: { format: 1, bytes: 1, write: (b: Buffer, v: number, at: number) => b.writeUInt8(v, at) },
  uint16: {
    format: 1,
    bytes: 2,
    write: (b: Buffer, v: number, at: number) => b.writeUInt16LE(v, at),
  },
  uint32: {
    format: 1,
    bytes: 4,
    write: (b: Buffer, v: number, at: number) => b.writeUInt32LE(v, at),
  },
  int16: {
    format: 2,
    bytes: 2,
    write: (b: Buffer, v: number, at: number) => b.writeInt16LE(v, at),
  },
  int32: {
    format: 2,
    bytes: 4,
    write: (b: Buffer, v: number, at: number) => b.writeInt32LE(v, at),
  },
  float32: {
    format: 3,
    bytes: 4,
    write: (b: Buffer, v: number, at: number) => b.writeFloatLE(v, at),
  },
  float64: {
    format: 3,
    bytes: 8,
    write: (b: Buffer, v: number, at: number) => b.writeDoubleLE(v, at),
  },
} as const;

export interface Numbers {
  /** [H, W, bands] */
  readonly values: readonly number[];
  readonly width: number;
  readonly height: number;
  readonly bands: number;
  readonly kind: keyof typeof KINDS;
  /** `0xRRGGBB` of each index. */
  readonly palette?: readonly number[];
}

export const numbersTiff = ({ values, width, height, bands, kind, palette }: Numbers): Buffer => {
  const { format, bytes, write } = KINDS[kind];
  const pixels = Buffer.alloc(values.length * bytes);
  for (const [i, value] of values.entries()) write(pixels, value, i * bytes);
  const [first, colours] = [8, 2 ** (8 * Math.min(bytes, 1))];
  const entries: [tag: number, type: number, values: readonly number[]][] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, Array.from({ length: bands }, () => 8 * bytes)],
    [259, 3, [1]],
    [262, 3, [palette === undefined ? 1 : 3]],
    [273, 4, [0]],
    [277, 3, [bands]],
    [278, 4, [height]],
    [279, 4, [pixels.length]],
    ...(palette === undefined
      ? []
      : [
          [
            320,
            3,
            [16, 8, 0].flatMap((shift) =>
              Array.from({ length: colours }, (_, i) => (((palette[i] ?? 0) >> shift) & 255) * 257),
            ),
          ] as [number, number, number[]],
        ]),
    [339, 3, Array.from({ length: bands }, () => format)],
  ];
  const directory = Buffer.alloc(2 + 12 * entries.length + 4);
  directory.writeUInt16LE(entries.length, 0);
  const parts: Buffer[] = [];
  let behind = first + directory.length;
  for (const [i, [tag, type, list]] of entries.entries()) {
    const at = 2 + 12 * i;
    const size = type === 3 ? 2 : 4;
    const packed = Buffer.alloc(Math.max(4, list.length * size));
    for (const [k, value] of list.entries()) packed.writeUIntLE(value, k * size, size);
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(list.length, at + 4);
    if (packed.length > 4) {
      directory.writeUInt32LE(behind, at + 8);
      parts.push(packed);
      behind += packed.length;
    } else packed.copy(directory, at + 8);
  }
  const strip = entries.findIndex(([tag]) => tag === 273);
  directory.writeUInt32LE(behind, 2 + 12 * strip + 8);
  const head = Buffer.from([0x49, 0x49, 42, 0, first, 0, 0, 0]);
  return Buffer.concat([head, directory, ...parts, pixels]);
};
