import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { toBytes } from "../../examples/context-scenes/canvas.mjs";
import { CLASSES, type ClassName, classIndex } from "../../examples/context-scenes/classes.mjs";
import {
  drawScene,
  SIZE,
  WORLDS,
  type World,
  worldOf,
} from "../../examples/context-scenes/scene.mjs";

const indices = Array.from({ length: 9 }, (_, i) => i);
const at = (x: number, y: number) => y * SIZE + x;

const drawn = WORLDS.map((world) => indices.map((index) => drawScene(0, "val", index, world)));
const scene = (index: number, world: World) => drawn[WORLDS.indexOf(world)]![index]!;

/** The corners that may hold a landmark: nothing else may tell one world from another. */
const inCorner = (pixel: number) => {
  const [x, y] = [pixel % SIZE, Math.floor(pixel / SIZE)];
  return y < 0.36 * SIZE && (x < 0.3 * SIZE || x >= 0.7 * SIZE);
};

/** Names of the pixels of a picture in one world, by what they are called in another. */
function renamings(index: number, from: "coast" | "town", to: "town" | "bedroom") {
  const [one, other] = [scene(index, from), scene(index, to)];
  const pairs = new Set<string>();
  one.label.forEach((label, pixel) => {
    if (!inCorner(pixel)) pairs.add(`${CLASSES[label]} → ${CLASSES[other.label[pixel]!]}`);
  });
  return pairs;
}

describe("a context scene", () => {
  it("is a function of seed, split and index", () => {
    const digest = (seed: number, split: string, index: number) =>
      createHash("sha256")
        .update(toBytes(drawScene(seed, split, index).rgb))
        .digest("hex");
    expect(digest(0, "train", 4)).toBe(digest(0, "train", 4));
    const others = [digest(0, "train", 4), digest(1, "train", 4), digest(0, "val", 4)];
    expect(new Set([...others, digest(0, "train", 7)]).size).toBe(4);
  });

  it("holds known classes, and all of them occur in nine scenes", () => {
    const seen = new Set<number>();
    for (const index of indices)
      for (const label of drawScene(0, "train", index).label) seen.add(label);
    expect([...seen].sort((a, b) => a - b)).toEqual(CLASSES.map((name) => classIndex(name)));
  });

  it("shows the same pixels at sea and in town, except in one upper corner", () => {
    for (const index of indices) {
      const sea = scene(index, "coast").rgb;
      const town = scene(index, "town").rgb;
      const differing = sea.findIndex(
        (value, i) => value !== town[i] && !inCorner(Math.floor(i / 3)),
      );
      expect(differing).toBe(-1);
      expect(sea).not.toEqual(town);
    }
  });

  it("shows the same pixels in a bedroom, except where a hull would be", () => {
    const hull = classIndex("boat");
    for (const index of indices) {
      const sea = scene(index, "coast");
      const bedroom = scene(index, "bedroom");
      const near = (pixel: number) => nearClass(sea.label, hull, pixel);
      const differing = sea.rgb.findIndex((value, i) => {
        const pixel = Math.floor(i / 3);
        return value !== bedroom.rgb[i] && !inCorner(pixel) && !near(pixel);
      });
      expect(differing).toBe(-1);
    }
  });

  it("calls the same pixels by the names of its world", () => {
    const inTown = new Set(indices.flatMap((i) => [...renamings(i, "coast", "town")]));
    expect(inTown).toEqual(new Set(["sky → sky", "water → road", "boat → car"]));
    const inBedroom = new Set(indices.flatMap((i) => [...renamings(i, "coast", "bedroom")]));
    const hulls = ["boat → bed", "boat → pillow"].filter((pair) => inBedroom.has(pair));
    const expected = ["sky → wall", "water → bed", "water → pillow", ...hulls];
    expect(inBedroom).toEqual(new Set(expected));
  });

  it("tells its world by a landmark of that world alone", () => {
    const landmark = { coast: "boat", town: "building", bedroom: "window" } as const;
    for (const index of indices) {
      const names = new Set<ClassName>();
      scene(index, worldOf(index)).label.forEach((label, pixel) => {
        if (inCorner(pixel)) names.add(CLASSES[label]!);
      });
      for (const world of WORLDS)
        expect(names.has(landmark[world]), `${world} in ${index}`).toBe(world === worldOf(index));
    }
  });
});

/** Whether a pixel of the class lies within the shadow's reach. */
function nearClass(label: Uint8Array, wanted: number, pixel: number): boolean {
  const [x, y] = [pixel % SIZE, Math.floor(pixel / SIZE)];
  for (let v = Math.max(0, y - 6); v <= Math.min(SIZE - 1, y + 6); v++)
    for (let u = Math.max(0, x - 6); u <= Math.min(SIZE - 1, x + 6); u++)
      if (label[at(u, v)] === wanted) return true;
  return false;
}
