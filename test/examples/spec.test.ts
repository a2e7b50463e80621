import { readFileSync } from "node:fs";
import { isRight, left, right } from "fp-ts/lib/Either.js";
import { describe, expect, it } from "vitest";
import { CLASSES } from "../../examples/context-scenes/classes.mjs";
import { SIZE } from "../../examples/context-scenes/scene.mjs";
import { checkStill } from "../../src/compile.js";
import { failure } from "../../src/diagnostic/failure.js";

const entry = "examples/context-scenes/scenes.yaml";

const read = (path: string) => {
  try {
    return right(readFileSync(path, "utf8"));
  } catch (error) {
    return left(failure(`cannot read ${path}`, String(error)));
  }
};
const check = (variant?: string) => checkStill({ cwd: process.cwd(), read })({ entry, variant });

describe("the spec of the context scenes", () => {
  it("is accepted without a remark", () => {
    expect(check().diagnostics).toEqual([]);
    expect(check().variants).toEqual(["fcn", "pspnet"]);
  });

  it("speaks of the classes and the size that the generator draws", () => {
    const { result } = check("pspnet");
    if (!isRight(result)) throw new Error("the spec is not accepted");
    const { data, train } = result.right.experiment;
    expect(data.classes).toEqual(CLASSES);
    expect(train.crop).toEqual([SIZE, SIZE]);
  });

  it("changes nothing but the pyramid between its variants", () => {
    const [fcn, pspnet] = [check("fcn").result, check("pspnet").result];
    if (!isRight(fcn) || !isRight(pspnet)) throw new Error("a variant is not accepted");
    const without = fcn.right.experiment;
    const pyramid = pspnet.right.experiment.model.pyramid;
    expect(without.model.pyramid).toBeNull();
    expect(pyramid?.bins).toEqual([1, 2, 3, 6]);
    expect({ ...without, model: { ...without.model, pyramid } }).toEqual(pspnet.right.experiment);
  });
});
