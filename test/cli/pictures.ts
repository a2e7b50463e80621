/** A folder of pictures as somebody might bring them: discs and squares on a ground, and a mask of each. */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { palette } from "../../src/data/palette.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";

const SIDE = 96;

/** The class of a pixel of picture `n`: 1 in its disc, 2 in its square, else 0. */
const classAt = (n: number, y: number, x: number): number => {
  const [cy, cx, r] = [30 + ((n * 17) % 36), 24 + ((n * 29) % 30), 10 + (n % 7)];
  if ((y - cy) ** 2 + (x - cx) ** 2 < r * r) return 1;
  const [top, left] = [12 + ((n * 23) % 50), 58 + ((n * 11) % 14)];
  return y >= top && y < top + 22 && x >= left && x < left + 22 ? 2 : 0;
};

const colours = [
  [90, 120, 80],
  [200, 60, 50],
  [60, 80, 190],
] as const;

/** `pictures/shot_1.jpg` and `pictures/mask_1.png`, and so on. */
export const pictures = async (folder: string, count: number): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (let n = 1; n <= count; n++) {
    const labels = Uint8Array.from({ length: SIDE * SIDE }, (_, i) =>
      classAt(n, Math.floor(i / SIDE), i % SIDE),
    );
    const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, i) => {
      const [at, channel] = [Math.floor(i / 3), i % 3];
      const base = colours[labels[at] as 0 | 1 | 2][channel as 0 | 1 | 2];
      return base + ((at * 31 + n * 7 + channel * 13) % 23);
    });
    const size = { height: SIDE, width: SIDE };
    await writeImage(join(folder, `shot_${n}.jpg`), { pixels, ...size });
    await writeClasses(join(folder, `mask_${n}.png`), labels, SIDE, SIDE, palette());
  }
};
