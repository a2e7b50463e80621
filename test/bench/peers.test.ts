/** The bench beside peers: what it makes of times, where it writes, and that every case is a spec. Nothing is timed. */

import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { either } from "fp-ts";
import { describe, expect, it } from "vitest";
import { cases, sides } from "../../bench/cases.mjs";
import { goalTable } from "../../bench/goals.mjs";
import { orderOf } from "../../bench/order.mjs";
import { ratios, spread } from "../../bench/statistics.mjs";
import { facts, gaps, table } from "../../bench/tables.mjs";
import { refill } from "../../scripts/marks.mjs";
import { checkStill } from "../../src/compile.js";

describe("what is typical", () => {
  it("is the median with its quartiles, in any order", () => {
    expect(spread([5, 1, 2, 4, 3])).toEqual({ median: 3, low: 2, high: 4 });
    expect(spread([4, 1])).toEqual({ median: 2.5, low: 1.75, high: 3.25 });
    const times = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(times, (seconds) => {
        const { low, median, high } = spread(seconds);
        const sorted = seconds.toSorted((a, b) => a - b);
        expect(sorted[0]).toBeLessThanOrEqual(low);
        expect(low).toBeLessThanOrEqual(median);
        expect(median).toBeLessThanOrEqual(high);
        expect(high).toBeLessThanOrEqual(sorted[sorted.length - 1]);
      }),
    );
  });

  it("of a ratio does not notice a round in which everything is slow", () => {
    const ours = [1, 1, 10, 1, 1];
    expect(ratios([2, 2, 20, 2, 2], ours)).toEqual({ median: 2, low: 2, high: 2 });
  });
});

const measured = {
  title: "a network",
  task: "train",
  flops: 200e9,
  times: [
    {
      name: "pspc",
      label: "pspc",
      device: "cpu",
      load: 1.26,
      first: 4,
      seconds: [2, 2, 2],
      peak: 3 * 2 ** 30,
    },
    {
      name: "torch",
      label: "PyTorch",
      device: "a GPU",
      load: 2,
      first: 12.34,
      seconds: [3, 4, 5],
      peak: null,
    },
  ],
  failed: ["third: Error: no room"],
} as const;

