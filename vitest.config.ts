import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Rooms whose code is pure and loads no addon: their test files may share one process. */
const pure =
  "diagnostic,source,language,normalize,rules,compile,graph,model,plan,metric,weights,report,editor,house".split(
    ",",
  );
const pureFiles = pure.map((room) => `test/${room}/**/*.test.ts`);

const shared = {
  // Forms as on a typical machine: what is known of this one changes no test.
  env: { PSPC_SPEEDS: "typical" },
  // The addon is native code and not made for worker threads.
  pool: "forks" as const,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Worker threads and the program itself run from dist/.
    globalSetup: "test/build.ts",
    reporters: ["default", "./test/unfinished.ts"],
    // Each process that runs TensorFlow takes all cores by itself.
    maxWorkers: Math.min(4, availableParallelism()),
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: "pure",
          include: pureFiles,
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          ...shared,
          name: "machine",
          include: ["test/**/*.test.ts"],
          exclude: pureFiles,
        },
      },
    ],
  },
});
