import { mkdtemp, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import * as TE from "fp-ts/lib/TaskEither.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSamples } from "../../src/data/check.js";
import { lastCounted } from "../../src/data/class-counts.js";
import { openFacts } from "../../src/data/facts.js";
import { listSplit, openSplit, type Place, type Split } from "../../src/data/layout.js";
import { recognise } from "../../src/data/recognise.js";
import type { Layout } from "../../src/language/data.js";
import { packRgb } from "../../src/language/dataset.js";
import { datasetOf, type MapName, mapNamed } from "../../src/language/datasets.js";
import { datasets, image, label, put, scoring } from "./dataset.js";

let base = "";
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pspc-layouts-"));
  for (const [name, write] of Object.entries({ ...datasets, ...scoring }))
    await write(join(base, name));
});
afterAll(() => rm(base, { recursive: true }));

const place = (layout: Layout, change: Partial<Place> = {}): Place => {
  const splits = datasetOf(layout)?.splits ?? { train: "train.txt", val: "val.txt" };
  return { layout, root: join(base, layout), ...splits, test: null, label_map: null, ...change };
};

const pairs = async (data: Place, split: Split) =>
  (await openSplit(data, split)).map(({ image, label }) =>
    [image, label].map((path) => relative(data.root, path)).join(" "),
  );

