import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

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
