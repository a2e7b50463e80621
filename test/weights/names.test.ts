/** The names that real libraries give their tensors (names.json: written by them, PaddleSeg's from its source) fit. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { misfits } from "../../src/weights/check.js";
import type { Header } from "../../src/weights/file.js";
import { type Asked, type Fit, fitOf, networkVariables, WHOLE } from "../../src/weights/fit.js";
import { readFitting } from "../../src/weights/load.js";
import { withWeights } from "../../src/weights/open.js";
import { pspnet } from "../oracle/experiment.js";

type Names = Readonly<Record<string, string>>;

const fixture = (name: string): string => join(import.meta.dirname, "files", name);
const libraries = JSON.parse(readFileSync(fixture("names.json"), "utf8")) as Readonly<
  Record<string, Names>
>;

const headerOf = (names: Names, file = "weights.pth"): Header => ({
  file,
  format: "PyTorch",
  tensors: new Map(
    Object.entries(names).map(([name, shape]) => [
      name,
      { dtype: "F32", shape: shape.split("x").filter(Boolean).map(Number) },
    ]),
  ),
  beside: [],
});

const of = (library: string): Names => libraries[library] ?? {};
const renamed = (names: Names, to: (name: string) => string): Names =>
  Object.fromEntries(Object.entries(names).map(([name, shape]) => [to(name), shape]));

const conv7 = { stem: { kind: "conv7", channels: 64 } } as const;
const deep32 = { stem: { kind: "deep", channels: [32, 32, 64] } } as const;
const basic = { block: "basic" } as const;
const networks = {
  resnet18: pspnet([2, 2, 2, 2], 19, { backbone: { ...basic, ...conv7 } }),
  resnet50: pspnet([3, 4, 6, 3], 19, { backbone: conv7 }),
  resnet50c: pspnet([3, 4, 6, 3], 19, { backbone: deep32 }),
  resnet50d: pspnet([3, 4, 6, 3], 19, { backbone: { ...deep32, shortcut: "averaged" } }),
  paddlevd: pspnet([3, 4, 6, 3], 19, {
    backbone: { ...deep32, shortcut: "averaged", projection: "first" },
    model: {
      norm: { epsilon: 1e-5, momentum: 0.9, bias: "new" },
      head: { channels: 1024, dropout: 0.1 },
    },
  }),
  paddle: pspnet([3, 4, 6, 3], 19, {
    backbone: deep32,
    model: {
      pyramid: { bins: [1, 2, 3, 6], pool: "average", channels: 512, order: "descending" },
      head: { channels: 1024, dropout: 0.1 },
      auxiliary: { after: 3, channels: 256, dropout: 0.1, weight: 0.4 },
    },
  }),
};

const backbone: Asked = { only: "backbone", replace: "none" };
const fitting = (names: Names, network: keyof typeof networks, asked: Asked): Fit => {
  const { model } = networks[network];
  return fitOf(headerOf(names), networkVariables(networks[network], "train"), model, asked);
};
const errors = (fit: Fit, network: keyof typeof networks) =>
  misfits(fit, networks[network].model).filter(({ severity }) => severity === "error");

describe("the names of", () => {
  test.each([
    ["torchvision/resnet18", "resnet18", backbone, "torchvision", "", 100],
    ["timm/resnet50c", "resnet50c", backbone, "timm", "", 275],
    ["smp/PSPNet-resnet18", "resnet18", backbone, "torchvision", "encoder.", 100],
    ["keras/ResNet50", "resnet50", backbone, "keras", "", 265],
    ["timm/resnet50d", "resnet50d", backbone, "timm", "", 275],
    ["paddleseg/PSPNet-ResNet50_vd", "paddle", WHOLE, "paddleseg", "", 0],
    ["paddleseg/PSPNet-ResNet50_vd", "paddlevd", WHOLE, "paddleseg", "", 0],
  ] as const)("%s fit %s", (library, network, asked, map, prefix, count) => {
    const fit = fitting(of(library), network, asked);
    expect({ map: fit.map.name, prefix: fit.prefix }).toEqual({ map, prefix });
    expect(errors(fit, network)).toEqual([]);
    expect(fit.missing).toEqual([]);
    if (count > 0) expect(fit.fits).toHaveLength(count);
  });

  test("OpenMMLab's backbones with a deep stem fit", () => {
    const names = renamed(of("timm/resnet50c"), (name) =>
      name.replace(/^conv1\./, "stem.").replace(/^bn1\./, "stem.7."),
    );
    const fit = fitting(names, "resnet50c", backbone);
    expect([fit.map.name, errors(fit, "resnet50c")]).toEqual(["openmmlab", []]);
  });

  test("PaddlePaddle warn that its networks average before a shortcut", () => {
    const fit = fitting(of("paddleseg/PSPNet-ResNet50_vd"), "paddle", WHOLE);
    expect(misfits(fit, networks.paddle.model)).toMatchObject([
      { severity: "warning", label: expect.stringMatching(/`vd` ResNets average 2×2/) },
    ]);
    expect(fit.fits.filter(({ bias }) => bias !== null)).toHaveLength(6);
  });

  test("PaddlePaddle fit its own network to the last bias, without a warning", () => {
    const fit = fitting(of("paddleseg/PSPNet-ResNet50_vd"), "paddlevd", WHOLE);
    expect(misfits(fit, networks.paddlevd.model)).toEqual([]);
    expect(fit.fits.filter(({ bias }) => bias !== null)).toEqual([]);
    const biases = fit.fits.filter(({ variable }) => variable.name.endsWith(".conv.bias"));
    expect(biases.reduce((total, { shape }) => total + (shape[0] ?? 0), 0)).toBe(3328);
  });

  test("another network are refused by what differs", () => {
    const squeezed = fitting(of("timm/seresnet18"), "resnet18", backbone);
    expect(squeezed.missing).toEqual([]);
    expect(errors(squeezed, "resnet18")).toMatchObject([
      {
        message: "the network has no place for 32 of the weights",
        notes: [
          expect.anything(),
          expect.stringMatching(/blocks compute something else .* layer1\.0\.se\.fc1\.weight/),
        ],
      },
    ]);
    const averaged = errors(fitting(of("timm/resnet50d"), "resnet50c", backbone), "resnet50c");
    expect(averaged.map(({ message }) => message)).toEqual([
      "the weights lack 16 of the network's 275 tensors",
      "4 of the weights are of another shape",
      "the network has no place for 16 of the weights",
    ]);
    expect(averaged[0]?.notes).toContainEqual(expect.stringMatching(/shortcut: averaged/));
    const smp = errors(fitting(of("smp/PSPNet-resnet18"), "resnet18", WHOLE), "resnet18");
    expect(smp[0]?.help).toEqual([expect.stringMatching(/only: backbone/)]);
  });
});

describe("whatever stands before every name", () => {
  test.each([
    "module.",
    "_orig_mod.",
    "module._orig_mod.",
    "net.",
    "model.encoder.",
    "pspnet.",
    "a.b.c.d.e.f.g.h.i.j.",
  ])("%s is stripped", (prefix) => {
    const names = {
      ...renamed(of("torchvision/resnet18"), (name) => prefix + name),
      "criterion.weight": "19",
      n_averaged: "",
    };
    const fit = fitting(names, "resnet18", backbone);
    expect([fit.prefix, errors(fit, "resnet18")]).toEqual([prefix, []]);
    expect(fit.aside).toEqual(expect.arrayContaining(["criterion.weight", "n_averaged"]));
  });

  test("does not hide a criterion inside the network", () => {
    const names = { ...of("paddleseg/PSPNet-ResNet50_vd"), "criterion.weight": "19" };
    const fit = fitting(names, "paddle", WHOLE);
    expect([fit.aside, errors(fit, "paddle")]).toEqual([["criterion.weight"], []]);
    const strange = fitting({ ...names, "attention.weight": "19" }, "paddle", WHOLE);
    expect(strange.unexpected).toEqual(["attention.weight"]);
  });
});

describe("a network of other classes", () => {
  const file = of("paddleseg/PSPNet-ResNet50_vd");
  const { model } = networks.paddle;
  const eleven = pspnet([3, 4, 6, 3], 11, { backbone: model.backbone, model });
  const variables = networkVariables(eleven, "train");

  test("is offered to replace the classifier", () => {
    const fit = fitOf(headerOf(file), variables, eleven.model, WHOLE);
    expect(misfits(fit, eleven.model)[0]).toMatchObject({
      code: "E0532",
      message: "4 of the weights are of another shape",
      notes: [expect.anything(), "the weights tell 19 classes apart, the spec 11"],
      help: [expect.stringMatching(/weights: \{file: weights\.pth, replace: classifier\}/)],
    });
  });

  test("keeps pyramid and head where the classifier is replaced", () => {
    const asked = { only: "all", replace: "classifier" } as const;
    const fit = fitOf(headerOf(file), variables, eleven.model, asked);
    expect(misfits(fit, eleven.model).map(({ severity }) => severity)).toEqual(["warning"]);
    const names = fit.fits.map(({ variable }) => variable.name);
    expect(names).toEqual(
      expect.arrayContaining(["head.fuse.conv.kernel", "pyramid.bin6.norm.mean"]),
    );
    expect(names.filter((name) => name.includes("classifier"))).toEqual([]);
    expect(fit.aside.filter((name) => !name.includes("num_batches"))).toEqual([
      "head.conv.weight",
      "head.conv.bias",
      "head.auxlayer.conv.weight",
      "head.auxlayer.conv.bias",
    ]);
  });

  test("is offered the backbone alone where more differs", () => {
    const names = { ...file, "head.psp_module.conv_bn_relu2._conv.weight": "1024x4096x1x1" };
    const fit = fitOf(headerOf(names), variables, eleven.model, WHOLE);
    expect(misfits(fit, eleven.model)[0]?.help).toEqual([expect.stringMatching(/only: backbone/)]);
  });
});

describe("an HDF5 file", () => {
  test("of chunks, packed by gzip, has the numbers of one that lies whole", async () => {
    const read = await withWeights(fixture("chunked.h5"), (opened) =>
      E.right(["a.whole", "a.chunked", "a.packed"].map(opened.read)),
    )();
    const wanted = { shape: [50, 100], data: Float32Array.from({ length: 5000 }, (_, i) => i) };
    expect(read).toEqual(E.right([E.right(wanted), E.right(wanted), E.right(wanted)]));
  });

  test("packed otherwise, or that claims more than it can hold, is refused", async () => {
    const refusal = async (name: string) => {
      const read = await withWeights(fixture(name), E.right)();
      return E.isLeft(read) ? read.left.reason : "none";
    };
    expect(await refusal("lzf.h5")).toBe("a is packed by lzf");
    expect(await refusal("unwritten.h5")).toBe("a does not lie in it whole");
  });

  test("of Keras 3 has its layers' own names", async () => {
    const names = await withWeights(fixture("keras3.weights.h5"), ({ tensors }) =>
      E.right([...tensors.keys()].sort()),
    )();
    expect(names).toEqual(
      E.right([
        "conv1_bn.beta",
        "conv1_bn.gamma",
        "conv1_bn.moving_mean",
        "conv1_bn.moving_variance",
        "conv1_conv.bias",
        "conv1_conv.kernel",
        "dense.bias",
        "dense.kernel",
      ]),
    );
  });
});

test("a bias before a norm is taken off the norm's mean", async () => {
  const values = await withWeights(fixture("keras3.weights.h5"), (opened) => {
    const fit = fitOf(
      opened,
      networkVariables(
        pspnet([1, 1, 1, 1], 2, { backbone: { stem: { kind: "conv7", channels: 2 } } }),
        "train",
      ),
      networks.resnet50.model,
      backbone,
    );
    const stem = fit.fits.filter(({ variable }) => /stem1\.norm/.test(variable.name));
    return readFitting(opened, { ...fit, fits: stem });
  })();
  // Variables count from 0 as Keras lists them: kernel, bias, gamma, beta, mean, variance.
  expect(
    E.isRight(values) && [...values.right].map(([name, { data }]) => [name, [...data]]),
  ).toEqual([
    ["backbone.stem1.norm.scale", [2, 2]],
    ["backbone.stem1.norm.shift", [3, 3]],
    ["backbone.stem1.norm.mean", [3, 3]],
    ["backbone.stem1.norm.variance", [5, 5]],
  ]);
});