describe("a layout pairs", () => {
  it("VOC's lists, with SBD's labels where they are", async () => {
    expect(await pairs(place("voc"), "train")).toEqual([
      "JPEGImages/a.jpg SegmentationClass/a.png",
      "JPEGImages/b.jpg SegmentationClass/b.png",
    ]);
    expect(await pairs(place("voc", { train: "trainaug" }), "train")).toEqual([
      "JPEGImages/a.jpg SegmentationClass/a.png",
      "JPEGImages/b.jpg SegmentationClass/b.png",
      "JPEGImages/c.jpg SegmentationClassAug/c.png",
    ]);
    const deeplab = "/JPEGImages/a.jpg /SegmentationClass/a.png\n";
    await put(place("voc").root, "ImageSets/Segmentation/deeplab.txt", deeplab);
    expect(await pairs(place("voc", { train: "deeplab" }), "train")).toHaveLength(1);
  });

  it("Cityscapes' cities, by either kind of label", async () => {
    expect(await pairs(place("cityscapes"), "train")).toEqual([
      "leftImg8bit/train/bonn/bonn_0_leftImg8bit.png gtFine/train/bonn/bonn_0_gtFine_labelIds.png",
      "leftImg8bit/train/ulm/ulm_0_leftImg8bit.png gtFine/train/ulm/ulm_0_gtFine_labelIds.png",
      "leftImg8bit/train/ulm/ulm_1_leftImg8bit.png gtFine/train/ulm/ulm_1_gtFine_labelIds.png",
    ]);
    const byTrainId = place("cityscapes", { label_map: "labelTrainIds" });
    expect((await pairs(byTrainId, "val"))[0]).toMatch(/jena_0_gtFine_labelTrainIds\.png$/);
  });

  it("ADE20K's folders", async () => {
    expect(await pairs(place("ade20k"), "val")).toEqual([
      "images/validation/4.jpg annotations/validation/4.png",
    ]);
  });

  it.each<[Layout, Partial<Place>, string]>([
    ["pascal-context", {}, "JPEGImages/2008_000002.jpg SegmentationClassContext/2008_000002.png"],
    [
      "pascal-context-59",
      { root: "pascal-context" },
      "JPEGImages/2008_000002.jpg SegmentationClassContext/2008_000002.png",
    ],
    ["coco-stuff-10k", {}, "images/test2014/4.jpg annotations/test2014/4_labelTrainIds.png"],
    ["coco-stuff-164k", {}, "images/val2017/4.jpg annotations/val2017/4.png"],
    [
      "coco-stuff-164k",
      { label_map: "coco-stuff-164k-labelTrainIds" },
      "images/val2017/4.jpg annotations/val2017/4_labelTrainIds.png",
    ],
    ["loveda", {}, "Val/Urban/images_png/3514.png Val/Urban/masks_png/3514.png"],
    ["potsdam", {}, "img_dir/val/2_13_0_0_512_512.png ann_dir/val/2_13_0_0_512_512.png"],
    ["vaihingen", {}, "img_dir/val/area2_0_0_512_512.png ann_dir/val/area2_0_0_512_512.png"],
    [
      "isaid",
      {},
      "img_dir/val/P0003_0_896_0_896.png ann_dir/val/P0003_0_896_0_896_instance_color_RGB.png",
    ],
    ["camvid", {}, "val/0016E5_07959.png valannot/0016E5_07959.png"],
  ])("%s's files %j", async (layout, { root, ...change }, pair) => {
    const where = join(base, root ?? layout);
    const data = place(layout, { ...change, root: where });
    const { failures } = await listSplit(data, "val");
    expect(failures).toEqual([]);
    expect(await pairs(data, "val")).toEqual([pair]);
    expect(await pairs(data, "train")).toHaveLength(3);
  });

  it("LoveDA as mmsegmentation rearranges it", async () => {
    const root = join(base, "loveDA");
    await image(root, "img_dir/train/7.png", 1);
    await label(root, "ann_dir/train/7.png", [0, 1, 7]);
    expect(await pairs(place("loveda", { root }), "train")).toEqual([
      "img_dir/train/7.png ann_dir/train/7.png",
    ]);
    expect(await recognise(root)).toMatchObject({ layout: "loveda", splits: { train: "train" } });
    await image(join(base, "numbers"), "img_dir/train/7.png", 1);
    await label(join(base, "numbers"), "ann_dir/train/7.png", [0, 1, 7]);
    expect((await recognise(join(base, "numbers")))?.layout).toBe("folders");
  });

  it.each<[Layout, string]>([
    [
      "dark-zurich",
      "rgb_anon/val/night/GOPR0356/GOPR0356_frame_000321_rgb_anon.png gt/val/night/GOPR0356/GOPR0356_frame_000321_gt_labelTrainIds.png",
    ],
    [
      "nighttime-driving",
      "leftImg8bit/test/night/0_0_leftImg8bit.png gtCoarse_daytime_trainvaltest/test/night/0_0_gtCoarse_labelTrainIds.png",
    ],
  ])("%s, to score on and not to train on", async (layout, pair) => {
    expect((await pairs(place(layout), "val"))[0]).toBe(pair);
    await expect(listSplit(place(layout), "train")).rejects.toMatchObject({
      failure: { message: expect.stringContaining("has no labels to train on") },
    });
    expect((await recognise(join(base, layout)))?.layout).toBe(layout);
  });

  it("two folders by stem and suffix", async () => {
    const train = { images: "images/train", labels: "masks/train", suffix: "_mask" };
    expect((await pairs(place("folders", { train }), "train"))[0]).toBe(
      "images/train/a.jpg masks/train/a_mask.png",
    );
  });
});

describe("a listing goes on past what is wrong", () => {
  it("and names what has no partner, on either side", async () => {
    const root = join(base, "torn");
    await datasets.ade20k!(root);
    await unlink(join(root, "annotations/training/1.png"));
    await unlink(join(root, "images/training/3.jpg"));
    const { samples, failures } = await listSplit(place("ade20k", { root }), "train");
    expect(samples).toHaveLength(1);
    expect(failures.map(({ message }) => message)).toEqual([
      "images/training/1.jpg has no partner in annotations/training",
      "annotations/training/3.png has no partner in images/training",
    ]);
  });

  it("and says so where the folder is another", async () => {
    const lost = listSplit(place("cityscapes", { root: base }), "train");
    await expect(lost).rejects.toMatchObject({
      failure: { message: expect.stringContaining("cannot read the train folder") },
    });
  });
});

