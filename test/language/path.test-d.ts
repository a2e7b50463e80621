import { expectTypeOf, test } from "vitest";
import { type KeyPath, path } from "../../src/language/path.js";

test("a path of the language compiles, a misspelt one does not", () => {
  expectTypeOf<"model.pyramid.bins">().toExtend<KeyPath>();
  expectTypeOf<"model.pyramid">().toExtend<KeyPath>();
  expectTypeOf<"train.optimizer.sgd.momentum">().toExtend<KeyPath>();
  expectTypeOf<"data.train.suffix">().toExtend<KeyPath>();
  expectTypeOf<"data.labels.colours">().toExtend<KeyPath>();
  expectTypeOf<"model.pyramid.binz">().not.toExtend<KeyPath>();
  expectTypeOf<"pyramid.bins">().not.toExtend<KeyPath>();
  expectTypeOf<string>().not.toExtend<KeyPath>();
  // @ts-expect-error: no such key
  path("model.pyramid.binz");
  // @ts-expect-error: lists are indexed behind the key
  path("model.pyramid.bins.3");
  path("train.augment", 0, "rotate");
});
