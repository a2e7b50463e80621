/** Photometric distortion and scales of a base size against numpy and OpenCV (test/oracle/distort.py). */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { distorter } from "../../src/data/distort.js";
import { plain } from "../../src/data/loops.js";
import { sizeWithin } from "../../src/language/geometry.js";
import type { Distortion } from "../../src/plan/transform.js";

const lines = readFileSync("test/golden/oracle/distort.txt", "utf8").trim().split("\n");
const rows = lines.map((line) => line.split(" "));
const [distortions, sizes] = [rows.slice(0, 48), rows.slice(48)];
const number = (word = ""): number | null => (word === "-" ? null : Number(word));

const none: Distortion = {
  brightness: null,
  contrast: null,
  contrastLast: false,
  saturation: null,
  hue: null,
};

const distorted = (
  image: Uint8Array,
  how: Distortion,
  labels = image.slice(0, image.length / 3),
) => {
  const count = labels.length;
  const loops = plain(2 * count);
  const [colours, indices, end] = [4 * count, 7 * count, 8 * count];
  loops.bytes.set(image, colours);
  loops.bytes.set(labels, indices);
  loops.pack(colours, indices, 0, count);
  distorter(how)(loops.words, 0, count);
  loops.unpack(0, colours, indices, count);
  return { image: loops.bytes.slice(colours, indices), labels: loops.bytes.slice(indices, end) };
};

describe("photometric distortion", () => {
  it("is mmsegmentation's, byte for byte, on every drawn row", () => {
    expect(distortions.every(([, , when]) => when === "first" || when === "last")).toBe(true);
    for (const row of distortions) {
      const [brightness, contrast, when, saturation, hue, before = "", after = ""] = row;
      const how: Distortion = {
        brightness: number(brightness),
        contrast: number(contrast),
        contrastLast: when === "last",
        saturation: number(saturation),
        hue: number(hue),
      };
      const { image } = distorted(new Uint8Array(Buffer.from(before, "hex")), how);
      expect(Buffer.from(image).toString("hex")).toBe(after);
    }
  });

  it("tells the two places of contrast apart, and leaves labels alone", () => {
    const image = new Uint8Array(Buffer.from(distortions[1]?.[5] ?? "", "hex"));
    const both = { ...none, contrast: 1.5, saturation: 0.5 };
    const first = distorted(image, both);
    const last = distorted(image, { ...both, contrastLast: true });
    expect(first.image).not.toEqual(last.image);
    expect(first.labels).toEqual(image.slice(0, image.length / 3));
  });

  it("changes nothing where nothing was drawn, and greys only in their light", () => {
    const greys = Uint8Array.from({ length: 3 * 256 }, (_, i) => Math.floor(i / 3));
    expect(distorted(greys, none).image).toEqual(greys);
    expect(distorted(greys, { ...none, hue: 17, saturation: 1.5 }).image).toEqual(greys);
    const lighter = distorted(greys, { ...none, brightness: 10 }).image;
    expect([lighter[0], lighter[3 * 100], lighter[3 * 255]]).toEqual([10, 110, 255]);
  });
});

it("a scale of a base size makes pictures as large as mmcv makes them", () => {
  expect(sizes).toHaveLength(60);
  for (const words of sizes) {
    const [height = 0, width = 0, short = 0, long = 0, scale = 0, h, w] = words.map(Number);
    expect(sizeWithin([height, width], [short, long], scale)).toEqual([h, w]);
  }
});