describe("the page", () => {
  it("has a row a side, held against the first", () => {
    const [head, rule, title, ...rows] = table([measured], "train").split("\n");
    expect(head.split("|")).toHaveLength(rule.split("|").length);
    expect(title).toBe("| **a network** |  |  |  |  |  |");
    expect(rows).toEqual([
      "| pspc | 2.00 (2.00–2.00) | 1 | 100 | 3,072 | 1.3 + 4.00 |",
      "| PyTorch, on a GPU | 4.00 (3.50–4.50) | 2.00 (1.75–2.25) | 50 | – | 2.0 + 12.3 |",
    ]);
    expect(table([measured], "infer")).toBe("");
  });

  it("holds the best of the others against a goal, in bold where it is reached", () => {
    const [ours, other] = measured.times;
    const last = { ...other, name: "torch-last", seconds: [2.6, 2.6, 2.6], peak: 2 ** 30 } as const;
    const tfjs = { ...other, name: "tfjs", seconds: [8, 8, 8], peak: 6 * 2 ** 30 } as const;
    const [, , row, ...rest] = goalTable([
      { ...measured, times: [ours, { ...other, peak: 4 * 2 ** 30 }, last, tfjs] },
    ]).split("\n");
    expect(row).toBe(
      "| a network | **1.30** (≥ 1.3) | **4.00** (≥ 3) | 3.00 (≤ 1) | **0.50** (≤ 0.5) |  |  |  |",
    );
    expect(rest).toEqual([]);
    const fifty = { ...measured, title: "PSPNet50 at 185" };
    expect(goalTable([{ ...fifty, times: [ours, last] }])).toContain("| 1.30 (≥ 1.75) |");
  });

  it("names what is missing, and how to get it", () => {
    expect(gaps(["torch", "onnx"], [measured])).toBe(
      "- not installed: torch, onnx (`python3 -m pip install torch onnx`)\n" +
        "- a network, third: Error: no room",
    );
    expect(gaps([], [])).toBe("");
  });

  it("says what the numbers depend on, a GPU and its driver too", () => {
    const machine = {
      node: "20",
      npm: undefined,
      tfjs: "4.22.0",
      tensorflow: {
        version: "2.21.0",
        device: "gpu",
        one_dnn: true,
        tf32: false,
        toy: { right: true, gigaflops: 1 },
      },
      cpu: { model: "a CPU", cores: 2, units: ["avx2"], bf16: false },
      gpus: [{ name: "a GPU", driver: "570.1", capability: 9, memory_bytes: 1, bf16: true }],
      memory: { total_bytes: 1, free_bytes: 1, large_pages: "given" },
    } as const;
    const limits = { size: 64, by: [{ name: "TensorFlow", rates: [100, 101, 102] }] };
    expect(facts(machine, { torch: "2.13.0" }, limits).split("\n")).toEqual([
      "- a CPU with avx2, 2 cores; large pages for those that ask; a GPU, driver 570.1",
      "- Node 20, tfjs 4.22.0, TensorFlow 2.21.0 on the gpu, torch 2.13.0",
      "- the machine's limit: a product of 64×64 matrices in f32 runs at 101 (101–102) GFLOP/s in TensorFlow",
    ]);
  });

  it("has a place for each of them, and the rest of it stays", () => {
    const page = readFileSync("docs/performance.md", "utf8");
    const seen: string[] = [];
    const twice = refill(
      refill(page, "bench", () => "gone"),
      "bench",
      (name, old) => {
        seen.push(name);
        expect(old).toBe("gone");
        return old;
      },
    );
    expect(seen.toSorted()).toEqual(["gaps", "goals", "infer", "machine", "train"]);
    const outside = (text: string) => text.replace(/-->[\s\S]*?<!-- end/g, "");
    expect(outside(twice)).toBe(outside(page));
    expect(refill(page, "bench", (_, old) => old)).toBe(page);
  });
});

describe("the cases", () => {
  it("have names of their own and sides that exist, pspc first", () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    for (const { train = [], infer = [] } of cases) {
      expect([...train, ...infer].every((name) => name in sides)).toBe(true);
      for (const [first] of [train, infer]) expect(first ?? "pspc").toMatch(/^pspc/);
    }
  });

  it("are chosen by name, task and side; a name that nobody has is told", () => {
    const all = orderOf([]);
    expect(all.whole).toBe(true);
    expect(all.runs).toHaveLength(14);
    const { whole, runs } = orderOf(["--task", "infer", "--sides", "pspc,onnxruntime", "camvid"]);
    expect(whole).toBe(false);
    expect(runs).toMatchObject([{ task: "infer", batch: 4, sides: ["pspc", "onnxruntime"] }]);
    expect(orderOf(["--results", "kept.jsonl"])).toMatchObject({
      whole: true,
      results: "kept.jsonl",
    });
    expect(orderOf(["--results", "kept.jsonl", "camvid"]).whole).toBe(false);
    expect(orderOf(["--short"]).runs.map(({ task }) => task)).toEqual(["train", "infer"]);
    expect(() => orderOf(["camvit"])).toThrow(/no case camvit; there are pspnet50-185,/);
    expect(() => orderOf(["--sides", "caffe"])).toThrow(/no side caffe; there are pspc,/);
    expect(() => orderOf(["--task", "eval"])).toThrow("no task eval; there are train, infer");
  });

  it.each(cases)(
    "$name is a spec that passes its rules",
    ({ entry, overrides = [], batch, train }) => {
      const read = (path: string) => either.right(readFileSync(path, "utf8"));
      const words = [...overrides, ...(train === undefined ? [] : [`train.batch=${batch}`])];
      const { result } = checkStill({ cwd: process.cwd(), read })({ entry, overrides: words });
      expect(either.isRight(result)).toBe(true);
    },
  );
});
