import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import type { Check } from "../../src/compile.js";
import { errorsIn } from "../../src/diagnostic/diagnostic.js";
import { presetNames } from "../../src/language/semantics.js";
import { differences } from "../../src/normalize/difference.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import type { Resolved } from "../../src/normalize/normalize.js";
import { show } from "../../src/normalize/show.js";
import { check, checkChild, codes, minimal, shown } from "../golden/front.js";
import { full } from "../language/full.js";

const resolved = (checked: Check): Resolved => {
  if (E.isLeft(checked.result)) throw new Error(shown(checked));
  return checked.result.right;
};
const experiment = (text: string, variant?: string, overrides?: readonly string[]): Experiment =>
  resolved(checkChild(text, variant, overrides)).experiment;

describe("defaults", () => {
  const { model, train, evaluate, data } = experiment("");

  test("are PSPNet50 and its recipe", () => {
    expect(model.backbone).toEqual({
      block: "bottleneck",
      blocks: [3, 4, 6, 3],
      width: 64,
      stem: { kind: "deep", channels: [64, 64, 128] },
      pool: "max",
      dilations: [1, 1, 2, 4],
      strides: [1, 2, 1, 1],
      stride_site: "3x3",
      first_dilation: "full",
      groups: null,
      split_attention: null,
      dilated: "both",
      dilated_blocks: "all",
      shortcut: "strided",
      projection: "needed",
      activation: "relu",
    });
    expect(model.pyramid).toEqual({
      bins: [1, 2, 3, 6],
      pool: "average",
      channels: 512,
      order: "ascending",
    });
    expect(model.head).toEqual({ channels: 512, dropout: 0.1 });
    expect(model.auxiliary).toEqual({ after: 3, channels: 256, dropout: 0.1, weight: 0.4 });
    expect(train.schedule).toEqual({ base: 0.01, power: 0.9, end: 0 });
    expect(train.multipliers.new).toBe(10);
    expect(train.augment.map((a) => a.op)).toEqual(["scale", "rotate", "blur", "mirror"]);
  });

  test("of evaluation follow the training crop", () => {
    expect(evaluate.mode).toBe("whole");
    expect(evaluate.window).toEqual([89, 89]);
    expect(experiment("evaluate: {overlap: 1/3}").evaluate.mode).toBe("slide");
  });

  test("of labels are the identity, with 255 ignored", () => {
    expect([...data.labels]).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
      [255, "ignore"],
    ]);
  });
});

describe("labels", () => {
  test("are named, ignored, or counted from a first value", () => {
    const named = experiment("data: {labels: {0: ignore, 7: road, 8: sky, 9: car, 10: car}}");
    expect([...named.data.labels]).toEqual([
      [0, "ignore"],
      [7, 1],
      [8, 0],
      [9, 2],
      [10, 2],
      [255, "ignore"],
    ]);
    const counted = experiment("data: {labels: {first: 1}, ignore: 0}");
    expect([...counted.data.labels].slice(0, 2)).toEqual([
      [0, "ignore"],
      [1, 0],
    ]);
  });

  test("of more than 255 classes leave 255 to one of them, and ignore 65535", () => {
    const names = Array.from({ length: 300 }, (_, i) => `c${i}`);
    const { labels } = experiment(`data: {classes: [${names.join(", ")}]}`).data;
    expect([255, 299, 300, 65535].map((value) => labels.get(value))).toEqual([
      255,
      299,
      undefined,
      "ignore",
    ]);
  });

  test("of one class are a background and it", () => {
    const { classes, labels } = experiment("data: {classes: [crack]}").data;
    expect(classes).toEqual(["background", "crack"]);
    expect([labels.get(0), labels.get(1), labels.get(255)]).toEqual([0, 1, "ignore"]);
    const two = experiment("data: {classes: [sound, crack]}").data;
    expect(two.classes).toEqual(["sound", "crack"]);
  });

  test("are named by ranges, above which a value alone stands", () => {
    const { labels } = experiment(
      "data: {labels: {0..2: sky, 1: road, 3..254: car, 255: road}}",
    ).data;
    expect([0, 1, 2, 3, 254, 255].map((value) => labels.get(value))).toEqual([0, 1, 0, 2, 2, 1]);
    expect(labels.size).toBe(256);
  });

  test("give 255 to a class that asks for it", () => {
    const { labels } = experiment("data: {labels: {0: sky, 1: road, 255: car}}").data;
    expect(labels.get(255)).toBe(2);
  });
});

