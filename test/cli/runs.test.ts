/** A run is enough: it is continued, scored and changed from any folder, without its spec, and no other spec takes it. */

import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readMetrics } from "../../src/run/journal.js";
import { readRun } from "../../src/run/record.js";
import { scoring } from "../data/dataset.js";
import { squares, temporary } from "../run/tiny.js";
import { pspc } from "./captured.js";

const folder = await temporary();
const device = ["--device", "cpu"] as const;

const spec = `pspc: 1
data: {root: squares, train: train.txt, val: val.txt, classes: [ground, square]}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 4}, stem: conv7}
  pyramid: {bins: [1, 2]}
  head: {channels: 4}
  auxiliary: none
train: {iterations: 2, batch: 2, crop: 41, augment: [mirror]}
`;

const run = join(folder, "made", "runs", "tiny");

beforeAll(async () => {
  await squares(join(folder, "made", "squares"));
  mkdirSync(join(folder, "elsewhere"));
  const module = `import { pspc } from "./words.mjs";\nexport default { pspc, extends: "base.yaml" };\n`;
  writeFileSync(join(folder, "made", "words.mjs"), "export const pspc = 1;\n");
  writeFileSync(join(folder, "made", "base.yaml"), spec);
  writeFileSync(join(folder, "made", "tiny.mjs"), module);
  const trained = await pspc(join(folder, "made"), "train", "tiny.mjs", ...device);
  expect(trained).toMatchObject({ code: 0, out: "runs/tiny\n" });
  for (const name of ["tiny.mjs", "words.mjs", "base.yaml"]) rmSync(join(folder, "made", name));
  renameSync(join(folder, "made", "squares"), join(folder, "moved"));
});

const elsewhere = (...words: readonly string[]) => pspc(join(folder, "elsewhere"), ...words);

describe("a run whose spec, module and data are gone", { timeout: 120_000 }, () => {
  it("is scored where its data are now, and in other ways", async () => {
    const moved = `data.root=${join(folder, "moved")}`;
    const words = ["evaluate.mirror=true", "--json", ...device];
    const { code, out, err } = await elsewhere("eval", run, moved, ...words);
    expect({ code, err: err.includes("warning") }).toEqual({ code: 0, err: false });
    expect(JSON.parse(out)).toMatchObject({
      split: "val",
      evaluate: { mirror: true },
    });
    const train = ["data.val=train.txt", "--split", "val", "--json", ...device];
    expect(JSON.parse((await elsewhere("eval", run, moved, ...train)).out)).toMatchObject({
      images: 8,
    });
    // Relative to where the command runs.
    const relative = await elsewhere("eval", run, "data.root=../moved", "--json", ...device);
    expect(relative.code).toBe(0);
  });

  it("is scored on data of another layout, whose labels mean the same classes", async () => {
    await scoring["dark-zurich"]!(join(folder, "night"));
    const { code, out, err } = await elsewhere(
      "eval",
      run,
      ...["data.layout=dark-zurich", `data.root=${join(folder, "night")}`, "data.val=val"],
      ...["data.labels={0: ground, 18: square, 255: ignore}", "--json", ...device],
    );
    expect({ code, err: err.includes("error") }).toEqual({ code: 0, err: false });
    expect(JSON.parse(out)).toMatchObject({ split: "val", images: 2 });
  });

  it("refuses by name what would change what was trained, and what is no key", async () => {
    const words = ["train.batch=4", "evaluate.mirror=true", "data.classes=[a, b]"];
    const refused = await elsewhere("eval", run, ...words);
    expect(refused).toMatchObject({ code: 3, out: "" });
    expect(refused.err).toContain("`train.batch=4`, `data.classes=[a, b]` would change what");
    expect(refused.err).not.toContain("`evaluate.mirror");
    const misspelt = await elsewhere("eval", run, "evaluate.miror=true");
    expect(misspelt.code).toBe(1);
    expect(misspelt.err).toContain("argument 1:1");
    expect(misspelt.err).toContain("did you mean `mirror`?");
  });

  it("predicts, and exports", async () => {
    const image = join(folder, "moved", "0.png");
    const told = await elsewhere("predict", run, image, "--out", "seen", "--json", ...device);
    expect(JSON.parse(told.out)).toMatchObject([{ classes: "seen/0.png" }]);
    expect(await elsewhere("export", run, "--to", "w.safetensors")).toMatchObject({ code: 0 });
    const small = ["--to", "w.tfjs", "--size", "8x40"];
    const { code, err } = await elsewhere("export", run, ...small);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("Export sides") });
    expect(existsSync("w.tfjs")).toBe(false);
  });

  it("goes on with a longer plan, by its record alone", async () => {
    const more = ["train.iterations=3", `data.root=${join(folder, "moved")}`];
    const { code, err } = await elsewhere("train", "--resume", run, ...more, ...device);
    expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining("finished") });
    const { state, step, overrides, spec: named } = await readRun(run);
    expect({ state, step, overrides, named }).toEqual({
      state: "finished",
      step: 3,
      overrides: more,
      named: "tiny.mjs",
    });
    expect((await readMetrics(run)).lines.filter((line) => "loss" in line)).toHaveLength(3);
  });
});