describe("what is built in", () => {
  it.each<[MapName, number]>([
    ["voc", 21],
    ["ade20k", 150],
    ["labelIds", 19],
    ["labelTrainIds", 19],
    ["pascal-context", 60],
    ["pascal-context-59", 59],
    ["coco-stuff-10k", 171],
    ["coco-stuff-10k-labelTrainIds", 171],
    ["coco-stuff-164k", 171],
    ["coco-stuff-164k-labelTrainIds", 171],
    ["loveda", 7],
    ["isprs", 6],
    ["isaid", 16],
    ["camvid", 11],
  ])("maps every class of %s once, and has a colour for it", (name, classes) => {
    const { dataset, map } = mapNamed(name);
    const meant = [...map.values()].filter((value) => value !== "ignore").sort((a, b) => a - b);
    expect(meant).toEqual(Array.from({ length: classes }, (_, i) => i));
    expect(new Set(dataset.classes).size).toBe(classes);
    expect(dataset.palette).toHaveLength(classes);
  });

  it("has VOC's colours as its development kit computes them", () => {
    // VOC devkit, VOClabelcolormap.m: the lowest three bits are the highest of red, green and blue, and so on.
    const channel = (index: number, shift: number): number =>
      [7, 6, 5].reduce((sum, bit, i) => sum + (((index >> (3 * i + shift)) & 1) << bit), 0);
    const { palette: colours } = datasetOf("voc")!;
    expect(colours).toEqual(colours.map((_, c) => [0, 1, 2].map((shift) => channel(c, shift))));
  });

  it("has ADE20K's classes in order", () => {
    const { classes } = datasetOf("ade20k")!;
    const at = (value: number) => classes[value - 1];
    expect([1, 2, 13, 21, 84, 116, 150].map(at)).toEqual([
      "wall",
      "building",
      "person",
      "car",
      "truck",
      "bag",
      "flag",
    ]);
  });
});

describe("the references' conversions are label maps", () => {
  const named = (map: MapName, value: number): string | undefined => {
    const { dataset, map: values } = mapNamed(map);
    const meaning = values.get(value);
    return typeof meaning === "number" ? dataset.classes[meaning] : meaning;
  };

  // coco_stuff164k.py and coco_stuff10k.py: rows of their tables, value → train id.
  it.each<[MapName, readonly (readonly [value: number, name: string | undefined])[]]>([
    [
      "coco-stuff-164k",
      [
        [0, "person"],
        [10, "fire hydrant"],
        [11, "ignore"],
        [12, "stop sign"],
        [89, "toothbrush"],
        [90, "ignore"],
        [91, "banner"],
        [181, "wood"],
        [182, undefined],
        [255, "ignore"],
      ],
    ],
    [
      "coco-stuff-164k-labelTrainIds",
      [
        [0, "person"],
        [80, "banner"],
        [170, "wood"],
        [171, undefined],
        [255, "ignore"],
      ],
    ],
    [
      "coco-stuff-10k",
      [
        [0, "ignore"],
        [1, "person"],
        [12, "ignore"],
        [13, "stop sign"],
        [92, "banner"],
        [182, "wood"],
      ],
    ],
    [
      "coco-stuff-10k-labelTrainIds",
      [
        [0, "ignore"],
        [1, "person"],
        [81, "banner"],
        [171, "wood"],
      ],
    ],
    [
      "pascal-context",
      [
        [0, "background"],
        [1, "aeroplane"],
        [2, "bag"],
        [59, "wood"],
        [60, undefined],
      ],
    ],
    [
      "pascal-context-59",
      [
        [0, "ignore"],
        [1, "aeroplane"],
        [2, "bag"],
        [59, "wood"],
      ],
    ],
    [
      "loveda",
      [
        [0, "ignore"],
        [1, "background"],
        [7, "agricultural"],
        [8, undefined],
      ],
    ],
    [
      "isprs",
      [
        [0, "ignore"],
        [1, "impervious_surface"],
        [6, "clutter"],
      ],
    ],
    [
      "isaid",
      [
        [0, "background"],
        [15, "Harbor"],
        [255, "ignore"],
      ],
    ],
    [
      "camvid",
      [
        [0, "Sky"],
        [10, "Bicyclist"],
        [11, "ignore"],
      ],
    ],
  ])("%s", (map, rows) => {
    expect(rows.map(([value]) => [value, named(map, value)])).toEqual(rows);
  });
});