describe("a narrow network", () => {
  const { model } = experiment(
    "model: {backbone: {resnet: {block: basic, blocks: [2, 2, 2, 2], width: 32}}}",
  );

  test("scales stem, branches and heads with its width", () => {
    expect(model.backbone.stem).toEqual({ kind: "deep", channels: [32, 32, 64] });
    expect(model.pyramid?.channels).toBe(64);
    expect(model.head.channels).toBe(256);
    expect(model.auxiliary?.channels).toBe(128);
  });

  test("has its stride on a 3×3 whatever the preset", () => {
    const caffe = experiment("semantics: caffe\nmodel: {backbone: {resnet: 18}}");
    expect(caffe.model.backbone.stride_site).toBe("3x3");
  });
});

describe("reduction", () => {
  const channels = (pyramid: string) =>
    experiment(`model: {pyramid: ${pyramid}}`).model.pyramid?.channels;

  test("is by levels, by a number, to a number of channels, or none", () => {
    expect(channels("{bins: [1, 2]}")).toBe(1024);
    expect(channels("{reduction: 3}")).toBe(682);
    expect(channels("{reduction: {channels: 100}}")).toBe(100);
    expect(channels("{reduction: none}")).toBe(null);
  });
});

describe("presets", () => {
  test("mmseg differs from semseg where mmsegmentation does", () => {
    const { model, train, evaluate } = experiment("semantics: mmseg");
    expect(model.align_corners).toBe(false);
    expect(model.backbone.first_dilation).toBe("contracted");
    expect(model.backbone.stem).toEqual({ kind: "deep", channels: [32, 32, 64] });
    expect(model.pyramid?.channels).toBe(512);
    expect(train.loss.mean_over).toBe("all");
    expect(train.multipliers.new).toBe(1);
    expect(evaluate.absent_class).toBe("skip");
  });

  test("mmseg's basic blocks dilate once, and its widths follow the backbone and the head", () => {
    const { model } = experiment("semantics: mmseg\nmodel: {backbone: {resnet: 18}}");
    expect(model.backbone.dilated).toBe("first");
    const widths = [model.pyramid?.channels, model.head.channels, model.auxiliary?.channels];
    expect(widths).toEqual([128, 128, 64]);
    const wide = experiment("semantics: mmseg\nmodel: {head: {channels: 256}}").model;
    expect([wide.pyramid?.channels, wide.auxiliary?.channels]).toEqual([256, 256]);
  });

  test("give way to what is written", () => {
    const { model } = experiment("semantics: mmseg\nmodel: {align_corners: true}");
    expect(model.align_corners).toBe(true);
  });
});

