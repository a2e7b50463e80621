import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { noGpu } from "../../src/runtime/errors.js";
import {
  loadTensorFlow,
  nvidiaDriver,
  preload,
  describe as tell,
} from "../../src/runtime/library.js";

const deps = join(
  dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-node-gpu/package.json")),
  "deps",
);

describe("loading", () => {
  test("a library that is preloaded stays in the process", () => {
    const mapped = (): boolean =>
      readFileSync("/proc/self/maps", "utf8").includes("libtensorflow_framework");
    expect(mapped()).toBe(false);
    preload(join(deps, "lib", "libtensorflow_framework.so.2"));
    expect(mapped()).toBe(true);
  });

  test("TensorFlow runs, and says its version", async () => {
    const tf = await loadTensorFlow("cpu");
    expect(tell(tf)).toEqual({ version: expect.stringMatching(/^2\.\d+\.\d+$/), device: "cpu" });
    expect([...(await tf.add(19, 23).data())]).toEqual([42]);
  });

  test.skipIf(!existsSync("/sys/kernel/mm/transparent_hugepage"))(
    "TensorFlow's big blocks ask for large pages (skipped where the system has none)",
    async () => {
      const tf = await loadTensorFlow("cpu");
      const mebibytes = 64;
      const tensor = tf.zeros([mebibytes * 2 ** 18]).add(1);
      const mappings = readFileSync("/proc/self/smaps", "utf8").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
      const kilobytes = mappings
        .filter((mapping) => /^VmFlags:.* hg( |$)/m.test(mapping))
        .map((mapping) => Number(/^Size: +(\d+) kB/m.exec(mapping)?.[1]));
      expect(kilobytes.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(mebibytes * 1024);
      tensor.dispose();
    },
  );

  test("a process that took the CPU cannot turn to the GPU", async () => {
    await expect(loadTensorFlow("gpu")).rejects.toMatchObject({
      failure: { message: expect.stringMatching(/cannot use the gpu: .* loaded .* with the cpu/) },
    });
  });

  test.skipIf(nvidiaDriver() !== undefined)(
    "a GPU that is asked for and absent is a failure (skipped where there is one)",
    async () => {
      const program = `
        const { loadTensorFlow } = await import("./dist/runtime/library.js");
        await loadTensorFlow("gpu").catch((e) => console.log(JSON.stringify(e.failure)));`;
      const { CUDA_VISIBLE_DEVICES: _, ...env } = process.env;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ["--input-type=module", "-e", program],
        { env },
      );
      expect(JSON.parse(stdout)).toEqual({
        kind: "failure",
        message: "a GPU was asked for, and TensorFlow sees none",
        reason: expect.stringMatching(/no NVIDIA driver/),
        help: expect.stringMatching(/install the driver.*or ask for the cpu/),
      });
    },
  );
});

describe("why there is no GPU", () => {
  const here = { hidden: undefined, driver: "570.86.15", cuda: true };

  test("the first reason that holds is told, with its remedy", () => {
    const told = (evidence: Parameters<typeof noGpu>[0]): string => {
      const { reason, help } = noGpu(evidence);
      return `${reason} → ${help}`;
    };
    expect(told({ ...here, hidden: "-1", driver: undefined })).toMatch(/"-1" hides .* → unset/);
    expect(told({ ...here, driver: undefined })).toMatch(/no NVIDIA driver .* → install/);
    expect(told({ ...here, cuda: false })).toMatch(/without CUDA → run `PSPC_FLAVOUR=cuda/);
    expect(told(here)).toMatch(/570\.86\.15 is here, but .* → run `TF_CPP_MIN_LOG_LEVEL=0/);
  });
});
