/** What a plan says of several devices, against sums over the network's own variables. */

import { describe, expect, test } from "vitest";
import { valuesOfOp } from "../../src/graph/graph.js";
import { product } from "../../src/graph/type.js";
import { isOfNorm, isTrained } from "../../src/graph/variable.js";
import { plan } from "../../src/report/plan.js";
import { planText } from "../../src/report/plan-text.js";
import { lower } from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";

const planned = (devices: number, accumulate = 1) => {
  const program = lower(tiny({ train: { batch: 8, accumulate } }));
  const { experiment, training, recompute, fingerprint } = program;
  const asked = { experiment, training, recompute, fingerprint: fingerprint.program };
  return { training, plan: plan({ ...asked, variants: [], images: null, devices }) };
};

describe("a plan for devices", () => {
  test("sums each gradient once, and two numbers a channel of each norm, both ways", () => {
    const { training, plan: of } = planned(4);
    const { devices } = of;
    const variables = valuesOfOp(training, "variable").map(({ attributes }) => attributes);
    const bytes = (isNorm: boolean): number =>
      variables
        .filter((each) => isTrained(each) && each.site !== null)
        .filter(({ site }) => site !== null && isOfNorm(site.word) === isNorm)
        .reduce((sum, { shape }) => sum + 4 * product(shape), 0);
    // A scale and a shift a channel; forward and backward, and as often as a batch has parts.
    expect(devices?.bytes.norms).toBe(2 * bytes(true));
    expect(planned(4, 2).plan.devices?.bytes.norms).toBe(4 * bytes(true));
    // With them go the losses and their denominators; the gradients of norms are summed already.
    expect(devices!.bytes.gradients - bytes(false)).toBeGreaterThan(0);
    expect(devices!.bytes.gradients - bytes(false)).toBeLessThan(100);
    expect(devices?.images_per_device).toBe(2);
    const all = devices!.bytes.norms + devices!.bytes.gradients;
    expect(devices?.bytes_sent).toBe((2 * 3 * all) / 4);
  });

  test("needs less memory on each of more devices, and says nothing of one", () => {
    const [two, eight] = [planned(2).plan.devices, planned(8).plan.devices];
    expect(eight!.memory_bytes_per_device).toBeLessThan(two!.memory_bytes_per_device);
    expect(planned(1).plan).not.toHaveProperty("devices");
  });

  test("is a table whose steps grow with the devices", () => {
    const { plan: of } = planned(8);
    const steps = of.devices!.scaling.map(({ step_seconds }) => step_seconds);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(planText(of, { everyLayer: false })).toMatch(/512 GPUs/);
  });
});
