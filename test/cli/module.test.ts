/** Specs in TypeScript and JavaScript: found as they are written, and harmless whatever they do. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluate } from "../../src/cli/module.js";
import { checkModule, minimal } from "../golden/front.js";
import { pspc } from "./captured.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-modules-"));
  writeFileSync(join(folder, "minimal.yaml"), minimal);
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
    const { code, out } = await pspc(folder, "show", "grandchild.ts");
    expect(code).toBe(0);
    expect(out).toMatch(/classes: \[sky, road\] +# spec\.ts:9/);
    expect(out).toMatch(/batch: 3 +# child\.yaml:2/);
    expect(out).toMatch(/seed: 2 +# grandchild\.ts/);
    expect(out).toMatch(/crop: 41 +# spec\.ts:5/);
  });

  it("may import all of pspc by its name, wherever it lies", async () => {
    const text = `import { defineSpec } from "pspc";
export default defineSpec({ extends: "minimal.yaml", model: { pyramid: "none" } });`;
    put("library.mts", text);
    expect(await pspc(folder, "check", "library.mts")).toMatchObject({ code: 0, err: "" });
  });

  it("is checked without TensorFlow, its process and all", () => {
    const file = put("quick.ts", 'export default { extends: "minimal.yaml" };\n');
    const started = performance.now();
    const { status, stdout } = spawnSync(process.execPath, ["bin/pspc.js", "check", file]);
    // Told and not judged: the machine may be busy with other tests.
    console.info(`pspc check quick.ts: ${((performance.now() - started) / 1000).toFixed(2)} s`);
    expect(status).toBe(0);
    expect(String(stdout)).toContain("PSPNet over ResNet-50");
    const loaded = readFileSync("src/cli/module/program.ts", "utf8").match(/from "[^"]+"/g);
    expect(loaded).not.toContain("tensorflow");
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
    ["throw undefined;", "E0114", "1:1", "threw undefined"],
    ["\nconst a: any = null;\na.b.c;", "E0114", "3:3", "TypeError: Cannot read"],
    ["process.exit(0);", "E0114", "1:1", "ended the process, with code 0"],
    ["await new Promise(() => {});", "E0114", "1:1", "waits for what never comes"],
    ["process.kill(process.pid, 'SIGKILL');", "E0114", "1:1", "ended by SIGKILL"],
    [
      "setTimeout(() => { throw new Error('late'); }); await new Promise(() => {});",
      "E0114",
      "1:26",
      "late",
    ],
    ['\nimport x from "./nowhere.ts";\nexport default x;', "E0114", "2:16", "Cannot find module"],
    ['import x from "nobody";\nexport default x;', "E0114", "1:16", "Cannot find package"],
    ["const x: = 1;", "E0113", "1:10", "Unexpected token"],
    ["enum A { b }", "E0113", "1:1", "enum is not supported in a spec"],
    ["", "E0115", "1:1", "exports no spec"],
    ["export default undefined;", "E0115", "1:1", "exports no spec"],
    [child("{ seed: 7n }"), "E0116", "1:58", "a bigint"],
    [child("{ seed: new Date(0) }"), "E0116", "1:58", "of the class Date"],
    ["const a: any = {};\na.a = a;\nexport default a;", "E0116", "3:16", "contains itself"],
    ["export default Promise.resolve({});", "E0116", "1:16", "a promise"],
    [child("{ crop: NaN }"), "E0203", "1:58", "found NaN"],
    [child("{ get crop() { throw 1; } }"), "E0114", "1:1", "threw 1"],
    [child("[...Array(30000).keys()]"), "E0116", "1:50", "beyond 20000 values"],
  ])("%j is %s at %s", (text, code, at, words) => {
    const { diagnostics, sources } = checkModule(text);
    const [found] = diagnostics;
    expect(found?.code).toBe(code);
    const before = sources.get("spec.ts")!.slice(0, found!.primary.at!.start).split("\n");
    expect(`${before.length}:${before.at(-1)!.length + 1}`).toBe(at);
    expect([found!.primary.label, found!.message].join(" ")).toContain(words);
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
