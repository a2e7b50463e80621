import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { tfjsLock } from "../../scripts/tfjs-lock.mjs";
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
  expect.stringMatching(/^addon-4\.22\.0-tensorflow-2\.21\.0-\w{12}$/),
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
    expect([machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 2]);
  });

  test("an addon of other sources is compiled anew", async () => {
    await machine.run();
    appendFileSync(join(machine.folder, "clone/scripts/setup/engine/engine.cc"), "// newer\n");
    const { code, output } = await machine.run();
    expect(output).toMatch(/✓ addon +compiled/);
    expect([code, machine.calls("pip"), machine.calls("gyp")]).toEqual([0, 1, 4]);
  });

  test("a second clone neither downloads nor compiles", async () => {
    await machine.run();
    machine.clone("other");
    const { code, output } = await machine.run({ FAKE_PIP: "none" }, "other");
    expect(output).toMatch(/✓ addon +from the cache/);
    expect(code).toBe(0);
    expect([machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 2]);
  });

  test("two clones at once share one download", async () => {
    machine.clone("other");
    const both = await Promise.all([machine.run(), machine.run({}, "other")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect([machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 2]);
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
    expect((await machine.run()).code).toBe(0);
    expect(machine.cached()).toEqual(whole);
  });

  test("a set-up that stands still for long keeps the cache, and its work", {
    timeout: 60_000,
  }, async () => {
    const child = machine.start({ FAKE_PIP: "hang" });
    const end = ended(child);
    await until(() => machine.calls("pip") > 0);
    child.kill("SIGSTOP");
    const long = new Date(Date.now() - 600_000);
    utimesSync(join(machine.cache, "lock"), long, long);
    machine.clone("other");
    const second = machine.start({}, "other");
    const answer = ended(second);
    await pause(3000);
    expect(machine.cached().filter((name) => name.startsWith(".tmp-"))).toHaveLength(1);
    expect(machine.calls("pip")).toBe(1);
    child.kill("SIGKILL");
    child.kill("SIGCONT");
    await end;
    expect(await answer).toMatchObject({
      code: 0,
      output: expect.stringMatching(/another set-up is at work; waiting/),
    });
    expect(machine.cached()).toEqual(whole);
  });

  test.each(["src/runtime/library.ts", "src/file/lock.js"])(
    "what stands for %s in dist/ is made again where it is empty, however new",
    async (source) => {
      await machine.run();
      const made = source.replace("src/", "dist/").replace(/\.ts$/, ".js");
      machine.write(`clone/${made}`, "");
      const later = new Date(Date.now() + 60_000);
      utimesSync(join(machine.folder, "clone", made), later, later);
      const { output } = await machine.run();
      expect(output).toMatch(/✓ compile +1 file/);
      expect(readFileSync(join(machine.folder, "clone", made), "utf8")).not.toBe("");
    },
  );

  test("an addon, a library and a record that are empty are not trusted", async () => {
    const trusted = /^set-up: all in place, TensorFlow/;
    await machine.run();
    const [addon = "", library = ""] = machine.cached();
    const tfjs = "clone/node_modules/@tensorflow/tfjs-node-gpu";
    for (const file of [
      "clone/node_modules/.pspc.json",
      `${tfjs}/lib/napi-v8/tfjs_binding.node`,
      `cache/${addon}/tfjs_binding.node`,
    ]) {
      machine.write(file, "");
      if (file.startsWith("cache")) rmSync(join(machine.folder, "clone/node_modules/.pspc.json"));
      const { code, output } = await machine.run();
      expect({ file, code, trusted: trusted.test(output) }).toEqual({
        file,
        code: 0,
        trusted: false,
      });
    }
    machine.write(`cache/${library}/lib/libtensorflow.so`, "");
    expect((await machine.run()).output).not.toMatch(trusted);
    expect((await machine.run()).output).toMatch(trusted);
  });

  test("a disk that takes no more is told in a sentence", async () => {
    // What may be written to one file is bounded, as the nearest thing to a full disk that any user can have.
    machine.program("full", `ulimit -f 0; exec ${process.execPath} "$@"`);
    const { code, output } = await ended(machine.startBy(join(machine.folder, "bin/full")));
    expect(code).toBe(1);
    expect(output).toMatch(/set-up stopped: cannot write/);
    expect((await machine.run()).code).toBe(0);
  });

  test("a damaged wheel in the cache is fetched again", async () => {
    machine.write(`cache/wheels/${wheelName}`, "half of it");
    const { code, output } = await machine.run();
    expect([code, output]).toEqual([0, expect.stringMatching(/is damaged: fetching it again/)]);
  });

  test("a wheel of another content than its name's is refused, and not kept", async () => {
    machine.write(`cache/wheels/${wheelName}`, damagedInside());
    const { code, output } = await machine.run({ PSPC_UNPINNED: "yes" });
    expect([code, output]).toEqual([1, expect.stringMatching(/is not the file of that name/)]);
    expect(output).toMatch(/SHA-256 is [0-9a-f]{64}, and PyPI's is [0-9a-f]{64}/);
    expect(existsSync(join(machine.cache, "wheels", wheelName))).toBe(false);
    expect((await machine.run()).code).toBe(0);
  });

  test("a wheel that nobody knows is taken by a flag alone", async () => {
    machine.know(undefined);
    const refused = await machine.run();
    expect([refused.code, refused.output]).toEqual([
      1,
      expect.stringMatching(/does not know the wheel/),
    ]);
    expect(machine.cached()).toEqual(["wheels"]);
    const { code, output } = await machine.run({ PSPC_UNPINNED: "yes" });
    expect([code, output]).toEqual([0, expect.stringMatching(/as PSPC_UNPINNED says/)]);
  });

  test("a wheel that is damaged inside is not kept", async () => {
    machine.know(undefined);
    machine.write(`cache/wheels/${wheelName}`, damagedInside());
    const { code, output } = await machine.run({ PSPC_UNPINNED: "yes" });
    expect([code, output]).toEqual([1, expect.stringMatching(/the wheel is damaged/)]);
    expect(existsSync(join(machine.cache, "wheels", wheelName))).toBe(false);
    expect((await machine.run({ PSPC_UNPINNED: "yes" })).code).toBe(0);
  });

  test("a folder of the cache that lost a file is made again", async () => {
    await machine.run();
    const [, folder] = machine.cached();
    rmSync(join(machine.cache, folder ?? "", "lib", "libtensorflow_cc.so.2"));
    expect((await machine.run()).code).toBe(0);
    expect(machine.calls("pip")).toBe(2);
  });
});

describe("set-up of an installed package", () => {
  const pspc = "project/node_modules/pspc";
  const besides = [
    ["dropped", "npm left it out beside pspc, because its install script failed"],
    ["script skipped", "its install script was not run beside pspc"],
    ["own TensorFlow", "its install script brought another TensorFlow, which is left alone"],
  ] as const;

  test.each(besides)(
    "goes into the cache where npm's tfjs-node-gpu is: %s",
    async (beside, why) => {
      machine.project("project", beside);
      const before = filesIn(join(machine.folder, "project"));
      const { code, output } = await machine.run({}, pspc);
      expect(output).toContain(why);
      expect(output).toMatch(/✓ proof +TensorFlow 2\.21\.0 on the cpu/);
      expect(code).toBe(0);
      expect(machine.cached()).toEqual([...whole.slice(0, 2), "tfjs-4.22.0", "wheels"]);
      expect(filesIn(join(machine.folder, "project"))).toEqual(before);
      const again = await machine.run({ FAKE_PIP: "none", FAKE_NPM: "fails" }, pspc);
      expect(again.output).toMatch(/^set-up: all in place, TensorFlow 2\.21\.0 on the cpu/);
    },
  );

  test("may be moved: the cache holds no path of its own", async () => {
    machine.project("project", "dropped");
    await machine.run({}, pspc);
    renameSync(machine.cache, `${machine.cache}-moved`);
    const deps = "tfjs-4.22.0/node_modules/@tensorflow/tfjs-node-gpu/deps/pspc.json";
    expect(existsSync(join(`${machine.cache}-moved`, deps))).toBe(true);
  });

  test("is shared: a second project downloads, installs and compiles nothing", async () => {
    machine.project("project", "dropped");
    machine.project("other", "script skipped");
    await machine.run({}, pspc);
    const { code } = await machine.run({ FAKE_PIP: "none" }, "other/node_modules/pspc");
    expect(code).toBe(0);
    expect([machine.calls("npm"), machine.calls("pip"), machine.calls("gyp")]).toEqual([1, 1, 2]);
  });

  test("says what is missing without a compiler, and goes on when it is there", async () => {
    machine.project("project", "dropped");
    const { code, output } = await machine.without("c++").run({}, pspc);
    expect([code, output]).toEqual([1, expect.stringMatching(/a C\+\+ compiler: .*apt install/)]);
    expect(machine.calls("pip")).toBe(0);
    machine.program("c++", "echo c++ 13");
    expect((await machine.run({}, pspc)).code).toBe(0);
  });

  test("says that npm failed, and leaves nothing half-made", async () => {
    machine.project("project", "dropped");
    const { code, output } = await machine.run({ FAKE_NPM: "fails" }, pspc);
    expect([code, output]).toEqual([1, expect.stringMatching(/npm ci failed\n {2}\| npm error/)]);
    expect(machine.cached()).toEqual([]);
  });

  test("is held to the versions of the clone's own lock", () => {
    const own: Lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
    const shipped: Lock = JSON.parse(readFileSync("scripts/setup/tfjs-lock.json", "utf8"));
    expect(shipped).toEqual(JSON.parse(JSON.stringify(tfjsLock(own))));
    for (const [path, { version, integrity }] of Object.entries(shipped.packages))
      if (path !== "")
        expect({ path, version, integrity }).toEqual({
          path,
          version: own.packages[path]?.version,
          integrity: own.packages[path]?.integrity,
        });
  });
});

describe("a clone where npm dropped tfjs-node-gpu, because its install script failed", () => {
  test("gets it back without its script", async () => {
    rmSync(join(machine.folder, "clone/node_modules/@tensorflow"), { recursive: true });
    const lock = { packages: { "": {} } };
    machine.write("clone/node_modules/.package-lock.json", JSON.stringify(lock));
    const { code } = await machine.run();
    expect([code, machine.calls("npm")]).toEqual([0, 1]);
  });
});

type Lock = Parameters<typeof tfjsLock>[0];

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

/** The wheel with its first entry's bytes overwritten; its directory is whole. */
const damagedInside = (): Buffer => {
  const bytes = readFileSync(join(machine.folder, "wheel"));
  return bytes.fill(0x55, 30 + "tensorflow/libtensorflow_cc.so.2".length, 66);
};
