/** One process a run: the living keep others out, the dead do not. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lock, lockFile, type Owner } from "../../src/run/lock.js";
import { failureOf, temporary } from "./tiny.js";

const folder = await temporary();

const heldBy = async (name: string, owner: Partial<Owner>): Promise<string> => {
  const run = join(folder, name);
  await mkdir(run);
  await writeFile(join(run, "run.json"), "{}");
  const since = "2026-01-01T00:00:00.000Z";
  await writeFile(lockFile(run), JSON.stringify({ pid: 1, host: hostname(), since, ...owner }));
  return run;
};

test("a lock is there until it is given back, and leaves no empty folder", () => {
  const run = join(folder, "new", "run");
  const unlock = lock(run);
  expect(existsSync(lockFile(run))).toBe(true);
  unlock();
  expect(existsSync(run)).toBe(false);
});

test("the living keep others out", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  const run = await heldBy("living", { pid: child.pid! });
  const failure = await failureOf((async () => lock(run))());
  expect(failure.message).toMatch(/another process is training/);
  expect(failure.reason).toContain(`process ${child.pid}`);
  child.kill();
  await once(child, "exit");
  lock(run)();
  expect(existsSync(lockFile(run))).toBe(false);
  expect(await readFile(join(run, "run.json"), "utf8")).toBe("{}");
});

test("processes of other machines are believed to live", async () => {
  const run = await heldBy("afar", { host: "another" });
  expect((await failureOf((async () => lock(run))())).help).toContain(lockFile(run));
});

test("a lock cut short is nobody's", async () => {
  const run = await heldBy("cut", {});
  await writeFile(lockFile(run), '{"pid": 1');
  expect(() => lock(run)).not.toThrow();
});
