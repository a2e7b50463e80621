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

const drawn = WORLDS.map((world) => indices.map((index) => drawScene(0, "val", index, world)));
const scene = (index: number, world: World) => drawn[WORLDS.indexOf(world)]![index]!;

/** The corners that may hold a landmark: nothing else may tell one world from another. */
const inCorner = (pixel: number) => {
  const [x, y] = [pixel % SIZE, Math.floor(pixel / SIZE)];
  return y < 0.36 * SIZE && (x < 0.3 * SIZE || x >= 0.7 * SIZE);
};

/** What the pixels at the coast are called, and what the same pixels are called in another world. */
const renamings = (other: World): ReadonlySet<string> =>
  new Set(
    indices.flatMap((index) => {
      const there = scene(index, other).label;
      return [...scene(index, "coast").label]
        .map((label, pixel) => `${CLASSES[label]} → ${CLASSES[there[pixel]!]}`)
        .filter((_, pixel) => !inCorner(pixel));
    }),
  );

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

  it("shows the same pixels in every world, except in one upper corner", () => {
    for (const index of indices)
      for (const world of ["town", "bedroom"] as const) {
        const [sea, other] = [scene(index, "coast").rgb, scene(index, world).rgb];
        const differing = sea.findIndex(
          (value, i) => value !== other[i] && !inCorner(Math.floor(i / 3)),
        );
        expect(differing).toBe(-1);
        expect(sea).not.toEqual(other);
      }
  });

  it("calls the same pixels by the names of its world", () => {
    expect(renamings("town")).toEqual(new Set(["sky → sky", "water → road", "boat → car"]));
    expect(renamings("bedroom")).toEqual(
      new Set(["sky → wall", "water → bed", "water → pillow", "boat → toy"]),
    );
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
