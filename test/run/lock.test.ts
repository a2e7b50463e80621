/** One process a run: the living keep others out, the dead do not, and whoever loses its run writes no more in it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { type Clock, type Owner, SILENCE, self, take } from "../../src/file/lock.js";
import type { Event } from "../../src/run/event.js";
import { metricsFile, runFile } from "../../src/run/folder.js";
import { readJournal } from "../../src/run/journal.js";
import { type Lock, lock, lockFile } from "../../src/run/lock.js";
import { train } from "../../src/run/train.js";
import { failureOf, program, squares, temporary } from "./tiny.js";

const folder = await temporary();

/** A folder whose lock says that this process holds it, but for what is changed. */
const heldBy = async (name: string, owner: Partial<Owner>): Promise<string> => {
  const run = join(folder, name);
  await mkdir(run);
  await writeFile(join(run, "run.json"), "{}");
  await writeFile(lockFile(run), JSON.stringify({ ...self(), ...owner }));
  return run;
};

/** Time that passes only where someone waits, and what happens then. */
const clockwork = (meanwhile: (now: number) => void = () => {}): Clock => {
  let now = 0;
  return {
    now: () => now,
    pause: async (ms) => {
      now += ms;
      meanwhile(now);
    },
  };
};

const taking = async (
  run: string,
  clock = clockwork(),
  seconds = 0,
): Promise<Lock & { told: Event[] }> => {
  const events = lock(run, undefined, seconds, clock);
  const told: Event[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) return { ...next.value, told };
    told.push(next.value);
  }
};

test("a lock is there until it is given back, and leaves no empty folder", async () => {
  const run = join(folder, "new", "run");
  const held = await taking(run);
  expect(readdirSync(run)).toEqual(["lock"]);
  held.release();
  expect(existsSync(run)).toBe(false);
});

test("a folder that was there stays there, also empty", async () => {
  const run = join(folder, "empty");
  await mkdir(run);
  (await taking(run)).release();
  expect(readdirSync(run)).toEqual([]);
});

test("a folder that cannot be made is a failure, at once", async () => {
  const failure = await failureOf(taking("/proc/none/run"));
  expect(failure.message).toMatch(/cannot make the folder \/proc\/none/);
});

test("one who waits gets the lock when its holder is done, and no later than it was told to wait", async () => {
  const run = join(folder, "awaited");
  const first = await taking(run);
  const clock = clockwork((now) => now === 3000 && first.release());
  const second = await taking(run, clock, 60);
  expect({ at: clock.now(), told: second.told }).toEqual({
    at: 3000,
    told: [{ kind: "note", message: expect.stringContaining("waiting up to 60 s for its end") }],
  });
  const never = clockwork();
  expect((await failureOf(taking(run, never, 5))).message).toContain("another process is training");
  expect(never.now()).toBe(5000);
  second.release();
});

describe("of this machine", () => {
  test("the living keep others out", async () => {
    const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
    const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
    const started = stat.split(") ")[1]!.split(" ")[19]!;
    const run = await heldBy("living", { pid: child.pid!, started });
    const before = new Date(Date.now() - 900_000);
    // However long it is silent: a process that was stopped is not gone.
    await utimes(lockFile(run), before, before);
    const failure = await failureOf(taking(run));
    expect(failure.message).toMatch(/another process is training/);
    expect(failure.reason).toContain(`process ${child.pid}`);
    child.kill();
    await once(child, "exit");
    (await taking(run)).release();
    expect(readdirSync(run)).toEqual(["run.json"]);
    expect(await readFile(join(run, "run.json"), "utf8")).toBe("{}");
  });

  test("this process keeps itself out", async () => {
    const run = join(folder, "twice");
    const held = await taking(run);
    expect((await failureOf(taking(run))).reason).toContain(`process ${process.pid}`);
    held.release();
  });

  test.each<[string, Partial<Owner>]>([
    ["had this process's number before", { started: "1" }],
    ["ran before the machine was started again", { boot: "another" }],
  ])("a process that %s is gone", async (name, owner) => {
    const run = await heldBy(name.slice(0, 5), owner);
    expect((await taking(run)).told).toEqual([]);
  });

  test("a process of a container of the same name is gone when it has long been silent", async () => {
    const run = await heldBy("container", { namespace: "pid:[1]" });
    expect((await failureOf(taking(run))).reason).toMatch(/heard of \d seconds ago/);
    const before = new Date(Date.now() - 200_000);
    await utimes(lockFile(run), before, before);
    expect((await taking(run)).told).toEqual([]);
  });
});

