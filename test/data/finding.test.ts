/** What people's folders and lists look like: links, junk, names with blanks, other encodings, swapped columns. */

import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { layouts, listSplit, openSplit, type Place } from "../../src/data/layout.js";
import { linesOf } from "../../src/data/pair-list.js";
import { readWhole, readWholeHere } from "../../src/data/read-file.js";
import { recognise } from "../../src/data/recognise.js";
import { picturesBelow } from "../../src/data/walk.js";

let base = "";
let root = "";
let cases = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "pspc-finding-"));
});
beforeEach(async () => {
  root = join(base, `${cases++}`);
  await mkdir(root);
});
afterAll(() => rm(base, { recursive: true }));

/** Empty files: nothing here is decoded. */
const touch = async (...paths: readonly string[]) => {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), "");
  }
};

const place = (change: Partial<Place>): Place => ({
  layout: "list",
  root,
  train: "train.txt",
  val: null,
  test: null,
  label_map: null,
  ...change,
});

const folders = { images: "im", labels: "lb", suffix: "" };

const pairs = async (change: Partial<Place> = {}) =>
  (await openSplit(place(change), "train")).map(({ image, label }) =>
    [image, label].map((path) => relative(root, path)),
  );

const mistakes = async (change: Partial<Place> = {}) =>
  listSplit(place(change), "train").then(
    ({ failures }) => failures,
    ({ failure }) => [failure],
  );

const list = async (text: string | Buffer) => writeFile(join(root, "train.txt"), text);

const found = async (folder = root) => {
  const result = await picturesBelow(folder)();
  return result._tag === "Right" ? result.right.map(({ within }) => within) : result.left.message;
};

describe("a folder is searched", () => {
  it("through links to folders and files, without going in circles", async () => {
    await touch("elsewhere/city/0.png", "im/own.png");
    await symlink(join(root, "elsewhere/city"), join(root, "im/city"));
    await symlink(join(root, "elsewhere/city"), join(root, "im/town"));
    await symlink(join(root, "im"), join(root, "im/again"));
    await symlink(join(root, "elsewhere/city/0.png"), join(root, "im/one.png"));
    await symlink(join(root, "nowhere.png"), join(root, "im/lost.png"));
    expect(await found(join(root, "im"))).toEqual([
      "city/0.png",
      "lost.png",
      "one.png",
      "own.png",
      "town/0.png",
    ]);
  });

  it("past what is hidden, left behind, or no picture", async () => {
    await touch(
      "a.JPG",
      "b.tiff",
      ".DS_Store",
      "._a.jpg",
      ".ipynb_checkpoints/a-checkpoint.jpg",
      "__MACOSX/a.jpg",
      "@eaDir/a.jpg",
      "Thumbs.db",
      "notes.txt",
    );
    expect(await found()).toEqual(["a.JPG", "b.tiff"]);
  });

  it("and pairs names that are composed in two ways", async () => {
    const name = "straße_café";
    await touch(`im/${name.normalize("NFD")}.jpg`, `lb/${name.normalize("NFC")}.png`);
    expect(await pairs({ layout: "folders", train: folders })).toHaveLength(1);
    await list(`im/${name}.jpg lb/${name}.png\n`);
    expect(await pairs()).toHaveLength(1);
  });

  it("which holds images and labels at once, told apart by suffix or by format", async () => {
    await touch("a/x.jpg", "a/x_mask.png", "a/y.jpg", "a/y_mask.png", "b/x.jpg", "b/x.png");
    const suffixed = { images: "a", labels: "a", suffix: "_mask" };
    expect(await pairs({ layout: "folders", train: suffixed })).toEqual([
      ["a/x.jpg", "a/x_mask.png"],
      ["a/y.jpg", "a/y_mask.png"],
    ]);
    const plain = { images: "b", labels: "b", suffix: "" };
    expect(await pairs({ layout: "folders", train: plain })).toEqual([["b/x.jpg", "b/x.png"]]);
  });

  it("where VOC's pictures have any format and its lists any name", async () => {
    await touch("JPEGImages/a.png", "SegmentationClass/a.tif");
    await mkdir(join(root, "ImageSets/Segmentation"), { recursive: true });
    await writeFile(join(root, "ImageSets/Segmentation/default.txt"), "a\n");
    for (const train of ["default", "default.txt"])
      expect(await pairs({ layout: "voc", train })).toEqual([
        ["JPEGImages/a.png", "SegmentationClass/a.tif"],
      ]);
    expect((await recognise(root))?.splits).toEqual({ train: "default" });
  });
});

