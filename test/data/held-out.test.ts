/** Splits that are held out of the training split: what decides them, and what never changes them. */

import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nameOf, partOf } from "../../src/data/held-out.js";
import { openSplit, type Place, type Split } from "../../src/data/layout.js";
import type { Data } from "../../src/normalize/experiment.js";

const share = (part: number, together: string | null = null, seed = 0) => ({
  share: part,
  together,
  seed,
});
const names = Array.from({ length: 2000 }, (_, i) => `seq${Math.floor(i / 20)}_${i % 20}`);

describe("a held-out share", () => {
  it("is what the hash of the seed and the name says, whoever computes it", () => {
    const part = partOf({ val: share(0.2, null, 7), test: null });
    for (const name of names.slice(0, 50)) {
      const hex = createHash("sha256").update(`7 ${name}`).digest("hex").slice(0, 12);
      expect(part(name)).toBe(Number.parseInt(hex, 16) / 2 ** 48 < 0.2 ? "val" : "train");
    }
  });

  it("is about as large as it says, and another for another seed", () => {
    const inVal = (seed: number) => {
      const part = partOf({ val: share(0.2, null, seed), test: share(0.1, null, seed) });
      expect(names.filter((name) => part(name) === "test").length).toBeGreaterThan(140);
      return names.filter((name) => part(name) === "val");
    };
    const [first, second] = [inVal(0), inVal(1)];
    // Five standard deviations of a binomial distribution: 5·√(2000·0.2·0.8) = 90.
    for (const { length } of [first, second]) expect(Math.abs(length - 400)).toBeLessThan(90);
    expect(first).not.toEqual(second);
  });

  it("never takes a pair twice, nor moves it when others come, or a test split does", () => {
    const shares = fc.record({
      val: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      seed: fc.nat(),
    });
    const law = fc.property(shares, fc.string({ minLength: 1 }), ({ val, seed }, name) => {
      const alone = partOf({ val: share(val, null, seed), test: null })(name);
      const both = partOf({ val: share(val, null, seed), test: share(0.4, null, seed) })(name);
      expect(both === "val").toBe(alone === "val");
    });
    fc.assert(law);
  });

  it("keeps on one side what the pattern calls by one text", () => {
    const part = partOf({ val: share(0.3, "^(seq\\d+)_"), test: share(0.2, "^seq\\d+") });
    const sides = new Map<string, Set<string>>();
    for (const name of names) {
      const [sequence = ""] = name.split("_");
      sides.set(sequence, (sides.get(sequence) ?? new Set()).add(part(name)));
    }
    expect([...sides.values()].every(({ size }) => size === 1)).toBe(true);
    expect(new Set([...sides.values()].flatMap((one) => [...one]))).toEqual(
      new Set(["train", "val", "test"]),
    );
  });

  it("calls a pair by its image's path within the folder, in any composition, without the format", () => {
    const name = (image: string) => nameOf({ image, label: "" }, "/data/images");
    expect(name("/data/images/a/b.c.jpg")).toBe("a/b.c");
    expect(name("/data/images/caf\u0065\u0301.png")).toBe(name("/data/images/caf\u00e9.jpg"));
  });
});

describe("a layout", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "pspc-held-"));
    const touch = async (path: string) => {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), "");
    };
    const ids = Array.from({ length: 40 }, (_, i) => `s${i % 8}_${i}`);
    for (const id of ids)
      for (const folder of [
        "images/training",
        "annotations/training",
        "JPEGImages",
        "SegmentationClass",
      ])
        await touch(`${folder}/${id}.png`);
    await mkdir(join(root, "ImageSets/Segmentation"), { recursive: true });
    await writeFile(join(root, "ImageSets/Segmentation/all.txt"), ids.join("\n"));
    const lines = ids.map((id) => `images/training/${id}.png annotations/training/${id}.png`);
    await writeFile(join(root, "all.txt"), lines.join("\n"));
    await touch("images/training/alone.png");
  });
  afterAll(() => rm(root, { recursive: true }));

  const place = (change: Partial<Data>): Place => ({
    layout: "list",
    root,
    train: "all.txt",
    val: share(0.3),
    test: share(0.2),
    label_map: null,
    ...change,
  });
  const images = async (change: Partial<Data>, split: Split) =>
    (await openSplit(place(change), split)).map(({ image }) => relative(root, image));

  it.each([
    ["list", "all.txt"],
    ["voc", "all"],
  ] as const)("%s is cut into three parts of whole sequences", async (layout, train) => {
    const together = "s\\d+";
    const change = { layout, train, val: share(0.3, together), test: share(0.2, together) };
    const parts = await Promise.all(
      (["train", "val", "test"] as const).map((split) => images(change, split)),
    );
    expect(parts.flat().sort()).toEqual([...new Set(parts.flat())].sort());
    expect(parts.flat()).toHaveLength(40);
    const sequences = parts.map((part) => new Set(part.map((p) => /(s\d+)_/.exec(p)?.[1])));
    expect(sequences.reduce((sum, { size }) => sum + size, 0)).toBe(8);
  });

  it("of folders tells a missing partner with every part: whose it is, nobody knows", async () => {
    const change = { layout: "ade20k", train: "training" } as const;
    for (const split of ["train", "val"] as const)
      await expect(images(change, split)).rejects.toMatchObject({
        failure: { message: expect.stringContaining("alone.png has no partner") },
      });
  });

  it("says so where nothing falls to a part, and where a pattern matches nothing", async () => {
    await expect(images({ val: share(0.001) }, "val")).rejects.toMatchObject({
      failure: {
        message: "the val split is empty",
        reason: expect.stringContaining("of 40 pairs"),
      },
    });
    await expect(images({ val: share(0.3, "^clip\\d+") }, "train")).rejects.toMatchObject({
      failure: { message: "`together: ^clip\\d+` matches no name" },
    });
  });
});
