/** Reports of variants that never were, as many as are asked for: for tests of the page and of its pace. */

import { palette } from "../../../src/data/palette.js";
import { encodeIndices } from "../../../src/data/write-image.js";
import { fromCounts } from "../../../src/metric/scores.js";
import type { Experiment } from "../../../src/normalize/experiment.js";
import type { Pictured, Report, Shown } from "../../../src/report/page/report.js";
import { scored } from "../../../src/run/evaluation.js";
import type { Run } from "../../../src/run/record.js";
import { rowOf } from "../../../src/run/row.js";
import { experiment } from "../example.js";

const classes = "sky wall water road bed boat car toy pillow building window".split(" ");
const seeds = [0, 1, 2];

/** Between 0 and 1, and always the same. */
const chance = (...keys: readonly number[]): number => {
  const x = Math.sin(keys.reduce((sum, key) => 31.7 * sum + key + 1, 0.3)) * 43758.5453;
  return x - Math.floor(x);
};

const base: Experiment = (() => {
  const one = experiment("{}");
  const labels = new Map(classes.map((_, c) => [c, c]));
  return { ...one, data: { ...one.data, classes, labels } };
})();

const evaluation = (variant: number, seed: number) => {
  const n = classes.length;
  const skill = 0.45 + 0.4 * chance(variant) + 0.12 * chance(variant, seed);
  const counts = Array.from({ length: n * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    const right = 20_000 * skill * (0.6 + 0.4 * chance(row, variant));
    return Math.round(row === column ? right : 900 * (1 - skill) * chance(i, variant) ** 3 * 8);
  });
  const about = { split: "val", images: 90, fingerprint: "0123456789abcdef" } as const;
  return scored(base, { confusion: fromCounts(counts, n), boundaries: null }, about).evaluation;
};

const run = (variant: number, seed: number): Run => ({
  spec: "scenes.yaml",
  variant: `v${variant}`,
  state: "finished",
  step: 400,
  steps: 400,
  seconds: 60 + 90 * chance(variant, 5),
  peak_memory: Math.round((0.7 + chance(variant, 6)) * 2 ** 30),
  device: "cpu",
  versions: { pspc: "0.1.0", node: "v20.20.2", tensorflow: "2.9.1" },
  overrides: [],
  recoveries: [],
  amendments: [],
  kernels: {},
  formerly: [],
  created: "2026-01-02T03:04:05.000Z",
  fingerprint: {
    graph: "fedcba9876543210",
    data: "89abcdef01234567",
    program: `${variant}${seed}cba98765432`.slice(0, 16),
  },
  training: null,
  experiment: { ...base, train: { ...base.train, seed } },
});

const shown = (name: string, v: number): Shown => {
  const [first, ...rest] = seeds.map((seed) => ({
    folder: `runs/scenes-${v}-seed${seed}`,
    run: run(v, seed),
    evaluation: evaluation(v, seed),
  }));
  const scores = [first!, ...rest].map((one) => one.evaluation);
  const curve = (end: number, seed: number) =>
    Array.from({ length: 160 }, (_, i) => {
      const noise = 0.06 * chance(i, v, seed);
      return [(5 * (i + 1)) / 2, 2.4 * Math.exp(-i / 40) + end + noise] as const;
    });
  return {
    name,
    differences: v === 0 ? [] : [{ path: "model.pyramid.bins", left: [1, 2, 3, 6], right: [v] }],
    parameters: 250_000 + Math.round(300_000 * chance(v, 7)),
    macs: 2e9 + 3e9 * chance(v, 8),
    runs: seeds.map((seed, i) => ({
      score: { ...scores[i]!, step: null },
      folder: `runs/scenes-${v}-seed${seed}`,
      run: run(v, seed),
      loss: curve(0.1 + 0.4 * chance(v), seed),
      scores: new Map([
        ["val", curve(0, seed).map(([step, value]) => [step, 0.9 - value / 4] as const)],
      ]),
    })),
    row: rowOf(name, base, [first!, ...rest]),
  };
};

const [width, height] = [160, 120];

const scene = (picture: number, variant: number): string => {
  const labels = new Uint8Array(width * height).map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const shift = 6 * chance(variant, picture);
    if (Math.hypot(x - 80 - shift, y - 70) < 26) return 5 + (picture % 3);
    return y < 55 + 5 * Math.sin(x / 12 + shift) ? 0 : y < 90 ? 9 : 3;
  });
  const png = encodeIndices(labels, height, width, palette());
  return `data:image/png;base64,${png.toString("base64")}`;
};

const pictured = (picture: number, variants: number): Pictured => ({
  name: `scene-${picture}.png`,
  width,
  height,
  picture: scene(picture, 99),
  truth: scene(picture, 98),
  predictions: Array.from({ length: variants }, (_, v) => ({
    url: scene(picture, v),
    accuracy: 0.8 + 0.2 * chance(v, picture),
  })),
});

export const synthetic = (names: readonly string[], more: Partial<Report> = {}): Report => ({
  title: "Context scenes",
  split: "val",
  data: { folder: "context-scenes/data", images: 90 },
  classes,
  palette: palette(),
  variants: names.map(shown),
  damaged: [],
  pictures: Array.from({ length: 4 }, (_, i) => pictured(i, names.length)),
  commands: ["npx pspc compare examples/context-scenes/scenes.yaml --seeds 3"],
  live: false,
  ...more,
});
