/** Evaluation as a graph against the recipe in plain loops: windows, mirrors, scales, means. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { input, resize } from "../../src/graph/compose.js";
import { type Graph, number } from "../../src/graph/graph.js";
import { shapeOf } from "../../src/graph/op.js";
import { odd, scores, windowStarts } from "../../src/model/evaluate.js";
import type { Layer } from "../../src/model/layer.js";
import { network } from "../../src/model/network.js";
import type { Evaluate, Experiment } from "../../src/normalize/experiment.js";
import { stateOf } from "../../src/plan/graphs.js";
import { evaluationStep, predictionStep } from "../../src/plan/inference.js";
import { context } from "../../src/plan/objective.js";
import { asWritten } from "../../src/rewrite/passes.js";
import { tiny } from "../oracle/experiment.js";
import { evaluate, type Leaves } from "../oracle/reference.js";
import { images, labels, stateFor } from "../oracle/scene.js";

describe("window starts", () => {
  it("cover every pixel in even steps, and the last window ends where the image ends", () => {
    const sizes = fc.integer({ min: 1, max: 300 });
    const overlap = fc.constantFrom(0, 1 / 4, 1 / 3, 1 / 2, 2 / 3);
    fc.assert(
      fc.property(sizes, sizes, overlap, (n, window, share) => {
        const starts = windowStarts(n, window, share);
        expect(starts[0]).toBe(0);
        expect(starts.at(-1)).toBe(Math.max(0, n - window));
        const stride = Math.ceil(window - window * share - 1e-6);
        starts.slice(1).forEach((start, i) => {
          expect(start - starts[i]!).toBeGreaterThan(0);
          expect(start - starts[i]!).toBeLessThanOrEqual(stride);
        });
      }),
    );
  });

  it("take a third of 93 as 31, as semseg's test does", () => {
    expect(windowStarts(200, 93, 1 / 3)).toEqual([0, 62, 107]);
  });

  it("name the next size of the form 8n+1", () => {
    expect([1, 2, 9, 10, 184, 185, 186].map(odd)).toEqual([1, 9, 9, 17, 185, 185, 193]);
  });
});

/** `[H, W, C]`, row by row. */
interface Picture {
  readonly height: number;
  readonly width: number;
  readonly data: Float64Array;
}
type Mapping = (image: Picture) => Picture;

const draw = (
  height: number,
  width: number,
  depth: number,
  f: (y: number, x: number, c: number) => number,
): Picture => ({
  height,
  width,
  data: Float64Array.from({ length: height * width * depth }, (_, i) =>
    f(Math.floor(i / depth / width), Math.floor(i / depth) % width, i % depth),
  ),
});
const depthOf = ({ height, width, data }: Picture): number => data.length / (height * width);
const at = (of: Picture, y: number, x: number, c: number): number =>
  of.data[(y * of.width + x) * depthOf(of) + c]!;
const mirror = (of: Picture): Picture =>
  draw(of.height, of.width, depthOf(of), (y, x, c) => at(of, y, of.width - 1 - x, c));
const window = (of: Picture, top: number, left: number, height: number, width: number): Picture =>
  draw(height, width, depthOf(of), (y, x, c) =>
    [top + y, left + x].every((n, i) => n >= 0 && n < [of.height, of.width][i]!)
      ? at(of, top + y, left + x, c)
      : 0,
  );
const mean = (maps: readonly Picture[]): Picture => ({
  ...maps[0]!,
  data: maps[0]!.data.map((_, i) => maps.reduce((sum, map) => sum + map.data[i]!, 0) / maps.length),
});
const softmax: Mapping = (of) => {
  const c = depthOf(of);
  const powers = of.data.map(Math.exp);
  return draw(of.height, of.width, c, (y, x, k) => {
    const start = (y * of.width + x) * c;
    return powers[start + k]! / powers.subarray(start, start + c).reduce((a, b) => a + b);
  });
};

/** Bilinear, between the corners of areas. */
const scaleTo = (of: Picture, height: number, width: number): Picture => {
  const shape = [1, of.height, of.width, depthOf(of)];
  const graph = number({
    results: { y: resize(input("x", "f32", ...shape), height, width, false) },
    updates: [],
  });
  return { height, width, data: run(graph, "y", new Map([["x", of.data]])) };
};
const run = (graph: Graph, result: string, leaves: Leaves): Float64Array =>
  evaluate(graph, [graph.results[result]!], leaves).values[graph.results[result]!]![0]!;

/** `[N, H, W, 3]` → logits `[N, H, W, C]`. */
const logits =
  (experiment: Experiment): Layer =>
  (x) => {
    const { data, model } = experiment;
    const [, height, width] = shapeOf(x);
    const { main } = network(context(experiment, "infer"), model, data.classes.length)(x);
    return resize(main, height!, width!, model.align_corners);
  };

const forward = (experiment: Experiment, state: Leaves): Mapping => {
  const graphs = new Map<string, Graph>();
  return (image) => {
    const { height, width } = image;
    const size = `${height}x${width}`;
    if (!graphs.has(size)) {
      const y = logits(experiment)(input("x", "f32", 1, height, width, 3));
      graphs.set(size, number({ results: { y }, updates: [] }));
    }
    const leaves = new Map([...state, ["x", image.data] as const]);
    return { height, width, data: run(graphs.get(size)!, "y", leaves) };
  };
};

