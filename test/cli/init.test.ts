import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { palette } from "../../src/data/palette.js";
import { writeImage, writePalettePng } from "../../src/data/write.js";
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
  await writePalettePng(join(data, "1.label.png"), labels, height, width, palette());
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
    expect(await pspc(folder, "check", "first.yaml")).toMatchObject({ code: 0, err: "" });
    expect((await pspc(folder, "data", "check", "first.yaml")).out).toContain(
      "val: 1 pair, all well",
    );
    const { data } = JSON.parse((await pspc(folder, "plan", "first.yaml", "--json")).out);
    expect(data).toEqual({ images: 16, steps_per_epoch: 2, epochs: 50 });
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
    expect(err).toContain("holds no train.txt");
  });
});