describe("a list", () => {
  beforeEach(() => touch("my images/0.jpg", "im/1.jpg", "lb/0.png", "lb/1.png", "a,b.jpg"));

  it.each([
    ["quotes", '"my images/0.jpg" lb/0.png'],
    ["single quotes", "'my images/0.jpg' 'lb/0.png'"],
    ["a tab", "my images/0.jpg\tlb/0.png"],
    ["a comma", "my images/0.jpg,lb/0.png"],
    ["quotes and a comma", '"my images/0.jpg","lb/0.png"'],
    ["nothing, where one reading fits the files", "my images/0.jpg lb/0.png"],
  ])("names files with blanks by %s", async (_, line) => {
    await list(`${line}\n`);
    expect(await pairs()).toEqual([["my images/0.jpg", "lb/0.png"]]);
  });

  it("may have commas in names, and after them", async () => {
    await list("a,b.jpg lb/0.png\nim/1.jpg, lb/1.png\n");
    expect(await pairs()).toEqual([
      ["a,b.jpg", "lb/0.png"],
      ["im/1.jpg", "lb/1.png"],
    ]);
  });

  it("tells how to write a name with a blank", async () => {
    await list("some images/7.jpg lb/0.png\n");
    const [failure] = await mistakes();
    expect(failure.message).toMatch(/:1: expected an image and a label$/);
    expect(failure.help).toContain("stands in quotes");
  });

  it.each([
    ["UTF-8 with a mark", (text: string) => Buffer.from(`\ufeff${text}`)],
    ["UTF-16 of Windows", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")],
    ["UTF-16, the other way", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ])("may be %s", async (_, encode) => {
    await list(encode("im/1.jpg lb/1.png\r\n"));
    expect(await pairs()).toEqual([["im/1.jpg", "lb/1.png"]]);
  });

  it("that is no text is refused without printing it", async () => {
    await list(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]));
    expect(await mistakes()).toMatchObject([
      {
        message: expect.stringContaining("cannot read the list"),
        reason: expect.stringContaining("not text"),
      },
    ]);
  });

  it("may hold absolute names, and DeepLab's, in which / is the root", async () => {
    await list(`${join(root, "im/1.jpg")} ${join(root, "lb/1.png")}\n/im/1.jpg /lb/0.png\n`);
    expect(await pairs()).toEqual([
      ["im/1.jpg", "lb/1.png"],
      ["im/1.jpg", "lb/0.png"],
    ]);
  });

  it("whose columns are swapped is told so once", async () => {
    await list("lb/0.png im/1.jpg\nlb/1.png im/1.jpg\n");
    const failures = await mistakes();
    expect(failures).toHaveLength(1);
    expect(failures[0].message).toContain("names the label before the image");
    await touch("masks/a.png", "images/a.png");
    await list("masks/a.png images/a.png\n");
    expect((await mistakes())[0].message).toContain("names the label before the image");
  });

  it("is parsed whatever it says, and written names come back", () => {
    fc.assert(fc.property(fc.string(), (text) => void linesOf(text)));
    const name = fc.stringMatching(/^[a-z ,.é/-]*[a-z]$/).map((s) => s.trim());
    fc.assert(
      fc.property(name, name, (image, label) => {
        expect(linesOf(`"${image}" "${label}"\n`)[0]?.names).toEqual([image, label]);
        expect(linesOf(`${image}\t${label}`)[0]?.names).toEqual([image, label]);
      }),
    );
  });
});

describe("a folder that a tool exported is recognised", () => {
  const splits = async () => (await recognise(root))?.splits;

  it("as mmsegmentation lays it out", async () => {
    await touch(
      "img_dir/train/0.jpg",
      "ann_dir/train/0.png",
      "img_dir/val/0.jpg",
      "ann_dir/val/0.png",
    );
    expect(await splits()).toEqual({
      train: { images: "img_dir/train", labels: "ann_dir/train", suffix: "" },
      val: { images: "img_dir/val", labels: "ann_dir/val", suffix: "" },
    });
  });

  it("with masks beside the images", async () => {
    await touch("train/p.rf.a.jpg", "train/p.rf.a_mask.png", "valid/q.jpg", "valid/q_mask.png");
    expect(await splits()).toEqual({
      train: { images: "train", labels: "train", suffix: "_mask" },
      val: { images: "valid", labels: "valid", suffix: "_mask" },
    });
    await touch("lone/1.jpg", "lone/2.jpg", "lone/2_a.png");
    expect(await recognise(join(root, "lone"))).toBe(null);
  });

  it("by the suffix that most labels have, past what a file manager left", async () => {
    await touch("images/.DS_Store");
    for (let n = 1; n <= 12; n++) await touch(`images/${n}.jpg`, `masks/${n}_mask.png`);
    expect(await splits()).toEqual({
      train: { images: "images", labels: "masks", suffix: "_mask" },
    });
  });
});

describe("a file is read", () => {
  it.each([
    ["beside other work", readWhole],
    ["by the thread itself", readWholeHere],
  ])("only if it is one, and only as far as its bound, %s", async (_, read) => {
    const reason = async (path: string, most?: number) => {
      const result = await read(path, most)();
      return result._tag === "Left" ? result.left.reason : `${result.right}`;
    };
    execFileSync("mkfifo", [join(root, "pipe.png")]);
    expect(await reason(join(root, "pipe.png"))).toContain("pipe");
    expect(await reason("/dev/zero")).toContain("device");
    expect(await reason(root)).toBe("it is a folder");
    await writeFile(join(root, "long"), "12345");
    expect(await reason(join(root, "long"), 5)).toBe("12345");
    expect(await reason(join(root, "absent"))).toBe("there is no such file");
    expect(await reason(join(root, "long"), 4)).toBe("it has 5 bytes, and at most 4 are read");
  });
});

it("every layout stands in docs/data.md as it is declared", async () => {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile("docs/data.md", "utf8");
  for (const [name, { onDisk, split }] of Object.entries(layouts))
    expect(text).toContain(`| \`${name}\` | ${onDisk} | ${split} |`);
});
