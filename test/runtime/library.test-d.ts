import type * as tf from "@tensorflow/tfjs-node-gpu";
import { expectTypeOf, test } from "vitest";
import type { Failure } from "../../src/diagnostic/failure.js";
import type { Report, TensorFlowReport } from "../../src/runtime/doctor.js";
import { loadTensorFlow } from "../../src/runtime/library.js";

test("a device is asked for by a known name", () => {
  expectTypeOf(loadTensorFlow).parameter(0).toEqualTypeOf<"auto" | "cpu" | "gpu" | undefined>();
  expectTypeOf(loadTensorFlow).returns.resolves.toEqualTypeOf<typeof tf>();
  // @ts-expect-error a flavour of the library is no device
  loadTensorFlow("cuda");
});

test("a report is of a machine that runs TensorFlow, or says why it does not", () => {
  expectTypeOf<Report["tensorflow"]>().toEqualTypeOf<TensorFlowReport | Failure>();
});
