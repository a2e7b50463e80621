// @ts-check
/**
 * Starts a real MLflow server in a folder of its own and runs the tests of `--track` against it. MLflow is taken from
 * PSPC_MLFLOW_BIN, or installed by pip into a virtual environment that goes afterwards. `--url URL` takes a server that
 * runs already.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";
import { freePorts } from "./ports.mjs";

const clone = fileURLToPath(new URL("..", import.meta.url));
const { values: asked } = parseArgs({ options: { url: { type: "string" } } });
process.exitCode = asked.url === undefined ? await withServer() : tests(asked.url);

/** @param {string} url */
function tests(url) {
  const env = { ...process.env, PSPC_MLFLOW: url };
  const words = ["vitest", "run", "test/run/track.test.ts"];
  return spawnSync("npx", words, { cwd: clone, env, stdio: "inherit" }).status ?? 1;
}

async function withServer() {
  const folder = mkdtempSync(join(tmpdir(), "pspc-mlflow-"));
  const mlflow = process.env.PSPC_MLFLOW_BIN || installed(folder);
  const [port] = await freePorts(1);
  const words = ["server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
  // In a process group of its own, for it starts others.
  const server = spawn(mlflow, words, {
    cwd: folder,
    detached: true,
    stdio: ["ignore", "ignore", "ignore"],
  });
  try {
    const url = `http://127.0.0.1:${port}`;
    await answering(url, server);
    console.error(`${execFileSync(mlflow, ["--version"], { encoding: "utf8" }).trim()} at ${url}`);
    return tests(url);
  } finally {
    if (server.pid !== undefined) process.kill(-server.pid, "SIGTERM");
    await setTimeout(1000);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function installed(folder) {
  const environment = join(folder, "python");
  console.error("installing MLflow");
  execFileSync("python3", ["-m", "venv", environment]);
  execFileSync(join(environment, "bin", "pip"), ["install", "--quiet", "mlflow"], {
    stdio: ["ignore", "inherit", "ignore"],
  });
  return join(environment, "bin", "mlflow");
}

/**
 * @param {string} url
 * @param {import("node:child_process").ChildProcess} server
 */
async function answering(url, server) {
  for (let i = 0; i < 120 && server.exitCode === null; i++) {
    const healthy = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) return;
    await setTimeout(1000);
  }
  throw new Error("the MLflow server does not start");
}
