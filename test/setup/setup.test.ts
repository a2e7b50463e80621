import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ended, Sandbox, wheelName } from "./sandbox.js";

let machine: Sandbox;
beforeEach(() => {
  machine = new Sandbox();
});
afterEach(() => machine.remove());

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 100 && !condition(); i++) await pause(50);
};

/** Only whole things: two folders and the wheels' one. */
const whole = [
  expect.stringMatching(/^addon-4\.22\.0-tensorflow-2\.21\.0-node-\d+-\w{12}$/),
  expect.stringMatching(/^tensorflow-2\.21\.0-cpu-/),
  "wheels",
];

describe("set-up on a fresh machine", () => {
  test("ends with a proof, and does nothing the second time", async () => {
    const first = await machine.run();
    expect(first.output).toMatch(/✓ proof +TensorFlow 2\.21\.0 on the cpu/);
    expect(first.code).toBe(0);
    expect(machine.cached()).toEqual(whole);
    const second = await machine.run();
    expect(second.output).toMatch(
      /^set-up: all in place, TensorFlow 2\.21\.0 on the cpu \(.*\)\n$/,
    );
    expect([machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 1]);
  });

  test("a second clone neither downloads nor compiles", async () => {
    await machine.run();
    machine.clone("other");
    const { code, output } = await machine.run({ FAKE_PIP: "none" }, "other");
    expect(output).toMatch(/✓ addon +from the cache/);
    expect(code).toBe(0);
    expect([machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 1]);
  });

  test("two clones at once share one download", async () => {
    machine.clone("other");
    const both = await Promise.all([machine.run(), machine.run({}, "other")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect([machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 1]);
    expect(machine.cached()).toEqual(whole);
  });

  test("a changed source file is compiled again, and nothing else", async () => {
    await machine.run();
    const file = join(machine.folder, "clone/src/runtime/library.ts");
    writeFileSync(file, readFileSync(file, "utf8").replace("2.21.0", "2.21.1"));
    utimesSync(file, new Date(), new Date(Date.now() + 1000));
    const { output } = await machine.run();
    expect(output).toMatch(/✓ compile +1 file/);
    expect(output).not.toMatch(/tensorflow|addon/);
  });
});

describe("what is missing is named, all of it at once", () => {
  test("no Python, no compiler, no make", async () => {
    const { code, output } = await machine.without("python3", "c++", "make").run();
    expect(code).toBe(1);
    expect(output).toMatch(/this machine lacks 3 tools/);
    expect(output).toMatch(/python3: .*apt install python3 python3-pip/);
    expect(output).toMatch(/a C\+\+ compiler: .*apt install g\+\+/);
    expect(output).toMatch(/make: .*apt install make/);
    expect(machine.calls("pip")).toBe(0);
  });

  test("Python without pip", async () => {
    const { code, output } = await machine.run({ FAKE_PIP: "absent" });
    expect([code, output]).toEqual([1, expect.stringMatching(/pip for .*apt install python3-pip/)]);
  });

  test("pip without the wheel, and without a network", async () => {
    const none = await machine.run({ FAKE_PIP: "none" });
    expect(none.output).toMatch(/pip has no tensorflow-cpu==2\.21\.0: ERROR: No matching/);
    const offline = await machine.run({ FAKE_PIP: "unreachable" });
    expect(offline.output).toMatch(/its index could not be reached/);
    expect(offline.output).toMatch(/last way: the package's own installer/);
    expect(offline.output).toMatch(/without one: set PSPC_TENSORFLOW/);
    expect(offline.code).toBe(1);
    expect(machine.cached()).toEqual(["wheels"]);
  });

  test("an addon that does not compile", async () => {
    const { code, output } = await machine.run({ FAKE_GYP: "fails" });
    expect(code).toBe(1);
    expect(output).toMatch(/the addon does not compile\n {2}\| error: no such header/);
    expect(machine.cached()).toEqual(whole.slice(1));
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls("pip")).toBe(1);
  });

  test("PSPC_TENSORFLOW that names no libtensorflow", async () => {
    const { code, output } = await machine.run({ PSPC_TENSORFLOW: machine.folder });
    expect([code, output]).toEqual([1, expect.stringMatching(/holds no libtensorflow/)]);
  });
});

describe("nothing half-made", () => {
  test("interrupted in the download, it goes on from there", async () => {
    const child = machine.start({ FAKE_PIP: "hang" });
    const end = ended(child);
    await until(() => machine.calls("pip") > 0);
    child.kill("SIGINT");
    const { code, output } = await end;
    expect([code, output]).toEqual([130, expect.stringMatching(/set-up interrupted/)]);
    expect(machine.cached()).toEqual(["wheels"]);
    expect((await machine.run()).code).toBe(0);
    expect(machine.cached()).toEqual(whole);
  });

  test("a set-up that was killed is not waited for", async () => {
    const child = machine.start({ FAKE_PIP: "hang" });
    const end = ended(child);
    await until(() => machine.calls("pip") > 0);
    child.kill("SIGKILL");
    await end;
    expect(machine.cached()).toContain("lock");
    const long = new Date(Date.now() - 60_000);
    utimesSync(join(machine.cache, "lock"), long, long);
    expect((await machine.run()).code).toBe(0);
    expect(machine.cached()).toEqual(whole);
  });

  test("a damaged wheel in the cache is fetched again", async () => {
    machine.write(`cache/wheels/${wheelName}`, "half of it");
    const { code, output } = await machine.run();
    expect([code, output]).toEqual([0, expect.stringMatching(/is damaged: fetching it again/)]);
  });

  test("a wheel that is damaged inside is not kept", async () => {
    machine.write(`cache/wheels/${wheelName}`, damagedInside());
    const { code, output } = await machine.run();
    expect([code, output]).toEqual([1, expect.stringMatching(/the wheel is damaged/)]);
    expect(existsSync(join(machine.cache, "wheels", wheelName))).toBe(false);
    expect((await machine.run()).code).toBe(0);
  });

  test("a folder of the cache that lost a file is made again", async () => {
    await machine.run();
    const [, folder] = machine.cached();
    rmSync(join(machine.cache, folder ?? "", "lib", "libtensorflow_cc.so.2"));
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls("pip")).toBe(2);
  });
});

/** The wheel with its first entry's bytes overwritten; its directory is whole. */
const damagedInside = (): Buffer => {
  const bytes = readFileSync(join(machine.folder, "wheel"));
  return bytes.fill(0x55, 30 + "tensorflow/libtensorflow_cc.so.2".length, 66);
};