describe("specs of one name", { timeout: 120_000 }, () => {
  it("keep their runs apart, under names that can be read", async () => {
    const home = join(folder, "two");
    for (const [place, width] of [
      ["streets", 4],
      ["fields", 8],
    ] as const) {
      mkdirSync(join(home, place), { recursive: true });
      const own = spec.replace("root: squares", `root: ${join(folder, "moved")}`);
      writeFileSync(join(home, place, "s.yaml"), own.replace("width: 4", `width: ${width}`));
    }
    const train = (name: string) => pspc(home, "train", `${name}/s.yaml`, ...device);
    expect((await train("streets")).out).toBe("runs/s\n");
    expect((await train("fields")).out).toBe("runs/fields-s\n");
    // Its own is never overwritten, nor left for another name.
    for (const [name, own] of [
      ["streets", "runs/s"],
      ["fields", "runs/fields-s"],
    ] as const)
      expect(await train(name)).toMatchObject({
        code: 1,
        err: expect.stringContaining(`${own} holds a finished run`),
      });
    for (const name of ["streets", "fields"]) {
      const { code, out } = await pspc(home, "eval", `${name}/s.yaml`, "--json", ...device);
      const { fingerprint } = JSON.parse(out) as { readonly fingerprint: string };
      const record = join(home, "runs", name === "streets" ? "s" : "fields-s", "run.json");
      expect({ code, own: (await readFile(record, "utf8")).includes(fingerprint) }).toEqual({
        code: 0,
        own: true,
      });
    }
  });
});

describe("one runs folder of two people", { timeout: 120_000 }, () => {
  const home = join(folder, "shared");
  const train = (who: string, ...words: readonly string[]) =>
    pspc(join(home, who), "train", "s.yaml", ...words, ...device);

  it("holds a run of each, although both type the same name", async () => {
    mkdirSync(join(home, "runs"), { recursive: true });
    for (const [who, width] of [
      ["ann", 4],
      ["bob", 8],
    ] as const) {
      mkdirSync(join(home, who));
      symlinkSync(join(home, "runs"), join(home, who, "runs"));
      const own = spec.replace("root: squares", `root: ${join(folder, "moved")}`);
      writeFileSync(join(home, who, "s.yaml"), own.replace("width: 4", `width: ${width}`));
    }
    expect((await train("ann")).out).toBe("runs/s\n");
    expect((await train("bob")).out).toBe("runs/bob-s\n");
    const changed = await train("ann", "--continue", "train.batch=4");
    expect(changed).toMatchObject({
      code: 1,
      err: expect.stringContaining("runs/s was trained by another plan"),
    });
  });

  it("still knows them when everything is moved, and a run of 0.1 by the name that was typed", async () => {
    renameSync(home, join(folder, "moved on"));
    renameSync(join(folder, "moved on"), home);
    const record = join(home, "runs", "s", "run.json");
    const { spec_place, ...old } = JSON.parse(await readFile(record, "utf8"));
    expect(spec_place).toBe("../../ann/s.yaml");
    writeFileSync(record, JSON.stringify(old));
    expect(await train("bob", "model.head.channels=2")).toMatchObject({
      code: 1,
      err: expect.stringContaining("runs/s holds a finished run"),
    });
  });
});

describe("import", () => {
  it("judges the file that it is given, whatever is wrong with the spec's own weights", async () => {
    const made = join(folder, "w.safetensors");
    const own = spec.replace("model:", "model:\n  weights: nowhere.pth");
    writeFileSync(join(folder, "import.yaml"), own);
    expect(await elsewhere("export", run, "--to", made)).toMatchObject({ code: 0 });
    const { code, out, err } = await pspc(folder, "import", made, "import.yaml");
    expect(code).toBe(0);
    expect(err).not.toContain("nowhere.pth");
    expect(out).toContain("fit");
    expect((await pspc(folder, "check", "import.yaml")).err).toContain("nowhere.pth");
  });
});
