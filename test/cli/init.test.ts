import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { palette } from "../../src/data/palette.js";
import { writeClasses, writeImage } from "../../src/data/write-image.js";
import { datasets, image, label, put, scoring } from "../data/dataset.js";
import { pspc } from "./captured.js";

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pspc-init-"));
  const data = join(folder, "data");
  mkdirSync(data);
  const [height, width] = [100, 140];
  const labels = Uint8Array.from({ length: height * width }, (_, i) => [0, 2, 3, 255][i % 4] ?? 0);
  const pixels = new Uint8Array(3 * height * width);
  await writeImage(join(data, "1.png"), { pixels, height, width });
  await writeClasses(join(data, "1.label.png"), labels, height, width, palette());
  writeFileSync(join(data, "train.txt"), "1.png 1.label.png\n".repeat(16));
  writeFileSync(join(data, "val.txt"), "1.png 1.label.png\n");
  mkdirSync(join(folder, "empty"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("init", () => {
  it("writes a spec that is right for what lies in the folder", async () => {
    const made = await pspc(folder, "init", "data", "--out", "first.yaml");
    expect(made).toEqual({ code: 0, out: "first.yaml\n", err: "" });
    const text = readFileSync(join(folder, "first.yaml"), "utf8");
    expect(text).toContain("classes: [class0, class1, class2, class3]");
    expect(text).toContain("ignore: 255");
    expect(text).toContain("crop: 89");
    expect(text).not.toContain("test.txt");
    expect(text).not.toContain("Name a val split");
    expect((await pspc(folder, "check", "first.yaml")).out).toContain("variants: fcn, pspnet");
    expect(await pspc(folder, "check", "first.yaml")).toMatchObject({ code: 0, err: "" });
    expect((await pspc(folder, "data", "check", "first.yaml")).out).toContain(
      "val: 1 pair, all well",
    );
    const { data } = JSON.parse((await pspc(folder, "plan", "first.yaml", "--json")).out);
    expect(data).toEqual({ images: 16, steps_per_epoch: 2, epochs: 50 });
  });

  it("takes the names that CVAT and Roboflow leave beside their labels", async () => {
    const cvat = join(folder, "cvat");
    for (const name of ["a", "b"]) {
      await image(cvat, `JPEGImages/${name}.jpg`, 1);
      const pixels = Buffer.from([0, 0, 0, 250, 50, 83]);
      await put(cvat, `SegmentationClass/${name}.png`, "");
      await sharp(pixels, { raw: { width: 2, height: 1, channels: 3 } })
        .resize(60, 60, { kernel: "nearest", fit: "fill" })
        .toFile(join(cvat, `SegmentationClass/${name}.png`));
    }
    await put(cvat, "ImageSets/Segmentation/default.txt", "a\nb\n");
    const map =
      "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar: red:250,50,83::\nno:1,2,3::\n";
    await put(cvat, "labelmap.txt", map.replace("car: red", "red car"));
    const { out } = await pspc(folder, "init", "cvat");
    expect(out).toContain("3 colours, with those that labelmap.txt names");
    expect(out).toContain('classes: [background, "no", red car]');
    expect(out).toContain("red car: [250, 50, 83]");

    const roboflow = join(folder, "roboflow");
    for (const id of ["train/1", "train/2", "valid/3"]) {
      await image(roboflow, `${id}.jpg`, 1);
      await label(roboflow, `${id}_mask.png`, [0, 2]);
    }
    await put(
      roboflow,
      "train/_classes.csv",
      "Pixel Value, Class\n0, background\n1, cat\n2, dog\n",
    );
    expect((await pspc(folder, "init", "roboflow", "--out", "roboflow.yaml")).code).toBe(0);
    const text = readFileSync(join(folder, "roboflow.yaml"), "utf8");
    expect(text).toContain("classes: [background, cat, dog]");
    expect(await pspc(folder, "data", "check", "roboflow.yaml")).toMatchObject({ code: 0 });
    // Names that cannot be told apart are none.
    await put(roboflow, "train/_classes.csv", "0, cat\n1, cat\n2, dog\n");
    expect((await pspc(folder, "init", "roboflow")).out).toContain("[class0, class1, class2]");
  });

  it("writes over nothing", async () => {
    writeFileSync(join(folder, "mine.yaml"), "mine\n");
    const { code, err } = await pspc(folder, "init", "data", "--out", "mine.yaml");
    expect(code).toBe(1);
    expect(err).toContain("exists already");
    expect(readFileSync(join(folder, "mine.yaml"), "utf8")).toBe("mine\n");
  });

  it("says what a dataset is where there is none", async () => {
    const { code, err } = await pspc(folder, "init", "empty");
    expect(code).toBe(1);
    expect(err).toContain("no data set is recognised");
  });

  it.each(Object.keys(datasets))("writes a spec for a folder that lies like %s", async (layout) => {
    await datasets[layout]!(join(folder, layout));
    const made = await pspc(folder, "init", layout, "--out", `${layout}.yaml`);
    expect(made).toEqual({ code: 0, out: `${layout}.yaml\n`, err: "" });
    expect(await pspc(folder, "check", `${layout}.yaml`)).toMatchObject({ code: 0, err: "" });
    const checked = await pspc(folder, "data", "check", `${layout}.yaml`, "--json");
    const { valid, splits } = JSON.parse(checked.out);
    expect(valid).toBe(true);
    expect(splits.slice(0, 2)).toMatchObject([
      { split: "train", pairs: 3 },
      { split: "val", pairs: 1 },
    ]);
  });

  it("writes the map of converted labels where those alone are there", async () => {
    for (const id of ["train2017/1", "val2017/2"]) {
      await image(join(folder, "coco"), `images/${id}.jpg`, 1);
      await label(join(folder, "coco"), `annotations/${id}_labelTrainIds.png`, [0, 170, 255]);
    }
    const { out } = await pspc(folder, "init", "coco");
    expect(out).toContain("layout: coco-stuff-164k");
    expect(out).toContain("labels: coco-stuff-164k-labelTrainIds");
  });

  it.each(Object.keys(scoring))("says how to score on %s, which trains nothing", async (layout) => {
    await scoring[layout]!(join(folder, layout));
    const { code, err } = await pspc(folder, "init", layout);
    expect(code).toBe(1);
    expect(err).toContain("has no labels to train on");
    expect(err).toContain(`data.layout=${layout}`);
  });

  it.each([
    ["coco10k", "annotations/COCO_train2014_000000000077.mat", "coco_stuff10k.py"],
    ["context", "trainval_merged.json", "pascal_context.py"],
    ["isaid-published", "train/Semantic_masks/images.zip", "patches of 896 that overlap by 384"],
    ["potsdam-published", "5_Labels_all_noBoundary.zip", "potsdam.py"],
    ["vaihingen-published", "top/top_mosaic_09cm_area1.tif", "vaihingen.py"],
  ])("refuses %s as it is published, and says what to do", async (name, file, words) => {
    await put(join(folder, name), file, "");
    const { code, err } = await pspc(folder, "init", name);
    expect(code).toBe(1);
    expect(err).toContain("as it is published");
    expect(err).toContain(words);
  });
});

describe("data", () => {
  it("check tells every mistake, caps them, and exits with 1", async () => {
    const lines = Array.from({ length: 30 }, (_, i) => `none${i}.png none.png`);
    writeFileSync(join(folder, "list", "train.txt"), ["a.png b.label.png", ...lines].join("\n"));
    const { code, out } = await pspc(folder, "data", "check", "list.yaml");
    expect(code).toBe(1);
    expect(out).toContain("train: 1 pair, 60 mistakes");
    expect(out).toContain("… and 40 more");
    expect(out).toContain("= help: Correct the line, or data.root");
  });

  it("check warns of pictures in two splits, and of classes without a pixel", async () => {
    writeFileSync(
      join(folder, "list", "train.txt"),
      "a.png a.label.png\nb.png b.label.png\nd.png d.label.png\n",
    );
    const { code, out } = await pspc(
      folder,
      "data",
      "check",
      "list.yaml",
      "data.classes=[a, b, c, d]",
    );
    expect(code).toBe(0);
    expect(out).toContain("warning: 1 picture of train is in val too, pixel by pixel");
    expect(out).toContain("warning: no pixel of d");
  });

  it("stats counts pixels and weighs classes", async () => {
    const { code, out } = await pspc(folder, "data", "stats", "list.yaml", "--json");
    const { classes } = JSON.parse(out);
    expect(code).toBe(0);
    expect(classes.map((c: { name: string }) => c.name)).toEqual(["class0", "class1", "class2"]);
    expect((await pspc(folder, "data", "stats", "list.yaml")).out).toMatch(
      /class_weights: \[[\d., ]+\]/,
    );
  });

  it("browse shows samples as training sees them, in files that need no other", async () => {
    const asked = ["folders.yaml", "--count", "2", "--epochs", "2", "--out", join(folder, "seen")];
    expect(await pspc(folder, "data", "browse", ...asked)).toMatchObject({ code: 0 });
    const page = readFileSync(join(folder, "seen", "browse.html"), "utf8");
    expect(page.match(/<canvas/g)).toHaveLength(2 * 3);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(page).toContain("epoch 1");
    expect(
      readFileSync(join(folder, "seen", "browse.png"))
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
  });

  it("of anything else says what there is", async () => {
    expect((await pspc(folder, "data", "chek", "list.yaml")).err).toContain("did you mean `check`");
  });
});
