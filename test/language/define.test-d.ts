import { expectTypeOf, test } from "vitest";
import type { ChildSpec, WholeSpec } from "../../src/language/define.js";
import type { Spec } from "../../src/language/spec.js";

test("a whole spec is the language's own type, without a parent", () => {
  expectTypeOf<WholeSpec>().toExtend<Spec>();
  expectTypeOf<WholeSpec["train"]["iterations"]>().toEqualTypeOf<number>();
  expectTypeOf<WholeSpec["extends"]>().toEqualTypeOf<undefined>();
});

test("a child names its parent and leaves out what it likes", () => {
  expectTypeOf<ChildSpec["extends"]>().toEqualTypeOf<string>();
  expectTypeOf<{ readonly extends: string }>().toExtend<ChildSpec>();
  expectTypeOf<NonNullable<ChildSpec["train"]>["iterations"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<NonNullable<ChildSpec["model"]>>().toEqualTypeOf<NonNullable<Spec["model"]>>();
});
