/**
 * Evaluation is PyTorch's evaluation: windows, mirrors, scales, padding; pixel for pixel except ties.
 *
 * The reference computes in 64 bits. A pixel is a tie where its two highest probabilities lie within TIE of each other, as a
 * share of the largest of the image. Our probabilities, of 32 bits, are held to half of that distance first: no other
 * pixel can have changed its class by rounding.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Evaluate, Experiment } from "../../src/normalize/experiment.js";
import { stateOf } from "../../src/plan/graphs.js";
import { evaluationStep, predictionStep } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { standard } from "../../src/rewrite/passes.js";
import { openSession, type Session } from "../../src/runtime/session.js";
import { plainCpu, savedModel, withKernels } from "../../src/tensorflow/target.js";
import { type Differs, tiny } from "./experiment.js";
import { ask, compare, hasGolden, torch } from "./oracle.js";
import { images, labels, stateFor } from "./scene.js";

const TIE = 2e-5;
const CLASSES = 5;

interface Case {
  readonly name: string;
  readonly size: readonly [height: number, width: number];
  readonly evaluate: Partial<Evaluate>;
  readonly model?: Differs["model"];
}

const slide = { mode: "slide", window: [33, 33] } as const;

const cases: readonly Case[] = [
  { name: "whole-odd", size: [37, 45], evaluate: {} },
  { name: "whole-even-areas", size: [40, 52], evaluate: {}, model: { align_corners: false } },
  {
    name: "whole-as-it-is",
    size: [40, 52],
    evaluate: { grid: "none", mirror: true, scales: [0.75, 1] },
    model: { align_corners: false },
  },
  { name: "whole-3x5", size: [3, 5], evaluate: { mirror: true } },
  {
    name: "whole-mirrored-scales",
    size: [40, 52],
    evaluate: { mirror: true, scales: [0.5, 1, 1.75] },
  },
  { name: "slide-third", size: [50, 71], evaluate: slide },
  {
    name: "slide-half-logits-areas",
    size: [50, 71],
    evaluate: { ...slide, window: [33, 41], overlap: 1 / 2, average: "logits", mirror: true },
    model: { align_corners: false },
  },
  { name: "slide-smaller-centre", size: [22, 29], evaluate: { ...slide, window: [33, 41] } },
  {
    name: "slide-smaller-end",
    size: [22, 60],
    evaluate: { ...slide, padding: "end", mirror: true },
  },
  {
    name: "slide-long-side-scales",
    size: [45, 37],
    evaluate: { ...slide, mirror: true, long_side: 60, scales: [0.5, 0.75, 1.25], overlap: 0 },
  },
  {
    name: "whole-logits-scales",
    size: [31, 40],
    evaluate: { average: "logits", scales: [0.75, 1.5], padding: "end" },
  },
];

const experimentOf = ({ evaluate, model }: Case): Experiment =>
  tiny({ classes: CLASSES, evaluate, ...(model && { model }) });

const source = torch === undefined ? "its recorded maps" : `PyTorch ${torch}`;
const weights = stateFor(
  stateOf([trainingStep(tiny({ classes: CLASSES }))]).filter(({ role }) => role !== "momentum"),
);

/** Class maps as text, a digit a pixel, `·` a tie: [H, W]. */
const draw = (shares: ArrayLike<number>, width: number): string => {
  const limit = TIE * Math.max(...Array.from(shares));
  const pixels = Array.from({ length: shares.length / CLASSES }, (_, i) => {
    const own = Array.from({ length: CLASSES }, (_, c) => shares[i * CLASSES + c]);
    const [first, second] = own.toSorted((a, b) => b! - a!);
    return first! - second! < limit ? "·" : String(own.indexOf(first));
  });
  return `${pixels
    .join("")
    .match(new RegExp(`.{${width}}`, "gu"))!
    .join("\n")}\n`;
};

/** PyTorch's classes: computed where it is at hand, and kept for where it is not. */
const classesOf = (name: string, shares: ArrayLike<number> | null, width: number): string => {
  const file = `test/golden/oracle/${name}.txt`;
  if (shares === null) return readFileSync(file, "utf8");
  const drawn = draw(shares, width);
  if (process.env.PSPC_ORACLE === "record") writeFileSync(file, drawn);
  else if (existsSync(file)) expect(drawn).toBe(readFileSync(file, "utf8"));
  return drawn;
};

describe(`evaluation, against ${source}`, () => {
  let session: Session;
  beforeAll(async () => {
    const graphs = cases.flatMap((each) => {
      const experiment = experimentOf(each);
      const [height, width] = each.size;
      return [
        [
          `${each.name}-predict`,
          predictionStep(experiment, height, width, standard, { probabilities: true }),
        ],
        [`${each.name}-count`, withKernels(evaluationStep(experiment, height, width), plainCpu)],
      ] as const;
    });
    const model = savedModel(Object.fromEntries(graphs));
    session = await openSession(model, "cpu");
    const needed = stateOf(graphs.map(([, graph]) => graph));
    session.write(new Map(needed.map(({ name }) => [name, weights.get(name)!] as const)));
  }, 120_000);
  afterAll(() => session.dispose());

  it.each(cases.filter(({ name }) => torch !== undefined || hasGolden(`evaluate-${name}`)))(
    "$name",
    async (each) => {
      const experiment = experimentOf(each);
      const name = `evaluate-${each.name}`;
      const [bytes, truth] = [images(1, ...each.size), labels(1, ...each.size, CLASSES)];
      const { classes, probabilities } = session.run(`${each.name}-predict`, { images: bytes });
      const tensors = new Map([
        ...weights,
        ["images", { shape: [1, ...each.size, 3], data: bytes }] as const,
      ]);
      const answer = await ask(name, { task: "evaluate", experiment, tensors, bits: 64 });
      expect(compare(probabilities!.data, answer.probabilities!).largest).toBeLessThan(TIE / 2);

      const whole = "samples" in answer.probabilities! ? null : answer.probabilities;
      const wanted = [...classesOf(name, whole!, each.size[1]).replaceAll("\n", "")];
      const off = wanted.filter((digit, i) => digit !== "·" && digit !== String(classes!.data[i]!));
      expect(off).toEqual([]);
      expect(wanted.filter((digit) => digit === "·").length).toBeLessThan(wanted.length / 100);

      const counts = new Array(CLASSES ** 2).fill(0);
      truth.forEach((label, i) => {
        if (label !== 255) counts[label * CLASSES + classes!.data[i]!] += 1;
      });
      const { confusion } = session.run(`${each.name}-count`, { image: bytes, label: truth });
      expect([...confusion!.data]).toEqual(counts);
    },
    60_000,
  );

  it("shows several classes in most of these maps", () => {
    const maps = cases.map(({ name }) =>
      readFileSync(`test/golden/oracle/evaluate-${name}.txt`, "utf8"),
    );
    const several = maps.filter((map) => new Set(map.replaceAll(/[·\n]/g, "")).size > 1);
    expect(several.length).toBeGreaterThan(maps.length / 2);
  });
});
