/**
 * What a preset names is the reference's network: a spec of one line and `semantics`, against PyTorch's under the
 * reference's own names, loaded strictly (presets.py). Where torch is absent, against its recorded summaries.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { expect, test } from "vitest";
import { valueOrThrow } from "../../src/diagnostic/failure.js";
import { isNetwork, isTrained } from "../../src/graph/variable.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { stateOf } from "../../src/plan/graphs.js";
import { trainingStep } from "../../src/plan/step.js";
import { openSession } from "../../src/runtime/session.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { skeletonOf } from "../../src/weights/fit.js";
import { nameMaps } from "../../src/weights/name-maps.js";
import { exported } from "../../src/weights/names.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/weights/safetensors.js";
import type { Tensor } from "../../src/weights/tensor.js";
import { checkChild, shown } from "../golden/front.js";
import { logitsGraph } from "./logits.js";
import { environment, torch } from "./oracle.js";
import { images, stateFor } from "./scene.js";

interface Case {
  readonly title: string;
  readonly reference: string;
  readonly block: "basic" | "bottleneck";
  readonly blocks: readonly number[];
  /** Beside `semantics` and `resnet`. */
  readonly also?: string;
  readonly averaged?: true;
  readonly size: readonly [height: number, width: number];
}

const WIDTH = 8;

const cases: readonly Case[] = [
  {
    title: "paddleseg-basic",
    reference: "paddleseg",
    block: "basic",
    blocks: [2, 2, 2, 2],
    size: [81, 72],
  },
  {
    title: "paddleseg-bottleneck",
    reference: "paddleseg",
    block: "bottleneck",
    blocks: [2, 2, 2, 2],
    size: [81, 72],
  },
  {
    title: "mmseg-bottleneck-v1d",
    reference: "mmseg",
    block: "bottleneck",
    blocks: [1, 2, 1, 1],
    also: ", shortcut: averaged",
    averaged: true,
    size: [81, 72],
  },
  {
    title: "mmseg-basic",
    reference: "mmseg",
    block: "basic",
    blocks: [2, 2, 2, 2],
    size: [72, 89],
  },
  {
    title: "mmseg-bottleneck",
    reference: "mmseg",
    block: "bottleneck",
    blocks: [1, 2, 2, 2],
    size: [72, 89],
  },
];

const experimentOf = ({ reference, block, blocks, also = "" }: Case): Experiment => {
  const resnet = `{block: ${block}, blocks: [${blocks.join(", ")}], width: ${WIDTH}}`;
  const checked = checkChild(
    `semantics: ${reference}\nmodel: {backbone: {resnet: ${resnet}${also}}}\ntrain: {crop: 73}\n`,
  );
  if (E.isLeft(checked.result)) throw new Error(shown(checked));
  return checked.result.right.experiment;
};

interface Answer {
  readonly parameters: number;
  readonly logits: ArrayLike<number>;
}

/** The network of the reference, by the weights under its names. */
const answer = (
  { reference, block, blocks, averaged }: Case,
  classes: number,
  tensors: ReadonlyMap<string, Tensor>,
): Answer => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-presets-"));
  try {
    const [request = "", weights = "", result = ""] = ["request", "weights", "result"].map((name) =>
      join(folder, name),
    );
    const kind = reference === "mmseg" ? { averaged: averaged === true } : {};
    writeFileSync(
      request,
      JSON.stringify({ reference, block, blocks, width: WIDTH, classes, ...kind }),
    );
    writeFileSync(weights, encodeSafetensors(tensors));
    const script = join(import.meta.dirname, "presets.py");
    execFileSync("python3", [script, request, weights, result], {
      env: environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const found = valueOrThrow(decodeSafetensors(readFileSync(result), result)).tensors;
    const { parameters, logits } = Object.fromEntries(found);
    return { parameters: parameters?.data[0] ?? 0, logits: logits?.data ?? [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const COUNT = 64;
const sampled = (values: ArrayLike<number>): readonly number[] =>
  Array.from({ length: COUNT }, (_, i) =>
    Number((values[(i * 1_000_003) % values.length] ?? Number.NaN).toPrecision(7)),
  );

test.each(cases)(
  "$title",
  async (of) => {
    const experiment = experimentOf(of);
    const { data, model } = experiment;
    const graph = logitsGraph({ experiment, size: of.size });
    const variables = stateOf([trainingStep(experiment)]).filter(isNetwork);
    const weights = stateFor(variables);
    const bytes = images(1, ...of.size);
    const session = await openSession(savedModel({ logits: graph }), "cpu");
    session.write(new Map(stateOf([graph]).map(({ name }) => [name, weights.get(name)!] as const)));
    const ours = session.run("logits", { images: bytes }).logits!.data;
    session.dispose();

    const map = nameMaps.find(({ name }) => name === of.reference)!;
    const { tensors, left } = exported(weights, variables, map, skeletonOf(model));
    expect(left).toEqual([]);
    const normal = Float32Array.from(
      bytes,
      (value, i) => (value - data.mean[i % 3]!) / data.std[i % 3]!,
    );
    const asked = new Map([
      ...tensors,
      ["images", { shape: [1, ...of.size, 3], data: normal }] as const,
    ]);
    const golden = `test/golden/oracle/preset-${of.title}.json`;
    const theirs = torch === undefined ? null : answer(of, data.classes.length, asked);
    if (theirs !== null && process.env.PSPC_ORACLE === "record")
      writeFileSync(
        golden,
        `${JSON.stringify({ parameters: theirs.parameters, logits: sampled(theirs.logits) })}\n`,
      );
    const recorded: Answer = JSON.parse(readFileSync(golden, "utf8"));
    const wanted = theirs ?? recorded;

    const parameters = variables
      .filter(isTrained)
      .reduce((n, { shape }) => n + shape.reduce((a, b) => a * b, 1), 0);
    expect(parameters).toBe(wanted.parameters);
    expect(parameters).toBe(recorded.parameters);
    const [got, expected] =
      theirs === null ? [sampled(ours), recorded.logits] : [ours, theirs.logits];
    expect(got.length).toBe(expected.length);
    const largest = Math.max(...Array.from(expected, Math.abs));
    const off = Array.from(expected, (value, i) => Math.abs(got[i]! - value));
    expect(Math.max(...off) / largest).toBeLessThan(1e-4);
  },
  120_000,
);
