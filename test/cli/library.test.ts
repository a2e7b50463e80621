import * as E from "fp-ts/lib/Either.js";
import * as T from "fp-ts/lib/Task.js";
import { describe, expect, it } from "vitest";
import { compile, defineSpec, lower, modelFor, printGraph } from "../../src/index.js";

const spec = defineSpec({
  pspc: 1,
  data: { root: ".", train: "train.txt", classes: ["road", "car"] },
  model: { backbone: { resnet: 18 }, pyramid: { bins: [1, 2] } },
  train: { iterations: 10, batch: 2, crop: 41 },
});
const compiled = (text: string) =>
  compile({ cwd: "/", read: () => E.right(text), headers: () => T.of(new Map()) })({
    entry: "spec.json",
  })();

describe("the library", () => {
  it("compiles a spec written in TypeScript", async () => {
    const { result: program } = await compiled(JSON.stringify(spec));
    if (E.isLeft(program)) throw new Error(program.left[0].message);
    const { training, experiment, fingerprint } = program.right;
    expect(printGraph(training)).toContain("input images : u8[2,41,41,3]");
    expect(lower(experiment).fingerprint).toEqual(fingerprint);
    expect(Object.keys(modelFor(program.right, { train: true }).model.signatures)).toContain(
      "train",
    );
  });

  it("gives every mistake instead", async () => {
    const { result: program } = await compiled(JSON.stringify({ ...spec, pspc: 2, modle: {} }));
    expect(E.isLeft(program) && program.left.length).toBe(2);
  });
});
