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

const tiles = (root: string, names: readonly string[], values: readonly number[], end = "") =>
  each(names, async (id, n) => {
    await image(root, `img_dir/${id}.png`, n);
    await label(root, `ann_dir/${id}${end}.png`, values);
  });

/** Of the night, to score networks on: there is nothing to train on. */
export const scoring: Readonly<Record<string, Write>> = {
  "dark-zurich": (root) =>
    each(
      ["val/night/GOPR0356/GOPR0356_frame_000321", "val/night/GOPR0356/GOPR0356_frame_000324"],
      async (id, n) => {
        await image(root, `rgb_anon/${id}_rgb_anon.png`, n);
        await label(root, `gt/${id}_gt_labelTrainIds.png`, [0, 18, 255]);
        await image(root, `gt/${id}_gt_labelColor.png`, n);
      },
    ),
  "nighttime-driving": (root) =>
    each(["test/night/0_0", "test/night/0_1"], async (id, n) => {
      await image(root, `leftImg8bit/${id}_leftImg8bit.png`, n);
      await label(
        root,
        `gtCoarse_daytime_trainvaltest/${id}_gtCoarse_labelTrainIds.png`,
        [0, 18, 255],
      );
    }),
};

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
  "pascal-context": async (root) => {
    const lists = "ImageSets/SegmentationContext";
    await put(root, `${lists}/train.txt`, "2008_000008\n2008_000015\n2008_000019\n");
    await put(root, `${lists}/val.txt`, "2008_000002\n");
    const names = ["2008_000008", "2008_000015", "2008_000019", "2008_000002"];
    await each(names, async (id, n) => {
      await image(root, `JPEGImages/${id}.jpg`, n);
      await label(root, `SegmentationClassContext/${id}.png`, [0, 1, 59]);
    });
  },
  "coco-stuff-10k": (root) =>
    each(["train2014/1", "train2014/2", "train2014/3", "test2014/4"], async (id, n) => {
      await image(root, `images/${id}.jpg`, n);
      await label(root, `annotations/${id}_labelTrainIds.png`, [0, 1, 171]);
    }),
  "coco-stuff-164k": (root) =>
    each(["train2017/1", "train2017/2", "train2017/3", "val2017/4"], async (id, n) => {
      await image(root, `images/${id}.jpg`, n);
      await label(root, `annotations/${id}.png`, [0, 10, 12, 181, 255]);
      await label(root, `annotations/${id}_labelTrainIds.png`, [0, 10, 11, 170, 255]);
    }),
  loveda: (root) =>
    each(
      ["Train/Rural/*/0", "Train/Urban/*/1366", "Train/Urban/*/1367", "Val/Urban/*/3514"],
      async (id, n) => {
        await image(root, `${id.replace("*", "images_png")}.png`, n);
        await label(root, `${id.replace("*", "masks_png")}.png`, [0, 1, 7]);
      },
    ),
  potsdam: (root) =>
    tiles(
      root,
      [
        "train/2_10_0_0_512_512",
        "train/2_10_512_0_1024_512",
        "train/7_9_0_0_512_512",
        "val/2_13_0_0_512_512",
      ],
      [0, 1, 6],
    ),
  vaihingen: (root) =>
    tiles(
      root,
      [
        "train/area1_0_0_512_512",
        "train/area1_512_0_1024_512",
        "train/area37_0_0_512_512",
        "val/area2_0_0_512_512",
      ],
      [0, 1, 6],
    ),
  isaid: (root) =>
    tiles(
      root,
      [
        "train/P0000_0_896_0_896",
        "train/P0000_0_896_512_1408",
        "train/P0002_0_896_0_896",
        "val/P0003_0_896_0_896",
      ],
      [0, 15, 255],
      "_instance_color_RGB",
    ),
  camvid: (root) =>
    each(
      [
        "train*/0001TP_006690",
        "train*/0006R0_f00930",
        "train*/0016E5_00390",
        "val*/0016E5_07959",
        "test*/Seq05VD_f00000",
      ],
      async (id, n) => {
        await image(root, `${id.replace("*", "")}.png`, n);
        await label(root, `${id.replace("*", "annot")}.png`, [0, 10, 11]);
      },
    ),
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
