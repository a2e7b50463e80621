import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

/** Tells, at the end of a process, which CommonJS modules were loaded; the heavy ones all are. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import Module from "node:module";
  process.on("exit", () => console.error("LOADED " + Object.keys(Module._cache).join(" ")));
`)}`;

const largest = "specs/pspnet269-cityscapes.yaml";

describe("the start of a process", () => {
  it.each([["check", largest], ["plan", largest], ["show", largest], ["schema"]])(
    "loads no TensorFlow and no image library: %s",
    async (...argv) => {
      const started = performance.now();
      const { stderr, status } = spawnSync(
        process.execPath,
        ["--import", spy, "bin/pspc.js", ...argv],
        { encoding: "utf8" },
      );
      const seconds = (performance.now() - started) / 1000;
      expect(status).toBe(0);
      const loaded = /LOADED (.*)/.exec(stderr)?.[1] ?? "";
      expect(loaded).toContain("cmd-ts");
      expect(loaded).not.toMatch(/@tensorflow|sharp|tinypool/);
      // Of the machine's mood as well, so that it is told and not judged.
      console.info(`pspc ${argv.join(" ")}: ${seconds.toFixed(2)} s`);
    },
  );
});

describe("the threads that decode pictures", () => {
  /** Before the program, in a way that starts no thread of the pool: as many cores; and at the end the threads. */
  const spy = (cores: number): string => `
    require("node:os").availableParallelism = () => ${cores};
    const { pbkdf2 } = require("node:crypto");
    process.once("beforeExit", () => {
      for (let i = 0; i < 40; i++) pbkdf2("a", "b", 20000, 64, "sha512", () => {});
      setTimeout(() => {
        console.error("THREADS " + require("node:fs").readdirSync("/proc/self/task").length);
      }, 20);
    });`;
  const folder = mkdtempSync(join(tmpdir(), "pspc-pool-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const threads = (cores: number, more: NodeJS.ProcessEnv = {}): number => {
    const file = join(folder, "spy.cjs");
    writeFileSync(file, spy(cores));
    const { UV_THREADPOOL_SIZE: _, ...env } = process.env;
    const argv = ["--require", file, "bin/pspc.js", "--version"];
    const { stderr } = spawnSync(process.execPath, argv, {
      encoding: "utf8",
      env: { ...env, ...more },
    });
    return Number(/THREADS (.*)/.exec(stderr)?.[1]);
  };

  it.skipIf(!existsSync("/proc/self/task"))("are as many as cores, or as the user says", () => {
    const four = threads(1);
    expect(threads(9)).toBe(four + 5);
    expect(threads(9, { UV_THREADPOOL_SIZE: "6" })).toBe(four + 2);
  });
});
