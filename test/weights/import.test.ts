/** Files that PyTorch and NumPy wrote (test/weights/semseg.py) are read by their content, exactly, or refused in words. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import h5wasm from "h5wasm/node";
import { afterAll, describe, expect, test } from "vitest";
import { Failed, orThrow, valueOrThrow } from "../../src/diagnostic/failure.js";
import type { WeightsFile } from "../../src/weights/file.js";
import { fitOf, networkVariables, skeletonOf, WHOLE } from "../../src/weights/fit.js";
import { load } from "../../src/weights/load.js";
import { nameMaps } from "../../src/weights/name-maps.js";
import { exported } from "../../src/weights/names.js";
import { withWeights } from "../../src/weights/open.js";
import { encodeSafetensors } from "../../src/weights/safetensors.js";
import { pspnet } from "../oracle/experiment.js";
import { stateFor } from "../oracle/scene.js";

const fixture = (name: string): string => join(import.meta.dirname, "files", name);
const folder = mkdtempSync(join(tmpdir(), "pspc-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What test/weights/semseg.py made: width 1, a block a stage, three classes. */
const like = (blocks: readonly [number, number, number, number], classes: number) =>
  pspnet(blocks, classes, {
    backbone: { width: 1, stem: { kind: "deep", channels: [1, 1, 2] } },
    model: {
      head: { channels: 8, dropout: 0 },
      auxiliary: { after: 3, channels: 4, dropout: 0, weight: 0.4 },
      pyramid: { bins: [1, 2, 3, 6], pool: "average", channels: 8, order: "ascending" },
    },
  });
const small = like([1, 1, 1, 1], 3);
const variables = networkVariables(small, "train");
const total = variables.length;

const withFile = <A>(file: string, act: (opened: WeightsFile) => A): Promise<A> =>
  orThrow(withWeights(file, (opened) => E.right(act(opened))));

const failureOf = async (act: () => Promise<unknown>): Promise<string> => {
  try {
    await act();
  } catch (error) {
    if (error instanceof Failed) {
      const { message, reason, help } = error.failure;
      return [message, reason, help].join("\n");
    }
    throw error;
  }
  return "none";
};