describe("a folder is recognised", () => {
  it.each(Object.keys(datasets))("as %s", async (layout) => {
    const found = await recognise(join(base, layout));
    expect(found?.layout).toBe(layout);
    expect(Object.keys(found?.splits ?? {}).slice(0, 2)).toEqual(["train", "val"]);
  });

  it("by the labels that are there", async () => {
    const root = join(base, "trainIds");
    for (const id of ["train/ulm/ulm_0", "val/ulm/ulm_1"]) {
      await image(root, `leftImg8bit/${id}_leftImg8bit.png`, 1);
      await label(root, `gtFine/${id}_gtFine_labelTrainIds.png`, [0, 18, 255]);
    }
    expect(await recognise(root)).toEqual({
      layout: "cityscapes",
      root,
      splits: { train: "train", val: "val" },
      labels: "labelTrainIds",
    });
  });

  it("from above, and not where there is nothing", async () => {
    await datasets.voc!(join(base, "above", "VOCdevkit", "VOC2012"));
    expect((await recognise(join(base, "above")))?.root).toBe(
      join(base, "above", "VOCdevkit", "VOC2012"),
    );
    expect(await recognise(join(base, "none"))).toBe(null);
  });
});

describe("facts", () => {
  const labels = {
    labels: new Map([
      [packRgb([70, 130, 180]), 0],
      [packRgb([128, 64, 128]), 1],
    ]),
    classes: ["a", "b"],
    label_format: "colour",
    images: null,
  } as const;
  const data = () =>
    place("folders", { train: { images: "images/train", labels: "masks/train", suffix: "_mask" } });

  it("count colours, and tell which are not mapped", async () => {
    const store = await openFacts(data().root, join(base, "facts"));
    const samples = await openSplit(data(), "train");
    const all = { ...data(), ...labels };
    expect(await lastCounted(all, "train", store)).toBeUndefined();
    const { pairs: found, failures } = await checkSamples(samples, labels, store);
    expect(await lastCounted(all, "train", store)).toEqual([3 * 40 * 120, 3 * 56 * 120]);
    expect(failures).toEqual([]);
    expect([...found[0]!.classes]).toEqual([
      [1, 56 * 120],
      [0, 40 * 120],
    ]);
    const few = { ...labels, labels: new Map([[packRgb([70, 130, 180]), 0]]) };
    expect((await checkSamples(samples, few, store)).failures[0]!.reason).toBe(
      "colour [128, 64, 128] in 6,720 pixels",
    );
  });

  it("are kept, but not past a change of the bytes, nor of a damaged store", async () => {
    const root = join(base, "kept");
    const file = join(root, "x");
    await put(root, "x", "one");
    let asked = 0;
    const examine = (bytes: Buffer) => TE.of({ text: `${bytes}`, asked: ++asked });
    const ask = async () => {
      const store = await openFacts(root, join(base, "facts"));
      const facts = await store.of(file, "text", examine);
      await store.save();
      return facts;
    };
    expect(await ask()).toEqual({ text: "one", asked: 1 });
    expect(await ask()).toEqual({ text: "one", asked: 1 });
    await writeFile(file, "two");
    expect(await ask()).toEqual({ text: "two", asked: 2 });
    const { readdir, readFile } = await import("node:fs/promises");
    for (const name of await readdir(join(base, "facts"))) {
      const path = join(base, "facts", name);
      await writeFile(path, (await readFile(path, "utf8")).replace("two", "six"));
    }
    expect(await ask()).toEqual({ text: "two", asked: 3 });
    await unlink(file);
    expect(await ask()).toMatchObject({ failure: { reason: "there is no such file" } });
  });
});
