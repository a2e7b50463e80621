/** Pictures in rows enter; one picture leaves in which they stand side by side. */

import sharp from "sharp";
import type { Picture } from "./image.js";

/** Space around and between tiles, in pixels, and its colour. */
const GAP = 8;
const GROUND = { r: 24, g: 24, b: 27 };

/** A row a line, tiles of one side at most; the bytes of a PNG. */
export async function sheet(rows: readonly (readonly Picture[])[], side: number): Promise<Buffer> {
  const columns = Math.max(...rows.map((row) => row.length));
  const heights = rows.map((row) => Math.max(...row.map(({ height }) => height)));
  const tops = heights.map((_, i) => heights.slice(0, i).reduce((top, h) => top + h + GAP, GAP));
  const tiles = rows.flatMap((row, i) =>
    row.map(({ pixels, width, height }, column) => ({
      input: Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength),
      raw: { width, height, channels: 3 as const },
      left: GAP + column * (side + GAP),
      top: tops[i]!,
    })),
  );
  const height = heights.reduce((sum, h) => sum + h + GAP, GAP);
  const width = GAP + columns * (side + GAP);
  return sharp({ create: { width, height, channels: 3, background: GROUND } })
    .composite(tiles)
    .png()
    .toBuffer();
}
