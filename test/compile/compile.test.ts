/** The pipeline as its callers see it: what it asks of the world, and what it leaves. */

import * as E from "fp-ts/lib/Either.js";
import * as T from "fp-ts/lib/Task.js";
import { describe, expect, test } from "vitest";
import { check, checkData, checkStill, compile, type World } from "../../src/compile.js";
import { failure } from "../../src/diagnostic/failure.js";
import { lower } from "../../src/tensorflow/target.js";
import { minimal } from "../golden/front.js";
import { sampleHeaders } from "../golden/weights.js";

interface Asked {
  readonly world: World;
  readonly read: string[];
  readonly headers: string[][];
}

/** A world that remembers what it was asked. */
const worldOf = (files: Readonly<Record<string, string>>): Asked => {
  const [read, headers]: [string[], string[][]] = [[], []];
  const world: World = {
    cwd: "/project",
    read: (path) => {
      read.push(path);
      return E.fromNullable(failure(`cannot read ${path}`))(files[path]);
    },
    headers: (names) => {
      headers.push([...names]);
      return T.of(sampleHeaders(names));
    },
    samples: () => null,
    computesBf16: () => false,
  };
  return { world, read, headers };
};

const spec = (text: string) => ({
  "minimal.yaml": minimal,
  "s.yaml": `extends: minimal.yaml\n${text}`,
});
const codes = ({ diagnostics }: { readonly diagnostics: readonly { readonly code: string }[] }) =>
  diagnostics.map(({ code }) => code);

describe("the compiler", () => {
  test("reads each file once, and asks once for the headers of all that the variants name", async () => {
    const { world, read, headers } = worldOf(
      spec(`model: {weights: pspnet50.pth}
variants:
  a: {model.weights: resnet50.pth}
  b: {train.seed: 1}
`),
    );
    await check(world)({ entry: "s.yaml" })();
    expect(read).toEqual(["s.yaml", "minimal.yaml"]);
    expect(headers).toEqual([["/project/pspnet50.pth", "/project/resnet50.pth"]]);
  });

  test("asks what the processor computes for specs that depend on it", async () => {
    const { world } = worldOf(spec("train: {precision: f32}"));
    const never = (): never => {
      throw new Error("asked");
    };
    expect(codes(await check({ ...world, computesBf16: never })({ entry: "s.yaml" })())).toEqual(
      [],
    );
    const half = worldOf(spec("train: {precision: bf16}"));
    expect(codes(await check(half.world)({ entry: "s.yaml" })())).toEqual(["E0522"]);
  });

  test("leaves the program that `lower` makes of the experiment", async () => {
    const { world } = worldOf(spec("model: {backbone: {resnet: 18}}"));
    const request = { entry: "s.yaml", overrides: ["train.batch=2"] };
    const { result } = await compile(world)(request)();
    if (E.isLeft(result)) throw new Error(result.left[0].message);
    expect(result.right.experiment.train.batch).toBe(2);
    expect(result.right).toEqual(lower(result.right.experiment));
  });

  test("refuses weights that do not fit, as the command line does", async () => {
    const { world } = worldOf(spec("model: {weights: pspnet50-ade20k.pth}"));
    const { result } = await compile(world)({ entry: "s.yaml" })();
    expect(E.isLeft(result) && result.left.map(({ code }) => code)).toEqual(["E0532"]);
  });

  test("finds errors in other variants without refusing the version that was asked for", () => {
    const { world } = worldOf(spec("variants: {small: {train.crop: 33}, noted: {train.crop: 97}}"));
    const still = checkStill({ cwd: world.cwd, read: world.read });
    const found = still({ entry: "s.yaml" });
    expect(codes(found)).toEqual(["E0503"]);
    expect(found.diagnostics[0]?.notes).toContain("in the variant `small`");
    expect(E.isRight(found.result)).toBe(true);
    expect(found.variants).toEqual(["small", "noted"]);
    expect(E.isLeft(still({ entry: "s.yaml", variant: "small" }).result)).toBe(true);
    // A note of the variant that was asked for is told, of the others it is not.
    expect(codes(still({ entry: "s.yaml", variant: "noted" }))).toEqual(["E0502"]);
  });

  test("checks the data section alone, whatever is wrong elsewhere", () => {
    const { world } = worldOf(spec("data: {ignore: 3}\ntrain: {crop: 34, batsh: 2}"));
    const { result, diagnostics } = checkData(world)({ entry: "s.yaml" });
    expect(diagnostics).toEqual([]);
    expect(E.isRight(result) && result.right.labels.get(3)).toBe("ignore");
    const of = (text: string): readonly string[] =>
      codes(checkData(worldOf({ "s.yaml": text }).world)({ entry: "s.yaml" }));
    expect(of(minimal.replace(/^train:.*/m, ""))).toEqual([]);
    expect(of(minimal.replace("[sky", "[road").replace("crop: 89", "crop: 34"))).toEqual(["E0517"]);
    expect(of(minimal.replace("root: data", "root: 1").replace(/^train:.*/m, ""))).toEqual([
      "E0203",
    ]);
    expect(of(minimal.replace("data:", "dat:"))).toContain("E0202");
    expect(of("pspc: 1\nmodel: 7\n")).toContain("E0202");
    expect(of("[]")).toEqual(["E0203"]);
  });
});
