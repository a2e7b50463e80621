/** TensorBoard's event files: encodes scalars and images of a step, and finds where to cut a file before steps are redone. */

import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** A picture as its encoded bytes (PNG), with its size. */
export interface SummaryImage {
  readonly png: Uint8Array;
  readonly height: number;
  readonly width: number;
}

export interface Summary {
  readonly step: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly scalars?: Readonly<Record<string, number>>;
  readonly images?: Readonly<Record<string, SummaryImage>>;
}

type Write = (writer: BinaryWriter) => void;

const message = (writer: BinaryWriter, field: number, write: Write): BinaryWriter => {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  return writer.join();
};

const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value);

/** `Event` of `event.proto`: 1 wall_time, 2 step, 3 file_version, 5 summary. */
const event = (time: number, write: Write): Uint8Array => {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(time);
  write(writer);
  return record(writer.finish());
};

/** The first record of a file. */
export const fileVersion = (time: number): Uint8Array =>
  event(time, (writer) => text(writer, 3, "brain.Event:2"));

/** `SessionLog` of `event.proto`, status START: a reader forgets what it knew of `step` and later steps. */
export const sessionStart = (time: number, step: number): Uint8Array =>
  event(time, (writer) => {
    writer.tag(2, WireType.Varint).int64(step);
    message(writer, 7, (log) => log.tag(1, WireType.Varint).int32(1));
  });

/** `Summary.Value` of `summary.proto`: 1 tag, 2 simple_value, 4 image. */
export const encodeSummary = ({ step, time, scalars = {}, images = {} }: Summary): Uint8Array =>
  event(time, (writer) => {
    writer.tag(2, WireType.Varint).int64(step);
    message(writer, 5, (summary) => {
      for (const [tag, value] of Object.entries(scalars))
        message(summary, 1, (w) => text(w, 1, tag).tag(2, WireType.Bit32).float(value));
      for (const [tag, image] of Object.entries(images))
        message(summary, 1, (w) => message(text(w, 1, tag), 4, (inner) => picture(inner, image)));
    });
  });

/** `Summary.Image`: 1 height, 2 width, 3 colorspace (3 is RGB), 4 encoded_image_string. */
const picture = (writer: BinaryWriter, { png, height, width }: SummaryImage): void => {
  for (const [field, value] of [height, width, 3].entries())
    writer.tag(field + 1, WireType.Varint).int32(value);
  writer.tag(4, WireType.LengthDelimited).bytes(png);
};

/** TFRecord: u64 length, masked CRC of it, the data, masked CRC of them; all little-endian. */
const record = (data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
};

/**
 * How many bytes of a file of whole records, from its beginning, are of steps up to `step`: where to cut it before
 * later steps are done again. What follows a record that is damaged or cut short does not count.
 */
export const lengthUntil = (bytes: Uint8Array, step: number): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 16 <= bytes.length) {
    const size = view.getUint32(at, true);
    const end = at + 16 + size;
    if (end > bytes.length) break;
    const data = bytes.subarray(at + 12, at + 12 + size);
    if (view.getUint32(end - 4, true) !== masked(crc32c(data)) || stepOf(data) > step) break;
    at = end;
  }
  return at;
};

/** Field 2; absent is 0. */
const stepOf = (data: Uint8Array): number => {
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 2) return Number(reader.int64());
    reader.skip(type);
  }
  return 0;
};

/** Castagnoli's polynomial, reflected. */
const POLYNOMIAL = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ POLYNOMIAL : c >>> 1;
  return c;
});

/** RFC 3720, appendix B.4. */
export const crc32c = (bytes: Uint8Array): number => {
  let c = 0xffffffff;
  for (const byte of bytes) c = table[(c ^ byte) & 255]! ^ (c >>> 8);
  return ~c >>> 0;
};

/** A CRC of data that hold CRCs is weak: TensorFlow's `crc32c.h` turns and shifts it. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