describe("what cannot be seen", () => {
  test("on another machine is dead when its pulse stands still for three minutes here", async () => {
    const run = await heldBy("afar", { host: "another", pid: 7 });
    // Whatever the clocks of the two machines say.
    const ahead = new Date(Date.now() + 3_600_000);
    await utimes(lockFile(run), ahead, ahead);
    let waited = 0;
    const held = await taking(
      run,
      clockwork((now) => {
        waited = now;
      }),
    );
    expect(waited).toBeGreaterThanOrEqual(SILENCE);
    expect(held.told).toMatchObject([{ kind: "note" }]);
    expect(JSON.stringify(held.told)).toContain("process 7 on another");
    held.release();
  });

  test("lives when its pulse moves", async () => {
    const run = await heldBy("pulsing", { host: "another", pid: 7 });
    const before = new Date(Date.now() - 3_600_000);
    await utimes(lockFile(run), before, before);
    const clock = clockwork((now) => {
      const at = new Date(before.getTime() + 20_000 * Math.floor(now / 20_000));
      void utimes(lockFile(run), at, at);
    });
    expect((await failureOf(taking(run, clock))).reason).toContain("process 7 on another");
  });

  test.each([
    ["an empty lock", ""],
    ["a lock cut short", '{"pid": 1'],
    ["a lock that says nothing of its process", "{}"],
  ])("%s is not dead until it has stood still as long", async (name, text) => {
    const run = await heldBy(name, {});
    await writeFile(lockFile(run), text);
    let waited = 0;
    const held = await taking(
      run,
      clockwork((now) => {
        waited = now;
      }),
    );
    expect(waited).toBeGreaterThanOrEqual(SILENCE);
    held.release();
  });
});

describe("a holder", () => {
  test("gives back its own lock alone", async () => {
    const run = join(folder, "stolen");
    await mkdir(run);
    const held = await taking(run);
    const other = JSON.stringify({ ...self(), id: "other", host: "another" });
    await writeFile(lockFile(run), other);
    expect(() => held.demandNow()).toThrow(/another process has taken/);
    expect(held.isLost()).toBe(true);
    held.release();
    expect(await readFile(lockFile(run), "utf8")).toBe(other);
    expect(readdirSync(run)).toEqual(["lock"]);
  });

  test.each([
    ["was taken", JSON.stringify({ id: "other" })],
    ["was deleted", null],
  ])("whose lock %s stops before it writes", { timeout: 60_000 }, async (_, text) => {
    const data = join(folder, "data");
    await squares(data);
    const run = join(folder, text === null ? "deleted" : "taken");
    const of = program(data, { checkpoints: { every: 4, keep: 9, best: "none" } });
    const events: Event[] = [];
    const training = (async () => {
      for await (const event of train({ program: of, folder: run, device: "cpu", workers: 0 })) {
        events.push(event);
        if (event.kind !== "step" || event.step !== 6) continue;
        const { rm } = await import("node:fs/promises");
        await (text === null ? rm(lockFile(run)) : writeFile(lockFile(run), text));
      }
    })();
    expect((await failureOf(training)).message).toContain("another process has taken");
    expect(readdirSync(join(run, "checkpoints"))).toEqual(["step-4.safetensors"]);
    expect(JSON.parse(await readFile(runFile(run), "utf8"))).toMatchObject({ step: 4 });
    const steps = (await readJournal(metricsFile(run))).map(({ step }) => Number(step));
    expect(Math.max(...steps)).toBeLessThanOrEqual(8);
    expect(existsSync(lockFile(run))).toBe(text !== null);
  });
});

/** Each takes the lock if it can, all at one moment, and looks whether it is alone with it. */
const contender = `
import { openSync, closeSync, rmSync } from "node:fs";
import { join } from "node:path";
import { take } from ${JSON.stringify(pathToFileURL(join(process.cwd(), "src/file/lock.js")).href)};
const [, folder, holding, start] = process.argv;
while (Date.now() < Number(start));
const events = take(join(folder, "lock"));
let next = await events.next();
while (!next.done) next = await events.next();
if ("held" in next.value) {
  try {
    closeSync(openSync(join(folder, "inside"), "wx"));
    await new Promise((resolve) => setTimeout(resolve, Number(holding)));
    rmSync(join(folder, "inside"));
    console.log("held");
  } catch (error) {
    console.log("two holders");
  }
  next.value.held.release();
} else console.log("taken");
`;

const race = async (name: string, many: number, holding: number): Promise<readonly string[]> => {
  const run = await heldBy(name, { pid: 2 ** 22, started: "1" });
  // Until then all have started: some 60 ms each, on two cores.
  const start = Date.now() + 1000 + 60 * many;
  const processes = Array.from({ length: many }, () => {
    const words = [contender, run, `${holding}`, `${start}`];
    const child = spawn(process.execPath, ["--input-type=module", "-e", ...words]);
    let told = "";
    child.stdout.on("data", (text) => {
      told += text;
    });
    child.stderr.on("data", (text) => {
      told += text;
    });
    return once(child, "close").then(() => told.trim());
  });
  const all = await Promise.all(processes);
  expect(readdirSync(run)).toEqual(["run.json"]);
  return all;
};

/** `PSPC_CONTENDERS=100` tries as many at once; each held for a while, or given back at once so that others come. */
const contenders = Number(process.env.PSPC_CONTENDERS ?? 24);

test.each([
  ["while one holds it", 400],
  ["and give it back at once", 0],
])(
  `${contenders} processes that take a dead lock at once, %s, are never two`,
  { timeout: 120_000 },
  async (name, holding) => {
    const answers = await race(name, contenders, holding);
    expect([...new Set(answers)].filter((one) => one !== "held" && one !== "taken")).toEqual([]);
    expect(answers.filter((one) => one === "held").length).toBeGreaterThan(0);
  },
);

test("taking hands on what the system refuses", async () => {
  await expect(take(join(folder, "none", "lock")).next()).rejects.toMatchObject({ code: "ENOENT" });
});
