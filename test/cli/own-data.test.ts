/** `init` on folders as people have them: what it recognises, what it offers, and what it says of the rest. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { image, label, put, WIDTH } from "../data/dataset.js";
import { pspc } from "./captured.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-own-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const ids = ["1", "2", "3", "9", "10", "11"];

/** A folder of pairs that are named so. */
const make = async (
  name: string,
  imageOf: (id: string) => string,
  labelOf: (id: string) => string,
) => {
  const root = join(folder, name);
  for (const [i, id] of ids.entries()) {
    await image(root, imageOf(id), i);
    await label(root, labelOf(id), [0, 1, 2]);
  }
  return root;
};

const init = async (name: string) => {
  const made = await pspc(folder, "init", name, "--out", `${name}.yaml`);
  expect(made.code).toBe(0);
  return { ...made, text: readFileSync(join(folder, `${name}.yaml`), "utf8") };
};

const pairsIn = async (name: string): Promise<number> => {
  const { code, out } = await pspc(folder, "data", "check", `${name}.yaml`, "--json");
  expect(code).toBe(0);
  const { splits } = JSON.parse(out) as { splits: { pairs: number }[] };
  return splits.reduce((sum, { pairs }) => sum + pairs, 0);
};

describe("init finds pairs", () => {
  it.each<[string, (id: string) => string, (id: string) => string]>([
    ["suffixes", (id) => `${id}.png`, (id) => `${id}_mask.png`],
    ["unknown-suffixes", (id) => `${id}.png`, (id) => `${id}_manual1.png`],
    ["prefixes", (id) => `img_${id}.png`, (id) => `mask_${id}.png`],
    ["label-prefixes", (id) => `${id}.png`, (id) => `gt-${id}.png`],
    ["both", (id) => `${id}_rgb.png`, (id) => `${id}_labels.png`],
    ["two-folders-prefixes", (id) => `pictures/p_${id}.jpg`, (id) => `truth/t_${id}.png`],
    [
      "many-folders",
      (id) => `site${id.length}/images/${id}.jpg`,
      (id) => `site${id.length}/masks/${id}.png`,
    ],
  ])("by %s", async (name, imageOf, labelOf) => {
    await make(name, imageOf, labelOf);
    const { text } = await init(name);
    expect(text).toContain("classes: [class0, class1, class2]");
    expect(await pairsIn(name)).toBe(ids.length);
  });

  it("in train, valid and test folders of such names", async () => {
    const split = (id: string) => (id === "9" ? "valid" : id === "10" ? "test" : "train");
    await make(
      "splits",
      (id) => `${split(id)}/im_${id}.png`,
      (id) => `${split(id)}/seg_${id}.png`,
    );
    const { text } = await init("splits");
    expect(text).toMatch(/train: .*train.txt +# 4 images/);
    expect(text).toMatch(/val: .*val.txt +# 1 image/);
    expect(await pairsIn("splits")).toBe(6);
  });

  it("but none where names tell nothing", async () => {
    for (const [i, id] of ids.entries()) await image(join(folder, "photos"), `photo_${id}.png`, i);
    expect((await pspc(folder, "init", "photos", "--out", "photos.yaml")).err).toContain(
      "no data set is recognised",
    );
  });
});

describe("init offers a validation split", () => {
  it("of a fifth, which is neither empty nor everything", async () => {
    await make(
      "offered",
      (id) => `images/${id}.jpg`,
      (id) => `masks/${id}.png`,
    );
    const { text } = await init("offered");
    expect(text).toMatch(/ {2}val: (0\.2|\{share: 0\.2, seed: \d+\}) +# held out of train/);
  });

  it("only where none is there", async () => {
    expect(readFileSync(join(folder, "splits.yaml"), "utf8")).not.toContain("held out");
  });
});

it("a class too few is one mistake, with what to do", async () => {
  await make(
    "few",
    (id) => `images/${id}.jpg`,
    (id) => `masks/${id}.png`,
  );
  await init("few");
  const few = "data.classes=[a, b]";
  const { code, out } = await pspc(
    folder,
    "data",
    "check",
    "few.yaml",
    few,
    "data.val={images: images, labels: masks}",
  );
  expect(code).toBe(1);
  expect(out).toContain("value 2 stands in all 6 labels, and no class has it");
  expect(out).toContain("Name one more class in data.classes; or write `ignore: 2` under data");
  expect(out.match(/value 2/g)).toHaveLength(2);
});

describe("init where something is missing", () => {
  it("writes the spec all the same, and says how to learn which", async () => {
    const root = await make(
      "missing",
      (id) => `images/${id}.jpg`,
      (id) => `masks/${id}.png`,
    );
    rmSync(join(root, "masks/10.png"));
    const { err } = await init("missing");
    expect(err).toBe("1 file has no partner: `pspc data check missing.yaml` names them\n");
    const { code, out } = await pspc(folder, "data", "check", "missing.yaml");
    expect(code).toBe(1);
    expect(out).toContain("images/10.jpg has no partner in masks");
  });

  it.each([
    ["LabelMe", "1.json", { shapes: [], imagePath: "1.jpg" }, "scripts/polygons.py"],
    ["COCO", "annotations/instances.json", { images: [], annotations: [] }, "scripts/polygons.py"],
    ["YOLO", "labels/1.txt", "0 0.1 0.1 0.5 0.1 0.5 0.9\n", "Semantic Segmentation Masks"],
  ])("names polygons of %s, and what draws them", async (tool, path, content, line) => {
    const root = join(folder, tool);
    await image(root, "1.jpg", 1);
    await put(root, path, typeof content === "string" ? content : JSON.stringify(content));
    const { code, err } = await pspc(folder, "init", tool);
    expect(code).toBe(1);
    expect(err).toContain(`polygons of ${tool}`);
    expect(err).toContain(line);
  });

  const pillow = spawnSync("python3", ["-c", "import PIL"]).status === 0;
  if (!pillow) process.stdout.write("skipped: drawing polygons, which needs python3 with Pillow\n");

  /** A box from (30, 20) to (70, 60). */
  const points = [30, 20, 70, 20, 70, 60, 30, 60] as const;
  const pairs = [0, 2, 4, 6].map((i) => points.slice(i, i + 2));
  const box = { image_id: 5, category_id: 3, segmentation: [points], area: 1600 };
  it.runIf(pillow).each([
    [
      "labelme",
      "a.json",
      { imagePath: "a.jpg", shapes: [{ label: "box", shape_type: "polygon", points: pairs }] },
    ],
    [
      "coco",
      "annotations/all.json",
      {
        images: [{ id: 5, file_name: "a.jpg" }],
        annotations: [{ id: 1, ...box }],
        categories: [{ id: 3, name: "box" }],
      },
    ],
  ])("draws what %s's polygons enclose, by the line that it gives", async (name, path, content) => {
    const root = join(folder, `drawn-${name}`);
    await image(root, "a.jpg", 1);
    await put(root, path, JSON.stringify(content));
    const { err } = await pspc(folder, "init", `drawn-${name}`);
    const [, line = ""] = /`(python3 [^`]*)`/.exec(err) ?? [];
    const ran = spawnSync("sh", ["-c", line.replace(/ masks$/, ` masks-${name}`)], { cwd: folder });
    expect(ran).toMatchObject({ status: 0 });
    const mask = sharp(join(folder, `masks-${name}`, "labels/a.png"));
    const { data, info } = await mask.raw().toBuffer({ resolveWithObject: true });
    const drawn = data.filter((_, i) => i % info.channels === 0);
    const inside = [...drawn].flatMap((value, i) => (value === 1 ? [i] : []));
    const [first = 0, last = 0] = [inside.at(0), inside.at(-1)];
    // Both borders are inside, as Pillow draws them.
    expect([first % WIDTH, Math.floor(first / WIDTH)]).toEqual([30, 20]);
    expect([last % WIDTH, Math.floor(last / WIDTH)]).toEqual([70, 60]);
    expect(inside).toHaveLength(41 * 41);
    const made = await pspc(folder, "init", `masks-${name}`);
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining("[background, box]") });
  });
});
