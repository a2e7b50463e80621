/** Specs in TypeScript and JavaScript: found as they are written, and harmless whatever they do. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluate, inspect } from "../../src/file/module.js";
import { pspc } from "../cli/captured.js";
import { checkModule, minimal } from "../golden/front.js";

/** Tells, at the end of a process, which CommonJS modules were loaded; TensorFlow's is one. */
const spy = `data:text/javascript,${encodeURIComponent(`
  import Module from "node:module";
  process.on("exit", () => console.error("LOADED " + Object.keys(Module._cache).join(" ")));
`)}`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-modules-"));
  writeFileSync(join(folder, "minimal.yaml"), minimal);
  mkdirSync(join(folder, "data"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const whole = `import { defineSpec, type WholeSpec } from "pspc/spec";
import { classes } from "./classes.js";

interface Size { readonly side: number }
const train: WholeSpec["train"] = { iterations: 10, crop: 34 satisfies Size["side"] };

export default defineSpec({
  pspc: 1,
  data: { root: ".", train: "train.txt", classes },
  model: {
    pyramid: { bins: [1, 2, 3, ...[4], 99 as number] },
  },
  train: { ...train, seed: 1 },
});
`;

describe("a spec in TypeScript", () => {
  it("is told its mistakes where its text makes them, through types, names and spreads", async () => {
    put("classes.ts", 'export const classes: readonly string[] = ["sky", "road"];\n');
    put("spec.ts", whole);
    const { code, err } = await pspc(folder, "check", "spec.ts");
    expect(code).toBe(1);
    await expect(err).toMatchFileSnapshot("golden/check-module.txt");
  });

  it("is a parent, and a child, of YAML and of TypeScript", async () => {
    put("spec.ts", whole.replace("34", "41").replace("99 as number", "5"));
    put("child.yaml", "extends: spec.ts\ntrain: {batch: 3}\n");
    put("grandchild.ts", 'export default { extends: "child.yaml", train: { seed: 2 } };\n');
    const { code, out } = await pspc(folder, "show", "grandchild.ts", "--run-code");
    expect(code).toBe(0);
    expect(out).toMatch(/classes: \[sky, road\] +# spec\.ts:9/);
    expect(out).toMatch(/batch: 3 +# child\.yaml:2/);
    expect(out).toMatch(/seed: 2 +# grandchild\.ts/);
    expect(out).toMatch(/crop: 41 +# spec\.ts:5/);
  });

  it("is run where the user names it or allows it, and not because a spec does", async () => {
    put("base.yaml", minimal);
    put(
      "sly.mjs",
      `import { writeFileSync } from "node:fs";\nwriteFileSync("${join(folder, "ran")}", "");\nexport default { extends: "base.yaml" };\n`,
    );
    put("sent.yaml", "extends: sly.mjs\n");
    const refused = await pspc(folder, "check", "sent.yaml");
    expect({ ...refused, ran: existsSync(join(folder, "ran")) }).toMatchObject({
      code: 1,
      ran: false,
    });
    expect(refused.err).toContain("error[E0301]: the parent sly.mjs cannot be read");
    expect(refused.err).toContain("it is code, and only the file that you name is run");
    expect(refused.err).toContain("`--run-code`");
    for (const words of [["plan"], ["data", "check"], ["train"], ["compare"], ["eval"]])
      expect((await pspc(folder, ...words, "sent.yaml")).err).toContain("is run");
    expect(existsSync(join(folder, "ran"))).toBe(false);
    expect(await pspc(folder, "check", "sent.yaml", "--run-code")).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, "ran"))).toBe(true);
  });

  it("may import all of pspc by its name, wherever it lies", async () => {
    const text = `import { defineSpec } from "pspc";
export default defineSpec({ extends: "minimal.yaml", model: { pyramid: "none" } });`;
    put("library.mts", text);
    expect(await pspc(folder, "check", "library.mts")).toMatchObject({ code: 0, err: "" });
  });

  it("is checked without TensorFlow, in either process", () => {
    const text = 'export { whole as default } from "./whole.ts";';
    put(
      "whole.ts",
      'import { defineSpec } from "pspc";\nexport const whole = defineSpec({ extends: "minimal.yaml" });',
    );
    const started = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      ["bin/pspc.js", "check", put("quick.ts", text)],
      { env: { ...process.env, NODE_OPTIONS: `--import=${spy}` }, encoding: "utf8" },
    );
    // Told and not judged: the machine may be busy with other tests.
    console.info(`pspc check quick.ts: ${((performance.now() - started) / 1000).toFixed(2)} s`);
    expect(status).toBe(0);
    expect(stderr.match(/^LOADED /gm)).toHaveLength(2);
    expect(stderr).not.toMatch(/@tensorflow/);
  });

  it("may be JavaScript of either kind", async () => {
    put("esm.js", 'export default { extends: "minimal.yaml" };\n');
    put("common.cjs", 'module.exports = { extends: "minimal.yaml" };\n');
    for (const file of ["esm.js", "common.cjs"]) {
      expect(await pspc(folder, "check", file)).toMatchObject({ code: 0, err: "" });
    }
  });
});

describe("a spec that misbehaves", () => {
  const child = (train: string): string =>
    `export default { extends: "minimal.yaml", train: ${train} };`;

  it.each([
    ["throw new Error('no luck');", "E0114", "1:7", "Error: no luck"],
    ["\nconst a: any = null;\na.b.c;", "E0114", "3:3", "TypeError: Cannot read"],
    ["process.exit(0);", "E0114", "1:1", "ended the process, with code 0"],
    ["await new Promise(() => {});", "E0114", "1:1", "waits for what never comes"],
    ["process.kill(process.pid, 'SIGKILL');", "E0114", "1:1", "ended by SIGKILL"],
    ['\nimport x from "./nowhere.ts";\nexport default x;', "E0114", "2:16", "Cannot find module"],
    ['import x from "nobody";\nexport default x;', "E0114", "1:16", "Cannot find package"],
    ["const x: = 1;", "E0113", "1:10", "Unexpected token"],
    ["enum A { b }", "E0113", "1:1", "enum is not supported in a spec"],
    ["", "E0115", "1:1", "exports no spec"],
    [child("{ seed: 7n }"), "E0116", "1:58", "a bigint"],
    [child("{ crop: NaN }"), "E0203", "1:58", "found NaN"],
    [child("{ get crop() { throw 1; } }"), "E0114", "1:1", "threw 1"],
  ])("%j is %s at %s", (text, code, at, words) => {
    const { diagnostics, sources } = checkModule(text);
    const [found] = diagnostics;
    expect(found?.code).toBe(code);
    const before = sources.get("spec.ts")!.slice(0, found!.primary.at!.start).split("\n");
    expect(`${before.length}:${before.at(-1)!.length + 1}`).toBe(at);
    expect([found!.primary.label, found!.message].join(" ")).toContain(words);
  });

  it("is told what in it is no data", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const values = { date: new Date(0), later: Promise.resolve(), circle, none: undefined, x: NaN };
    expect(inspect({ ...values, list: [undefined, () => 1, Symbol("s")] })).toEqual({
      value: { date: null, later: null, circle: { self: null }, x: NaN, list: [null, null, null] },
      strange: [
        { path: ["date"], what: "of the class Date" },
        { path: ["later"], what: "a promise" },
        { path: ["circle", "self"], what: "a value that contains itself" },
        { path: ["list", 0], what: "undefined" },
        { path: ["list", 1], what: "a function" },
        { path: ["list", 2], what: "a symbol" },
      ],
    });
    const { strange } = inspect([...Array(30_000).keys()]);
    expect(strange).toEqual([{ path: [19_999], what: "beyond 20000 values" }]);
    const deep = [...Array(40)].reduce<unknown>((inner) => [inner], 1);
    expect(inspect(deep).strange[0]?.what).toBe("nested deeper than 32 levels");
  });

  it("is not waited for for ever", () => {
    const file = put("endless.ts", "while (true) {}\n");
    const { outcome } = evaluate(file, "", 1500);
    expect(outcome).toEqual({
      kind: "unfinished",
      reason: "it did not end within 1.5 seconds",
    });
  });

  it("prints to stderr, so that the answer stays an answer", () => {
    const file = put("loud.ts", `console.log("loud");\n${child("{ crop: 34 }")}`);
    const { stdout, stderr } = spawnSync(process.execPath, [
      "bin/pspc.js",
      "check",
      file,
      "--json",
    ]);
    expect(JSON.parse(String(stdout)).diagnostics[0].code).toBe("E0501");
    expect(String(stderr)).toContain("loud");
  });
});
