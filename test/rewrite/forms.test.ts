/** The law of every form: a convolution and its gradients are the same in all of them, up to rounding. */

import { isSome } from "fp-ts/lib/Option.js";
import { describe, expect, it } from "vitest";
import { apply, convolution, input } from "../../src/graph/compose.js";
import { number } from "../../src/graph/graph.js";
import { type Node, type Padding, shapeOf } from "../../src/graph/op.js";
import { ofRank, product, type Sizes } from "../../src/graph/type.js";
import {
  type Form,
  formsOf,
  inForm,
  type Layer,
  nameOf,
  shapesOf,
} from "../../src/rewrite/forms.js";
import { winogradByFilters } from "../../src/rewrite/winograd.js";
import { openSession } from "../../src/runtime/session.js";
import { plainCpu, savedModel } from "../../src/tensorflow/target.js";
import { isTiled } from "../../src/tensorflow/tiling.js";

interface Case {
  readonly x: readonly [n: number, h: number, w: number, c: number];
  readonly kernel: readonly [size: number, k: number];
  readonly dilation: number;
  readonly padding: Padding;
  readonly stride?: number;
}

const all = (n: number): Padding => ({ top: n, bottom: n, left: n, right: n });

const cases: Readonly<Record<string, Case>> = {
  "3×3": { x: [2, 11, 14, 5], kernel: [3, 4], dilation: 1, padding: all(1) },
  "3×3 on one pixel": { x: [1, 1, 1, 3], kernel: [3, 2], dilation: 1, padding: all(1) },
  "3×3, nothing around": { x: [1, 9, 8, 3], kernel: [3, 6], dilation: 1, padding: all(0) },
  "3×3, more on one side": {
    x: [1, 7, 10, 3],
    kernel: [3, 3],
    dilation: 1,
    padding: { top: 0, bottom: 2, left: 1, right: 0 },
  },
  "3×3 dilated by 2": { x: [2, 12, 9, 4], kernel: [3, 3], dilation: 2, padding: all(2) },
  "3×3 dilated by 4 on a map that is smaller": {
    x: [1, 6, 13, 3],
    kernel: [3, 4],
    dilation: 4,
    padding: all(4),
  },
  "3×3 dilated by 3": { x: [1, 12, 10, 2], kernel: [3, 5], dilation: 3, padding: all(3) },
  "1×1": { x: [2, 5, 7, 6], kernel: [1, 9], dilation: 1, padding: all(0) },
  "3×3 with stride, dilated as much": {
    x: [2, 11, 8, 3],
    kernel: [3, 4],
    dilation: 2,
    padding: all(2),
    stride: 2,
  },
  "3×3 with stride, dilated by 4": {
    x: [1, 13, 10, 2],
    kernel: [3, 3],
    dilation: 4,
    padding: { top: 4, bottom: 3, left: 5, right: 4 },
    stride: 2,
  },
  "3×3 over whole blocks of channels": {
    x: [2, 9, 6, 16],
    kernel: [3, 32],
    dilation: 1,
    padding: all(1),
  },
  "3×3 over blocks, dilated": {
    x: [1, 7, 10, 48],
    kernel: [3, 16],
    dilation: 3,
    padding: all(3),
  },
  "3×3 over blocks, more on one side": {
    x: [1, 6, 5, 16],
    kernel: [3, 16],
    dilation: 1,
    padding: { top: 0, bottom: 2, left: 2, right: 0 },
  },
  "3×3 over more channels than a product takes at once": {
    x: [1, 3, 5, 144],
    kernel: [3, 144],
    dilation: 1,
    padding: all(1),
  },
  "3×3 with stride": { x: [1, 9, 9, 3], kernel: [3, 4], dilation: 1, padding: all(1), stride: 2 },
};

const layersFor = ({ x, kernel: [size, k], dilation, padding, stride = 1 }: Case) => {
  const image = input("x", "f32", ...x);
  const kernel = input("kernel", "f32", size, size, x[3], k);
  const window = { stride, dilation, padding };
  const y = convolution(image, kernel, window);
  const dy = input("dy", "f32", ...shapeOf(y));
  const inputGradient = { ...window, shape: shapeOf(image) };
  const kernelGradient = { ...window, shape: shapeOf(kernel) };
  return [
    y,
    apply("convolutionInputGradient", inputGradient, [kernel, dy]),
    apply("convolutionKernelGradient", kernelGradient, [image, dy]),
  ] as readonly (Layer & Node)[];
};

const noise = (length: number, seed: number): Float32Array =>
  Float32Array.from(
    { length },
    (_, i) => ((Math.imul(i + 1 + 7919 * seed, 2654435761) >>> 8) % 2001) / 1000 - 1,
  );

/** Calls `f` with the positions in x, kernel and y that each product of the definition joins. */
const eachProduct = (
  { kernel: [size, k], dilation, padding, stride = 1, x: [n, h, w, c] }: Case,
  [, rows, columns]: Sizes[4],
  f: (x: number, kernel: number, y: number) => void,
): void => {
  const counts = { image: n, row: rows, column: columns, down: size, across: size, from: c, to: k };
  for (let i = 0; i < product(Object.values(counts)); i++) {
    let rest = i;
    const next = (count: number): number => {
      const index = rest % count;
      rest = Math.floor(rest / count);
      return index;
    };
    const [image, row, column] = [next(counts.image), next(counts.row), next(counts.column)];
    const [down, across] = [next(counts.down), next(counts.across)];
    const [from, to] = [next(counts.from), next(counts.to)];
    const y = row * stride + down * dilation - padding.top;
    const x = column * stride + across * dilation - padding.left;
    if (y < 0 || y >= h || x < 0 || x >= w) continue;
    f(
      ((image * h + y) * w + x) * c + from,
      ((down * size + across) * c + from) * k + to,
      ((image * rows + row) * columns + column) * k + to,
    );
  }
};