describe("show", () => {
  const sources = [
    "",
    "semantics: paper\nmodel: {pyramid: none}",
    ...presetNames.map((p) => `semantics: ${p}`),
  ];

  test.each(sources)("prints a spec of the same meaning: %j", (text) => {
    const checked = checkChild(text);
    const again = check({ "spec.yaml": show(resolved(checked), checked.sources) });
    expect(resolved(again).experiment).toEqual(resolved(checked).experiment);
  });

  test("prints everything that can be written", () => {
    const checked = check({ "spec.yaml": JSON.stringify(full) });
    const text = show(resolved(checked), checked.sources);
    const again = check({ "spec.yaml": text });
    expect(resolved(again).experiment).toEqual(resolved(checked).experiment);
    expect(text).not.toMatch(/default:|semantics:.*#.*semantics:|from:/);
  });

  test("tells where every value is from", async () => {
    const spec = "semantics: paper\nmodel:\n  pyramid: {bins: [1, 2]}\n";
    const checked = checkChild(spec, undefined, ["train.batch=8"]);
    const text = show(resolved(checked), checked.sources);
    await expect(text).toMatchFileSnapshot("../golden/show.txt");
  });
});

describe("differences", () => {
  const between = (left: string, right: string) =>
    differences(resolved(checkChild(left)), resolved(checkChild(right)));

  test("are of meaning, not of spelling", () => {
    const spelt = "model: {pyramid: {bins: [1, 2, 3, 6], pool: average}}\nevaluate: {overlap: 1/3}";
    expect(between("evaluate: {mode: slide}", spelt)).toEqual([]);
  });

  test("name the path and both values", () => {
    expect(between("train: {batch: 8}", "model: {pyramid: {pool: max}}")).toEqual([
      { path: "model.pyramid.pool", left: "average", right: "max" },
      { path: "train.batch", left: 8, right: 16 },
    ]);
  });

  test("hold what only one of the two has", () => {
    const found = between("", "model: {auxiliary: none}");
    expect(found).toContainEqual({ path: "model.auxiliary", left: undefined, right: "none" });
    expect(found).toContainEqual({ path: "model.auxiliary.weight", left: 0.4, right: undefined });
  });

  test("of two presets are the choices that they disagree on", () => {
    const paths = between("semantics: semseg", "semantics: caffe").map((d) => d.path);
    expect(paths).toEqual([
      "semantics",
      "model.backbone.stride_site",
      "model.pyramid.order",
      "model.norm.momentum",
      "train.optimizer.sgd.decay",
      "evaluate.padding",
    ]);
  });
});

describe("parents", () => {
  test("are merged map by map; lists and scalars are replaced", () => {
    const parent = `${minimal}model: {pyramid: {bins: [1, 2], pool: max}}\n`;
    const child = "extends: base/p.yaml\nmodel: {pyramid: {bins: [3]}}";
    const files = { "spec.yaml": child, "base/p.yaml": parent };
    const { model, data } = resolved(check(files)).experiment;
    expect(model.pyramid).toMatchObject({ bins: [3], pool: "max" });
    expect(data.root).toBe("/project/base/data");
  });

  test("a label map is replaced as a whole", () => {
    const parent = `${minimal.replace("car]", "car], labels: {7: sky, 8: road, 9: car}")}`;
    const files = { "spec.yaml": "extends: p.yaml\ndata: {labels: {first: 1}}", "p.yaml": parent };
    expect([...resolved(check(files)).experiment.data.labels.keys()]).toEqual([1, 2, 3, 255]);
  });

  test("a way to save memory replaces another one", () => {
    const parent = minimal.replace("crop: 89", "crop: 89, memory: {recompute: blocks}");
    const files = {
      "spec.yaml": "extends: p.yaml\ntrain: {memory: {budget: 6GiB}}",
      "p.yaml": parent,
    };
    expect(resolved(check(files)).experiment.train.memory).toEqual({ budget: 6 * 1024 ** 3 });
  });

  test("a path on the command line is relative to where the command runs", () => {
    const { data } = experiment("", undefined, ["data.root=other"]);
    expect(data.root).toBe("/project/other");
  });

  test("another choice replaces the first", () => {
    const parent = `${minimal}model: {backbone: {stem: {deep: [8, 8, 16]}}}\n`;
    const child = "extends: p.yaml\nmodel: {backbone: {stem: {conv7: 32}}}";
    const { model } = resolved(check({ "spec.yaml": child, "p.yaml": parent })).experiment;
    expect(model.backbone.stem).toEqual({ kind: "conv7", channels: 32 });
  });

  test("a mistake in a parent is shown in the parent", () => {
    const parent = `${minimal}model: {pyramid: {binz: [1]}}\n`;
    const found = check({ "spec.yaml": "extends: p.yaml\n", "p.yaml": parent });
    expect(found.diagnostics[0]!.primary.at?.file).toBe("p.yaml");
  });

  test("a circle of three is told once", () => {
    const files = {
      "spec.yaml": "extends: a.yaml",
      "a.yaml": "extends: b.yaml",
      "b.yaml": "extends: a.yaml",
    };
    expect(codes(check(files))).toEqual(["E0302"]);
  });
});

describe("variants", () => {
  const text = `
variants:
  no-aux: {model.auxiliary: none}
  both:
    model.head.dropout: 0
    matrix: {model.pyramid.bins: [[1], [1, 2]], model.pyramid.pool: [average, max]}
`;

  test("are named, matrices as the product of their axes", () => {
    expect(checkChild(text).variants).toEqual([
      "no-aux",
      "both_1_average",
      "both_1_max",
      "both_1-2_average",
      "both_1-2_max",
    ]);
  });

  test("change what they name and nothing else", () => {
    const changed = experiment(text, "both_1-2_max");
    const plain = experiment(text);
    expect(changed.model.pyramid).toMatchObject({ bins: [1, 2], pool: "max" });
    expect(changed.model.head.dropout).toBe(0);
    expect(changed.train).toEqual(plain.train);
  });

  test("give way to overrides", () => {
    const { model } = experiment(text, "both_1_max", ["model.pyramid.pool=average"]);
    expect(model.pyramid?.pool).toBe("average");
  });

  test("are all checked, unless one is chosen", () => {
    const bad = `${text}  bad: {model.pyramid.pool: mean}\n`;
    expect(codes(checkChild(bad)).filter((c) => c === "E0204")).toEqual(["E0204"]);
    expect(codes(checkChild(bad, "no-aux"))).not.toContain("E0204");
    expect(E.isRight(checkChild(bad).result)).toBe(true);
  });
});

describe("initial weights", () => {
  const weights = (text: string) => experiment(text).model.weights;

  test("are those of the whole network, or of its backbone", () => {
    expect(weights("")).toBeNull();
    expect(weights("model: {weights: w.pth}")).toEqual({
      file: "/project/w.pth",
      only: "all",
      replace: "none",
    });
    const some = { file: "/project/w.pth", only: "backbone", replace: "none" };
    expect(weights("model: {weights: {file: w.pth, only: backbone}}")).toEqual(some);
    expect(weights("model: {backbone: {weights: w.pth}}")).toEqual(some);
  });
});

describe("a spec that cannot be read as a whole", () => {
  const found = (text: string, overrides: readonly string[] = []) =>
    errorsIn(checkChild(text, undefined, overrides).diagnostics).map(
      ({ code, primary }) => `${code} ${primary.path.join(".")}`,
    );

  test("is held to every rule that reads none of it", () => {
    expect(found("", ["train.crop=33", "train.batsh=3"])).toEqual([
      "E0503 train.crop",
      "E0201 train.batsh",
    ]);
    expect(found("model: {backbone: {resnet: 51}}", ["train.crop=33"])).toEqual([
      "E0503 train.crop",
      "E0204 model.backbone.resnet",
    ]);
  });

  test("is not held to those that do", () => {
    expect(found("model: {pyramid: {bins: [1, 2, x]}}", ["train.crop=33"])).toEqual([
      "E0203 model.pyramid.bins.2",
    ]);
    expect(found("model: {pyramid: {bins: [1], bin: [9]}}", ["train.crop=33"])).toEqual([
      "E0201 model.pyramid.bin",
    ]);
    expect(found("train: {crap: 89}", ["train.crop=33"])).toContain("E0503 train.crop");
  });

  test("what follows from it is not known either", () => {
    // The window would follow the crop, and lie off the grid of features.
    expect(found("evaluate: {mode: slide}\ntrain: {crop: 90x}")).toEqual(["E0203 train.crop"]);
    // Without its classes nobody knows what the labels lack.
    expect(found("data: {classes: [sky, 5], labels: {0: sky, 1: rood}}")).toEqual([
      "E0203 data.classes.1",
    ]);
  });

  test("nothing is said twice of labels that are wrong in themselves", () => {
    expect(found("data: {labels: {0: sky, 1: rood, 2: car}}")).toEqual(["E0311 data.labels.1"]);
    expect(found("data: {labels: {0: sky, 1..9: rood, 10: car}}")).toEqual([
      "E0311 data.labels.1..9",
    ]);
  });
});
