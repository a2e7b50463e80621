/** Names of variables: derived from places, and the same as in every checkpoint there is. */

import { readFileSync } from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { valuesOfOp } from "../../src/graph/graph.js";
import { isNetwork, isSaved, roles, variableName } from "../../src/graph/variable.js";
import { networkGraph } from "../../src/plan/inference.js";
import { trainingStep } from "../../src/plan/step.js";
import { skeletonOf } from "../../src/weights/fit.js";
import { nameMaps } from "../../src/weights/name-maps.js";
import { theirName } from "../../src/weights/names.js";
import { check, shown } from "../golden/front.js";
import { pspnet, tiny } from "../oracle/experiment.js";

const old = "test/golden/v0.1";

/** Names of the tensors of a safetensors file: a JSON header behind its length in eight bytes. */
const namesIn = (file: string): readonly string[] => {
  const bytes = readFileSync(file);
  const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString();
  return Object.keys(JSON.parse(header)).filter((name) => name !== "__metadata__");
};

const variablesOf = (graph: ReturnType<typeof trainingStep>) =>
  valuesOfOp(graph, "variable").map(({ attributes }) => attributes);

describe("the names of variables", () => {
  it("are those of a checkpoint of 0.1, averages and momentum among them", () => {
    const checked = check({ "spec.yaml": readFileSync(`${old}/squares.yaml`, "utf8") });
    if (E.isLeft(checked.result)) throw new Error(shown(checked));
    const saved = variablesOf(trainingStep(checked.result.right.experiment)).filter(isSaved);
    const names = namesIn(`${old}/records/squares/checkpoints/step-12.safetensors`);
    expect(saved.map(({ name }) => name).sort()).toEqual([...names].sort());
  });

  const inverted = { block: "inverted", blocks: [3, 3, 7, 4], strides: [2, 2, 1, 1] } as const;
  it.each(["deep", "conv7", "conv3"] as const)(
    "follow from their places, and tell all apart: %s",
    (kind) => {
      const stem =
        kind === "deep"
          ? ({ kind, channels: [64, 64, 128] } as const)
          : ({ kind, channels: 64 } as const);
      const other = kind === "conv3" ? inverted : {};
      const of = pspnet([3, 4, 6, 3], 19, {
        backbone: { stem, ...other },
        train: { crop: [185, 185] },
      });
      const variables = variablesOf(networkGraph(of, "train")).filter(isNetwork);
      const ours = nameMaps.find(({ name }) => name === "pspc")!;
      for (const { name, role, site } of variables) {
        expect(site?.word).toBe(role);
        expect(site && variableName(site)).toBe(name);
        // Spelt out once more, as a map among others.
        expect(theirName(site, ours, skeletonOf(of.model))).toBe(name);
      }
      expect(new Set(variables.map(({ name }) => name)).size).toBe(variables.length);
    },
  );
});

describe("the roles of variables", () => {
  it("are trained only as parts of the network, and forgotten only beside it", () => {
    for (const meaning of Object.values(roles)) {
      expect(!meaning.trained || meaning.network).toBe(true);
      expect(!meaning.network || meaning.saved).toBe(true);
      expect(meaning.trained).toBe(meaning.decay.length > 0);
    }
  });

  it("all occur in a training with every option", () => {
    const betas = [0.9, 0.999] as const;
    const adamw = { betas, epsilon: 1e-8, weight_decay: 0, decay: "all" } as const;
    const of = tiny({ train: { batch: 4, accumulate: 2, ema: 0.9, optimizer: adamw } });
    const found = new Set(variablesOf(trainingStep(of)).map(({ role }) => role));
    // What a session settles before it answers is of no training.
    expect([...found, "settled"].sort()).toEqual(Object.keys(roles).sort());
  });
});
