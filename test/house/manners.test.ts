/** The manners of the house: short files that say what they are, and words kept where they belong. */

import { describe, expect, test } from "vitest";
import { type Source, sources } from "./sources.js";

const budget = 300;

const breaking = (rule: (file: Source) => boolean): string[] =>
  sources.filter(rule).map(({ path }) => path);

describe("manners", () => {
  test(`a file has at most ${budget} lines`, () => {
    const long = sources.filter(({ lines }) => lines > budget);
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  test("a file begins with one sentence on what it is", () => {
    expect(breaking(({ text }) => !/^(#!.*\n)?\/\*\*\s/.test(text))).toEqual([]);
  });

  test("only cli/ prints and exits", () => {
    expect(
      breaking(
        ({ path, room, code }) =>
          room !== "cli" &&
          path !== "file/module/program.ts" &&
          /\bconsole\.|process\.exit\b/.test(code),
      ),
    ).toEqual([]);
  });

  // ONNX has names in common with it.
  test("only targets and runtime/ know the names of TensorFlow's operations", () => {
    const ops =
      /"(Conv2D\w*|FusedBatchNorm\w*|VarHandleOp|ReadVariableOp|Assign\w*VariableOp|Placeholder|NoOp|MatMul|BiasAdd\w*|MaxPool\w*|SavedModel\w*)"/;
    const may = ["tensorflow", "onnx", "runtime"];
    expect(breaking(({ room, code }) => !may.includes(room) && ops.test(code))).toEqual([]);
  });

  test("no clock and no dice in the compiler", () => {
    const world = ["runtime", "data", "run", "report", "cli"];
    expect(
      breaking(
        ({ room, code }) => !world.includes(room) && /Math\.random|Date\.now|new Date\(/.test(code),
      ),
    ).toEqual([]);
  });

  test("nothing is left for later", () => {
    expect(
      breaking(({ text }) => /\b(TODO|FIXME|XXX|HACK)\b|@ts-(ignore|nocheck)/.test(text)),
    ).toEqual([]);
  });

  test("no folder for whatever has no place", () => {
    expect(breaking(({ path }) => /(^|\/)(utils?|helpers?|common|types)\//.test(path))).toEqual([]);
  });
});