const bits = (data: ArrayBufferView): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe("a network", () => {
  test.each([
    ["semseg.pth", "semseg", "module.", "PyTorch, inside `state_dict`", "all"],
    ["mmseg.pth", "mmseg", "", "PyTorch, inside `state_dict`", "all"],
    ["torchvision.pth", "torchvision", "", "PyTorch", "backbone"],
    ["timm.pth", "timm", "", "PyTorch", "backbone"],
  ] as const)("of %s fits by the names of %s", async (file, names, prefix, format, only) => {
    const found = await withFile(fixture(file), (opened) =>
      fitOf(opened, variables, small.model, { ...WHOLE, only }),
    );
    expect({ names: found.map.name, prefix: found.prefix }).toEqual({ names, prefix });
    expect(found.header.format).toBe(format);
    expect([found.missing, found.misshapen, found.unexpected, found.auxiliary]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    expect(found.fits.length).toBe(
      only === "all" ? total : variables.filter(({ site }) => site?.part === "backbone").length,
    );
  });

  test("is the same under every program's names", async () => {
    const read = (file: string, only: "all" | "backbone") =>
      withFile(fixture(file), (opened) =>
        valueOrThrow(load(opened, variables, small.model, { ...WHOLE, only })),
      );
    const [semseg, mmseg] = [await read("semseg.pth", "all"), await read("mmseg.pth", "all")];
    expect(mmseg).toEqual(semseg);
    for (const file of ["torchvision.pth", "timm.pth"])
      for (const [name, tensor] of await read(file, "backbone"))
        expect(tensor, name).toEqual(semseg.get(name));
  });

  test("comes back from every program's names with the same bits", async () => {
    const state = new Map(
      [...stateFor(variables)].map(([name, { shape, data }]) => [name, { shape, data }]),
    );
    for (const map of nameMaps) {
      const { tensors, left } = exported(state, variables, map, skeletonOf(small.model));
      const file = join(folder, `${map.name}.safetensors`);
      writeFileSync(file, encodeSafetensors(tensors));
      if (map.deep === null) continue; // Keras's stem is one convolution: names.test.ts
      const only = map.rest === null ? "backbone" : "all";
      expect(left.every((name) => only === "backbone" && !name.startsWith("backbone"))).toBe(true);
      const back = await withFile(file, (opened) =>
        valueOrThrow(load(opened, variables, small.model, { ...WHOLE, only })),
      );
      expect(back.size).toBe(state.size - left.length);
      for (const [name, { shape, data }] of back) {
        expect(shape).toEqual(state.get(name)!.shape);
        expect(bits(data).equals(bits(state.get(name)!.data))).toBe(true);
      }
    }
  });

  test("that is another one says how it differs", async () => {
    const other = like([1, 2, 1, 1], 7);
    const said = await failureOf(() =>
      withFile(fixture("semseg.pth"), (opened) =>
        valueOrThrow(load(opened, networkVariables(other, "train"), other.model)),
      ),
    );
    expect(said).toContain("a ResNet of [1, 1, 1, 1] blocks, the spec's has [1, 2, 1, 1]");
    expect(said).toContain("the weights tell 3 classes apart, the spec 7");
    expect(said).toContain("backbone.stage2.block2.1.conv.kernel");
  });
});

/** All tensors of a file as 32-bit numbers. */
const numbers = (file: string): Promise<ReadonlyMap<string, readonly number[]>> =>
  withFile(file, (opened) => {
    const names = [...opened.tensors.keys()];
    return new Map(names.map((name) => [name, [...valueOrThrow(opened.read(name)).data]]));
  });

describe("numbers", () => {
  test("of every type are those that 32 bits hold", async () => {
    const f32 = await numbers(fixture("f32.pth"));
    expect(f32.size).toBe(6);
    expect(await numbers(fixture("f64.pth"))).toEqual(f32);
    expect(await numbers(fixture("stored.npz"))).toEqual(f32);
    expect(await numbers(fixture("packed.npz"))).toEqual(f32);
    for (const [file, bitsKept] of [
      ["f16.pth", 11],
      ["bf16.pth", 8],
    ] as const)
      for (const [name, values] of await numbers(fixture(file)))
        for (const [i, value] of values.entries()) {
          const wanted = f32.get(name)![i]!;
          expect(Math.abs(value - wanted)).toBeLessThanOrEqual(
            Math.abs(wanted) * 2 ** -bitsKept + 2 ** -25,
          );
        }
  });

  test("stand row by row, however they were strided", async () => {
    const [f32, last] = [
      await numbers(fixture("f32.pth")),
      await numbers(fixture("channels-last.pth")),
    ];
    const kernel = f32.get("layer0.0.weight")!;
    expect(last.get("layer0.0.weight")).toEqual([...kernel, ...kernel]);
  });

  test("that 32 bits do not hold are refused", async () => {
    const said = await failureOf(() => numbers(fixture("f64-fine.pth")));
    expect(said).toMatch(
      /holds layer0\.0\.weight as F64, and .* is no 32-bit number[\s\S]*v\.float\(\)/,
    );
  });
});

describe("a file", () => {
  test.each([
    ["../semseg.py", /no file of weights[\s\S]*safetensors/],
    ["missing.pth", /there is no such file/],
  ])("like %s is refused with a remedy", async (name, said) => {
    expect(await failureOf(() => withFile(fixture(name), () => null))).toMatch(said);
  });

  test("is told by its content, whatever it is called", async () => {
    const file = join(folder, "weights.txt");
    writeFileSync(file, readFileSync(fixture("stored.npz")));
    expect(await withFile(file, ({ format }) => format)).toBe("NumPy .npz");
  });

  test("of Keras gives its layers' names and numbers", async () => {
    const file = join(folder, "keras.h5");
    await h5wasm.ready;
    const writing = new h5wasm.File(file, "w");
    const layer = writing.create_group("model_weights").create_group("conv1").create_group("conv1");
    const data = Float32Array.from({ length: 24 }, (_, i) => i / 7);
    layer.create_dataset({ name: "kernel:0", data, shape: [2, 2, 3, 2] });
    layer.create_dataset({ name: "bias:0", data: Float64Array.of(0.5, 0.25), shape: [2] });
    writing.close();
    await withFile(file, (opened) => {
      expect([...opened.tensors.keys()]).toEqual(["conv1.bias", "conv1.kernel"]);
      expect(valueOrThrow(opened.read("conv1.kernel"))).toEqual({ shape: [2, 2, 3, 2], data });
      expect([...valueOrThrow(opened.read("conv1.bias")).data]).toEqual([0.5, 0.25]);
    });
    const torn = join(folder, "torn.h5");
    writeFileSync(torn, readFileSync(file).subarray(0, 700));
    expect(await failureOf(() => withFile(torn, () => null))).toMatch(
      /no HDF5 file that pspc reads/,
    );
  });
});
