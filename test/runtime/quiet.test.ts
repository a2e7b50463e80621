/** What native code announces while it loads is kept from stderr, whatever that is; what else it says is not. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { withoutNoise } from "../../src/runtime/quiet.js";

const folder = mkdtempSync(join(tmpdir(), "pspc-quiet-"));
afterAll(() => rmSync(folder, { recursive: true }));

const announcement = `WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795407288.877973   14548 port.cc:153] oneDNN custom operations are on. You may see …
`;

/** A load that announces itself and fails, told around by its program. */
const program = `
  const { quietly } = await import(${JSON.stringify(pathToFileURL(join(process.cwd(), "dist/runtime/quiet.js")))});
  const { writeSync } = await import("node:fs");
  writeSync(2, "before\\n");
  try {
    quietly(() => {
      writeSync(2, ${JSON.stringify(announcement)});
      writeSync(2, "E0000 00:00:1 9 dso_loader.cc:1] no such library\\n");
      throw new Error("it failed");
    });
  } catch (error) {
    console.error(error.message);
  }
`;
const told = "before\nE0000 00:00:1 9 dso_loader.cc:1] no such library\nit failed\n";

/** What a shell leaves in the file `log`, in which there was a line. */
const logOf = (script: string): string => {
  const { status } = spawnSync("sh", ["-c", `echo old > log; ${script}`], {
    cwd: folder,
    env: { ...process.env, NODE: process.execPath, PROGRAM: program },
  });
  expect(status).toBe(0);
  return readFileSync(join(folder, "log"), "utf8");
};
const run = '"$NODE" --input-type=module -e "$PROGRAM"';

describe("an announcement is kept", () => {
  test.each([
    ["from a file", `${run} 2> log`, told],
    ["from a file that grows", `${run} 2>> log`, `old\n${told}`],
    ["from a pipe", `${run} 2>&1 | cat > log`, told],
    [
      "from a file that a script shares with others, and with stdout",
      `{ echo first; ${run}; echo last; } > log 2>&1`,
      `first\n${told}last\n`,
    ],
  ])("%s", (_, script, expected) => {
    expect(logOf(script)).toBe(expected);
  });

  test("also where it is TensorFlow's own", () => {
    const load = `import("${pathToFileURL(join(process.cwd(), "dist/runtime/library.js"))}").then((l) => l.loadTensorFlow("cpu"))`;
    expect(logOf(`"$NODE" -e '${load}' 2> log`)).toBe("");
    expect(logOf(`TF_CPP_MIN_LOG_LEVEL=0 "$NODE" -e '${load}' 2> log`)).toContain("oneDNN");
  });
});

test("lines of TensorFlow's information and warnings are noise, errors and others are not", () => {
  const error = "E0000 00:00:1.5  1 cuda_driver.cc:2] no device\n";
  const register = "E0000 00:00:1.5  1 cuda_dnn.cc:2] Unable to register cuDNN factory: …\n";
  const hidden =
    "E0000 00:00:1.5  1 cuda_platform.cc:5] failed call to cuInit: CUDA_ERROR_NO_DEVICE\n";
  expect(withoutNoise(`${announcement}${error}${register}${hidden}plain\nhalf a line`)).toBe(
    `${error}plain\nhalf a line`,
  );
});
