// @ts-check
/**
 * The tests → an exit code. A process that a native library or the system ended says nothing of the tests in it: where
 * nothing failed, its files are named and run once more, alone. What ends twice, or fails, is a failure.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const folder = mkdtempSync(join(tmpdir(), "pspc-suite-"));
const told = join(folder, "unfinished.json");

/** @param {readonly string[]} files all where there are none @returns {number} */
const run = (files) => {
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  const { status } = spawnSync(process.execPath, [vitest, "run", ...files], {
    stdio: "inherit",
    env: { ...process.env, PSPC_UNFINISHED: told },
  });
  return status ?? 1;
};

/** @returns {{ unfinished: readonly string[], failed: number }} */
const outcome = () => {
  try {
    return JSON.parse(readFileSync(told, "utf8"));
  } catch {
    return { unfinished: [], failed: 0 };
  }
};

try {
  const code = run(process.argv.slice(2));
  const { unfinished, failed } = outcome();
  if (code === 0 || failed > 0 || unfinished.length === 0) {
    process.exitCode = code;
  } else {
    console.log(`once more, because their process ended: ${unfinished.join(", ")}`);
    process.exitCode = run(unfinished);
  }
} finally {
  rmSync(folder, { recursive: true });
}
