/** One process a run: the living keep others out, the dead do not. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lock, lockFile, type Owner, self } from "../../src/run/lock.js";
import { failureOf, temporary } from "./tiny.js";

const folder = await temporary();

/** A folder whose lock says that this process holds it, but for what is changed. */
const heldBy = async (name: string, owner: Partial<Owner>): Promise<string> => {
  const run = join(folder, name);
  await mkdir(run);
  await writeFile(join(run, "run.json"), "{}");
  await writeFile(lockFile(run), JSON.stringify({ ...self(), ...owner }));
  return run;
};

test("a lock is there until it is given back, and leaves no empty folder", () => {
  const run = join(folder, "new", "run");
  const unlock = lock(run);
  expect(existsSync(lockFile(run))).toBe(true);
  unlock();
  expect(existsSync(run)).toBe(false);
});

test("a folder that was there stays there, also empty", async () => {
  const run = join(folder, "empty");
  await mkdir(run);
  lock(run)();
  expect(existsSync(run)).toBe(true);
});

test("a folder that cannot be made is a failure, at once", async () => {
  const failure = await failureOf((async () => lock("/proc/none/run"))());
  expect(failure.message).toMatch(/cannot make the folder \/proc\/none/);
});

test("the living keep others out", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
  const started = stat.split(") ")[1]!.split(" ")[19]!;
  const run = await heldBy("living", { pid: child.pid!, started });
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

test("this process keeps itself out", async () => {
  const run = join(folder, "twice");
  const unlock = lock(run);
  expect((await failureOf((async () => lock(run))())).reason).toContain(`process ${process.pid}`);
  unlock();
});

test.each<[string, Partial<Owner>]>([
  ["had this process's number before", { started: "1" }],
  ["ran before the machine was started again", { boot: "another" }],
])("a process that %s is gone", async (name, owner) => {
  const run = await heldBy(name.slice(0, 5), owner);
  expect(() => lock(run)()).not.toThrow();
});

test("a process of a container of the same name is gone when it has long been silent", async () => {
  const run = await heldBy("container", { namespace: "pid:[1]" });
  expect((await failureOf((async () => lock(run))())).reason).toMatch(/heard of \d seconds ago/);
  const before = new Date(Date.now() - 200_000);
  await utimes(lockFile(run), before, before);
  expect(() => lock(run)()).not.toThrow();
});

test("a lock cut short is nobody's", async () => {
  const run = await heldBy("cut", {});
  await writeFile(lockFile(run), '{"pid": 1');
  expect(() => lock(run)).not.toThrow();
});