/** The paper's recipe as semseg runs it: windows (or the whole), each with its mirror image, then scales; then means. */
const recipe = (net: Mapping, of: Evaluate, image: Picture): Picture => {
  const score: Mapping = of.average === "probabilities" ? (x) => softmax(net(x)) : net;
  const both: Mapping = (x) => (of.mirror ? mean([score(x), mirror(score(mirror(x)))]) : score(x));
  const slide = (x: Picture): Picture => {
    const [h, w] = of.mode === "whole" ? [odd(x.height), odd(x.width)] : of.window;
    const [H, W] = [Math.max(h, x.height), Math.max(w, x.width)];
    const [tops, lefts] =
      of.mode === "whole"
        ? [[0], [0]]
        : [windowStarts(H, h, of.overlap), windowStarts(W, w, of.overlap)];
    const [above, beside] = [H - x.height, W - x.width].map((more) =>
      of.padding === "centre" ? Math.floor(more / 2) : 0,
    );
    const pieces = tops
      .flatMap((top) => lefts.map((left) => ({ top: top - above!, left: left - beside! })))
      .map(({ top, left }) => ({ top, left, map: both(window(x, top, left, h, w)) }));
    return draw(x.height, x.width, depthOf(pieces[0]!.map), (y, z, c) => {
      const over = pieces.filter(
        ({ top, left }) => top <= y && y < top + h && left <= z && z < left + w,
      );
      return (
        over.reduce((sum, { top, left, map }) => sum + at(map, y - top, z - left, c), 0) /
        over.length
      );
    });
  };
  return mean(
    of.scales.map((scale) => {
      const longest = Math.max(image.height, image.width);
      const [short = 0, long = 0] = of.base?.map((side) => Math.floor(side * scale)) ?? [];
      const own = of.long_side === null ? scale : Math.round(scale * of.long_side) / longest;
      const shortest = Math.min(image.height, image.width);
      const factor = of.base === null ? own : Math.min(long / longest, short / shortest);
      const [h, w] = [image.height, image.width].map((n) => Math.round(n * factor));
      return scaleTo(slide(scaleTo(image, h!, w!)), image.height, image.width);
    }),
  );
};

const classes = (of: Picture): number[] => {
  const c = depthOf(of);
  return Array.from({ length: of.height * of.width }, (_, i) => {
    const row = [...of.data.subarray(i * c, (i + 1) * c)];
    return row.indexOf(Math.max(...row));
  });
};

const ways: Readonly<Record<string, Partial<Evaluate>>> = {
  "whole, padded to 8n+1": {},
  "whole, mirrored, two scales": { mirror: true, scales: [0.75, 1.25] },
  "windows larger than the image in one direction": { mode: "slide", window: [17, 33] },
  "windows, mirrored, three scales": {
    mode: "slide",
    window: [17, 17],
    mirror: true,
    scales: [0.5, 1, 1.5],
  },
  "windows, padded at the end": { mode: "slide", window: [41, 33], padding: "end" },
  "whole, on a longer side of 36": { long_side: 36, scales: [0.75, 1] },
  "whole, within 24×40, which the shorter side fills": { base: [24, 40], scales: [0.75, 1.3] },
  "windows, mean of logits": { mode: "slide", window: [17, 17], average: "logits", overlap: 1 / 2 },
};

describe("evaluation in the graph equals the recipe", () => {
  const [height, width] = [28, 21];
  it.each(Object.entries(ways))("%s", (_, way) => {
    const experiment = tiny({
      backbone: { width: 2, stem: { kind: "conv7", channels: 4 } },
      pyramid: { channels: 3 },
      evaluate: way,
    });
    const [bytes, truth] = [images(1, height, width), labels(1, height, width, 5)];
    const graph = evaluationStep(experiment, height, width, asWritten);
    const state: Leaves = new Map(
      [...stateFor(stateOf([graph]))].map(([name, { data }]) => [name, data]),
    );
    const leaves = new Map([
      ...state,
      ["image", bytes] as const,
      ["images", bytes] as const,
      ["label", truth] as const,
    ]);

    const { mean: shift, std } = experiment.data;
    const image = draw(
      height,
      width,
      3,
      (y, x, c) => (bytes[(y * width + x) * 3 + c]! - shift[c]!) / std[c]!,
    );
    const map = recipe(forward(experiment, state), experiment.evaluate, image);
    const asked = number({
      results: {
        scores: scores(
          logits(experiment),
          experiment.evaluate,
        )(input("x", "f32", 1, height, width, 3)),
      },
      updates: [],
    });
    const found = run(asked, "scores", new Map([...state, ["x", image.data] as const]));
    const off = found.map((value, i) => Math.abs(value - map.data[i]!));
    expect(found).toHaveLength(map.data.length);
    expect(Math.max(...off)).toBeLessThan(1e-6);

    const wanted = classes(map);
    const predicted = predictionStep(experiment, height, width, asWritten);
    const got = run(predicted, "classes", leaves);
    // 64 bits on both sides: no two classes are near enough to change places.
    expect([...got]).toEqual(wanted);

    const counts = new Array(25).fill(0);
    wanted.forEach((found, i) => {
      if (truth[i]! !== 255) counts[truth[i]! * 5 + found]++;
    });
    expect([...run(graph, "confusion", leaves)]).toEqual(counts);
  });
});
