/** The drawing of a network: what it says is what the plan says, and what it shows is to scale. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { checkStill } from "../../src/compile.js";
import { failure } from "../../src/diagnostic/failure.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { trainingStep } from "../../src/plan/step.js";
import { drawing } from "../../src/play/drawing.js";
import { scenePixels } from "../../src/play/scene.js";
import { layers } from "../../src/report/layers.js";
import { asWritten } from "../../src/rewrite/passes.js";
import { pspc } from "../cli/captured.js";

const experimentOf = (name: string, overrides: readonly string[] = []): Experiment => {
  const read = (path: string) =>
    E.tryCatch(
      () => readFileSync(path, "utf8"),
      () => failure(path),
    );
  const { result } = checkStill({ cwd: "/", read })({ entry: resolve("specs", name), overrides });
  if (E.isLeft(result)) throw new Error(`${name} has mistakes`);
  return result.right.experiment;
};

const drawnOf = (experiment: Experiment, chosen?: string) => {
  const rows = layers(trainingStep(experiment, asWritten));
  return { rows, ...drawing({ experiment, layers: rows, chosen }) };
};

const attribute = (tag: string, name: string): number =>
  Number(RegExp(` ${name}="([\\d.-]+)"`).exec(tag)?.[1]);

describe("a drawing", () => {
  test("is well-formed, and names every part of every shipped spec with its size", () => {
    const names = readdirSync("specs").filter((name) => /^(camvid|pspnet50.*)\.yaml$/.test(name));
    expect(names).toHaveLength(4);
    for (const name of names) {
      const experiment = experimentOf(name);
      const { svg, rows, parts } = drawnOf(experiment);
      const opened = svg.match(/<(g|svg|title|text)(\s[^>]*)?>/g)?.length;
      expect(svg.match(/<\/(g|svg|title|text)>/g)).toHaveLength(opened ?? -1);
      expect(parts).toHaveLength(6);
      // The stem halves twice; from there to the features it is the output stride.
      const strides = [...svg.matchAll(/>stride (\d+), dilation/g)].map(([, each]) => Number(each));
      expect(strides).toEqual([4, 1, 2, 1, 1, 1]);
      for (const part of parts) {
        const row = rows.find((each) => each.name === part);
        expect(svg).toContain(`data-layer="${part}"`);
        expect(svg).toContain(`>${row?.output.join("×")}</text>`);
      }
      for (const bin of experiment.model.pyramid?.bins ?? [])
        expect(svg).toContain(`bin ${bin}: ${bin}×${bin}`);
    }
  });

  test("shows the receptive field of the chosen layer to the picture's scale, and no more than the picture", () => {
    const experiment = experimentOf("camvid.yaml");
    const [height] = experiment.train.crop;
    const widest = Math.max(...experiment.train.crop);
    for (const [layer, sees] of [
      ["backbone.stage2.block2.2", 103],
      ["backbone.stage4.block1.2", 359],
    ] as const) {
      const { svg } = drawnOf(experiment, layer);
      const [field = ""] = /<rect[^>]*stroke-dasharray[^>]*>/.exec(svg) ?? [];
      const scale = 220 / widest;
      expect(attribute(field, "height")).toBeCloseTo(Math.min(sees, height) * scale, 1);
      expect(attribute(field, "width")).toBeCloseTo(Math.min(sees, widest) * scale, 1);
      expect(svg).toContain(`sees ${sees}×${sees} pixels`);
    }
  });

  test("lays as many cells over the picture as each bin has", () => {
    const experiment = experimentOf("camvid.yaml", ["model.pyramid.bins=[1, 4]"]);
    const { svg } = drawnOf(experiment);
    const [, first = "", second = ""] = svg.split('<g fill="none" stroke="#ffffff"');
    // Each line is drawn twice, dark under light.
    expect(first.split("<g role")[0]?.match(/<rect/g)).toHaveLength(2);
    expect(second.split("<g role")[0]?.match(/<rect/g)).toHaveLength(32);
  });

  test("of a network without pyramid and auxiliary head has neither", () => {
    const bare = experimentOf("camvid.yaml", ["model.pyramid=none", "model.auxiliary=none"]);
    const { svg } = drawnOf(bare);
    expect(svg).not.toMatch(/bin \d|concatenated|auxiliary/);
    expect(svg).toContain("prediction");
  });

  test("is written by `plan --svg`, with a ground of its own", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pspc-svg-"));
    const file = join(folder, "network.svg");
    const { code } = await pspc(process.cwd(), "plan", "specs/camvid.yaml", "--svg", file);
    expect(code).toBe(0);
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(text).toContain('fill="#ffffff"/>');
    const two = ["specs/camvid.yaml", "specs/camvid.yaml#fcn", "--diff", "--svg", file];
    const { code: refused, err } = await pspc(process.cwd(), "plan", ...two);
    expect(refused).toBe(3);
    expect(err).toContain("--svg draws one spec");
    rmSync(folder, { recursive: true });
  });
});

test("the example picture has a label for each pixel, the same at any time", () => {
  const { image, labels } = scenePixels(90, 120);
  expect(labels.includes(255)).toBe(false);
  expect(new Set(labels).size).toBe(8);
  expect(scenePixels(90, 120).image).toEqual(image);
});
