/** Names and contents → a zip file, deflated; so that the tests need no wheel. */

import { crc32, deflateRawSync } from "node:zlib";

const u16 = (value: number): Buffer => Buffer.from([value & 255, value >> 8]);
const u32 = (value: number): Buffer => Buffer.concat([u16(value & 65535), u16(value >>> 16)]);

export function zip(files: Readonly<Record<string, Buffer | string>>): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const packed = deflateRawSync(content);
    const facts = [u16(20), u16(0), u16(8), u32(0), u32(crc32(content))];
    const sizes = [u32(packed.length), u32(content.length), u16(Buffer.byteLength(name)), u16(0)];
    const entry = [u32(0x04034b50), ...facts, ...sizes, Buffer.from(name), packed];
    const rest = [u16(0), u16(0), u16(0), u32(0), u32(offset), Buffer.from(name)];
    directory.push(u32(0x02014b50), u16(20), ...facts, ...sizes, ...rest);
    local.push(...entry);
    offset += Buffer.concat(entry).length;
  }
  const list = Buffer.concat(directory);
  const count = u16(Object.keys(files).length);
  const end = [u32(0x06054b50), u32(0), count, count, u32(list.length), u32(offset), u16(0)];
  return Buffer.concat([...local, list, ...end]);
}
