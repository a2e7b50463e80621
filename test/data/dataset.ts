/** Small data sets in every layout: a folder and a layout enter, files as they lie on disk leave. */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { palette } from "../../src/data/palette.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";

export const [HEIGHT, WIDTH] = [96, 120];

/** A picture of its own for each number: a box on a ground. */
const pixels = (n: number): Uint8Array =>
  Uint8Array.from({ length: 3 * HEIGHT * WIDTH }, (_, i) => (i * (n + 3)) % 253);

/** Values in stripes, each of them somewhere. */
const stripes = (values: readonly number[]): Uint8Array =>
  Uint8Array.from(
    { length: HEIGHT * WIDTH },
    (_, i) => values[Math.floor(i / 40) % values.length]!,
  );

export const put = async (root: string, path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};

export const image = async (root: string, path: string, n: number): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeImage(join(root, path), { pixels: pixels(n), height: HEIGHT, width: WIDTH });
};

export const label = async (
  root: string,
  path: string,
  values: readonly number[],
): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeClasses(join(root, path), stripes(values), HEIGHT, WIDTH, palette());
};

/** Labels as colours: two of them, in halves. */
export const colourLabel = async (root: string, path: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  const bytes = Uint8Array.from({ length: 3 * HEIGHT * WIDTH }, (_, i) =>
    i < 3 * 40 * WIDTH ? [70, 130, 180][i % 3]! : [128, 64, 128][i % 3]!,
  );
  const raw = { raw: { width: WIDTH, height: HEIGHT, channels: 3 as const } };
  await sharp(bytes, raw).png().toFile(join(root, path));
};

type Write = (root: string) => Promise<unknown>;

const each = (names: readonly string[], write: (name: string, n: number) => Promise<unknown>) =>
  Promise.all(names.map(write));

/** Each has three pairs to train on and one to validate. */
export const datasets: Readonly<Record<string, Write>> = {
  voc: async (root) => {
    const lists = "ImageSets/Segmentation";
    await put(root, `${lists}/train.txt`, "a\nb\n");
    await put(root, `${lists}/trainaug.txt`, "a\nb\nc\n");
    await put(root, `${lists}/val.txt`, "d\n");
    await each(["a", "b", "c", "d"], async (id, n) => {
      await image(root, `JPEGImages/${id}.jpg`, n);
      const folder = id === "c" ? "SegmentationClassAug" : "SegmentationClass";
      await label(root, `${folder}/${id}.png`, [0, n + 1, 20, 255]);
    });
  },
  cityscapes: (root) =>
    each(
      ["train/ulm/ulm_0", "train/ulm/ulm_1", "train/bonn/bonn_0", "val/jena/jena_0"],
      async (id, n) => {
        await image(root, `leftImg8bit/${id}_leftImg8bit.png`, n);
        await label(root, `gtFine/${id}_gtFine_labelIds.png`, [0, 7, 11, 33]);
        await label(root, `gtFine/${id}_gtFine_labelTrainIds.png`, [0, 2, 18, 255]);
        await put(root, `gtFine/${id}_gtFine_polygons.json`, "{}");
      },
    ),
  ade20k: (root) =>
    each(["training/1", "training/2", "training/3", "validation/4"], async (id, n) => {
      await image(root, `images/${id}.jpg`, n);
      await label(root, `annotations/${id}.png`, [0, 1, 150]);
    }),
  list: async (root) => {
    await put(root, "train.txt", "a.png a.label.png\nb.png b.label.png\nc.png c.label.png\n");
    await put(root, "val.txt", "d.png d.label.png\n");
    await each(["a", "b", "c", "d"], async (id, n) => {
      await image(root, `${id}.png`, n);
      await label(root, `${id}.label.png`, [0, 1, 2, 255]);
    });
  },
  folders: (root) =>
    each(["train/a", "train/b", "train/c", "val/d"], async (id, n) => {
      await image(root, `images/${id}.jpg`, n);
      await colourLabel(root, `masks/${id}_mask.png`);
    }),
};