/** The layer by its definition, in 64 bits. */
const defined = (of: Case, layer: Layer, given: readonly Float32Array[]): Float64Array => {
  // Inner loops: every index is one of the layer's own.
  const [a, b] = [given[0]!, given[1]!];
  const y = ofRank(shapesOf(layer).y, 4);
  const sum = new Float64Array(product(layer.types[0].shape));
  eachProduct(of, y, (atX, atKernel, atY) => {
    if (layer.op === "convolution") sum[atY]! += a[atX]! * b[atKernel]!;
    else if (layer.op === "convolutionInputGradient") sum[atX]! += a[atKernel]! * b[atY]!;
    else sum[atKernel]! += a[atX]! * b[atY]!;
  });
  return sum;
};

/** What exports take besides, whatever the kernel's width. */
const byFilters = winogradByFilters(4, () => true);
type Named = Form | "by-filters";

/** A machine with kernels of pspc's own for tiles (tensorflow/tiles.ts). */
const ours = { machine: { ...plainCpu.machine, ownKernels: true }, known: {} };

const inEveryForm = async (
  layer: Layer & Node,
  values: readonly Float32Array[],
  kernels = plainCpu,
): Promise<ReadonlyMap<Named, Float32Array>> => {
  // TensorFlow's own kernel of a gradient knows stride or dilation, not both.
  const { stride, dilation } = layer.attributes;
  const isRefused = layer.op !== "convolution" && stride > 1 && dilation > 1;
  const forms = formsOf(layer).filter((form) => form !== "native" || !isRefused);
  const graphs = forms.map((form): [Named, Node] => {
    const found = inForm(layer, form);
    return [form, isSome(found) ? found.value : layer];
  });
  const exported = byFilters.rule(layer);
  if (isSome(exported)) graphs.push(["by-filters", exported.value]);
  const model = savedModel(
    Object.fromEntries(
      graphs.map(([form, node]) => [form, number({ results: { of: node }, updates: [] })]),
    ),
    kernels,
  );
  const own = model.nodes.filter(({ op }) => op.startsWith("PspcTiles")).length;
  expect(own, nameOf(layer)).toBe(kernels === ours && isTiled(layer) ? 2 : 0);
  const session = await openSession(model, "cpu");
  const given = Object.fromEntries(
    layer.args.map((arg, i) => [arg.op === "input" ? arg.attributes.name : "", values[i]!]),
  );
  const found = graphs.map(([form]): [Named, Float32Array] => [
    form,
    session.run(form, given).of!.data as Float32Array,
  ]);
  session.dispose();
  return new Map(found);
};

const relative = (a: Float64Array, b: Float32Array): number =>
  length(a.map((value, i) => value - b[i]!)) / length(a);
const length = (a: Float64Array): number =>
  Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));

/** f32 rounds at 6e-8, and sums of tens of terms at a few of that. What a 4×4 tile adds up is larger than its result. */
const bound = (form: Named): number =>
  form === "winograd-4" || form === "by-filters" ? 5e-6 : 1e-6;

describe("a convolution and its gradients in all their forms", () => {
  it.each(Object.entries(cases))("of %s", async (_, of) => {
    for (const layer of layersFor(of)) {
      const given = layer.args.map((arg, i) => noise(product(shapeOf(arg)), i + 1));
      const expected = defined(of, layer, given);
      for (const [form, values] of await inEveryForm(layer, given)) {
        expect(relative(expected, values), `${form}: ${nameOf(layer)}`).toBeLessThan(bound(form));
      }
    }
  });

  it.each(Object.entries(cases).filter(([name]) => name.includes("over")))(
    "in kernels of pspc's own, of %s",
    async (_, of) => {
      for (const layer of layersFor(of)) {
        const given = layer.args.map((arg, i) => noise(product(shapeOf(arg)), i + 1));
        const expected = defined(of, layer, given);
        for (const [form, values] of await inEveryForm(layer, given, ours)) {
          expect(relative(expected, values), `${form}: ${nameOf(layer)}`).toBeLessThan(bound(form));
        }
      }
    },
  );

  it("are as many as its kernel, stride and dilation allow", () => {
    const formsBy = (name: string) => layersFor(cases[name]!).map((layer) => formsOf(layer));
    const tiles = ["winograd-2", "winograd-4"];
    expect(formsBy("3×3 dilated by 2")).toEqual([
      ["native", "phases", ...tiles],
      ["native", "turned", "phases", ...tiles],
      ["native", "taps", "phases", ...tiles],
    ]);
    expect(formsBy("1×1")).toEqual([
      ["native", "product"],
      ["native", "product", "turned"],
      ["native", "taps"],
    ]);
    expect(formsBy("3×3 with stride")).toEqual([["native"], ["native"], ["native"]]);
    const exported = Object.keys(cases).filter((name) =>
      layersFor(cases[name]!).some((layer) => isSome(byFilters.rule(layer))),
    );
    expect(exported).toEqual(
      Object.keys(cases).filter((name) => /^3×3(?! with stride)/.test(name)),
    );
    const both = ["native", "phases"];
    expect(formsBy("3×3 with stride, dilated by 4")).toEqual([both, both, both]);
  });
});
