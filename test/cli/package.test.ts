/**
 * The package as a user has it: what npm packs, and what that does in a project outside the clone. Its dependencies are
 * links to the clone's; `npm run installed` has npm install them, with and without scripts, and tries other Nodes.
 */

import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Without declarations, which `npm run build` makes from the same sources before npm packs. */
const pack = (): Packed => {
  const words = ["pack", "--dry-run", "--ignore-scripts", "--json"];
  const [packed] = JSON.parse(execFileSync("npm", words, { encoding: "utf8" })) as [Packed];
  return packed;
};

const sourcesIn = (folder: string, ...endings: readonly string[]): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => `${folder}/${path}`);

let packed: Packed;
let project = "";
beforeAll(() => {
  packed = pack();
  project = mkdtempSync(join(tmpdir(), "pspc-package-"));
  const modules = join(project, "node_modules");
  for (const { path } of packed.files) {
    mkdirSync(dirname(join(modules, "pspc", path)), { recursive: true });
    cpSync(path, join(modules, "pspc", path));
  }
  for (const name of readdirSync("node_modules"))
    if (!name.startsWith(".")) symlinkSync(resolve("node_modules", name), join(modules, name));
  // In the shared cache, as set-up leaves it for installed packages.
  mkdirSync(join(project, "cache", "tfjs-4.22.0"), { recursive: true });
  symlinkSync(resolve("node_modules"), join(project, "cache", "tfjs-4.22.0", "node_modules"));
  cpSync("test/golden/v0.1/data", join(project, "data"), { recursive: true });
  const spec = readFileSync("test/golden/v0.1/squares.yaml", "utf8");
  writeFileSync(join(project, "squares.yaml"), spec.replace("iterations: 12", "iterations: 2"));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const pspc = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const program = join(project, "node_modules/pspc/bin/pspc.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], {
    cwd: project,
    encoding: "utf8",
    env: { ...process.env, PSPC_CACHE: join(project, "empty"), ...env },
  });
  return { code: status, out: stdout, err: stderr };
};

describe("the package", () => {
  it("holds what a user needs, and nothing else", () => {
    const others = [
      ...["CHANGELOG.md", "LICENSE", "README.md", "package.json"],
      ...["bin/package.json", "bin/pspc.js"],
      ...sourcesIn("docs/errors", ".md"),
      ...sourcesIn("schema", ".json"),
      ...sourcesIn("scripts/setup", ".mjs", ".json", ".gyp", ".cc", ".h"),
      "scripts/polygons.py",
      "scripts/setup.mjs",
      ...sourcesIn("specs", ".yaml", ".json"),
    ];
    const modules = sourcesIn("src", ".ts", ".js", ".css", ".html", ".wasm")
      // What a page runs is in the page.
      .filter((path) => path.endsWith(".html") || !/\/browser\//.test(path))
      .map((path) => path.replace(/^src/, "dist").replace(/\.ts$/, ".js"));
    expect(modules).toContain("dist/browser/page.html");
    expect(modules).toContain("dist/data/vectors.wasm");
    const declarations = modules
      .filter((path) => path.endsWith(".js"))
      .map((path) => path.replace(/\.js$/, ".d.ts"));
    const names = packed.files.map(({ path }) => path);
    expect(names.filter((name) => !declarations.includes(name)).sort()).toEqual(
      [...others, ...modules].sort(),
    );
    expect(packed.size).toBeLessThan(3e6);
  });

  it("names files that are there, and the tools that build it", () => {
    const { bin, exports, engines, scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    const names = packed.files.map(({ path }) => `./${path}`);
    expect(names).toContain(bin.pspc);
    for (const entry of [".", "./spec"]) {
      expect(names).toContain(exports[entry].default);
      expect(exports[entry].types).toBe(exports[entry].default.replace(/\.js$/, ".d.ts"));
    }
    expect(engines.node).toBe("^20.19 || >=22.12");
    expect(scripts.prepack).toBe("npm run --silent build");
  });

  it.each([
    ["check", "squares.yaml"],
    ["plan", "squares.yaml"],
    ["show", "squares.yaml"],
    ["fmt", "squares.yaml"],
    ["explain", "E0503"],
    ["schema"],
    ["init", "data"],
  ])("needs no set-up to %s %s", (...argv) => {
    const { code, out } = pspc(argv);
    expect(code).toBe(0);
    expect(out === "" && argv[0] !== "fmt").toBe(false);
  });

  it("says how to set TensorFlow up where a verb needs it, and finds a wrong spec first", () => {
    const { code, err } = pspc(["train", "squares.yaml"]);
    expect(code).toBe(1);
    expect(err).toContain("error: TensorFlow is not set up yet");
    expect(err).toContain("`npx pspc setup`");
    expect(err).toContain("PSPC_SETUP=yes");
    expect(pspc(["train", "squares.yaml", "train.batch=99"]).err).toContain("error[E05");
  });

  it("asks at a terminal, and does what it is told", () => {
    const main = pathToFileURL(join(project, "node_modules/pspc/dist/cli/main.js")).href;
    const answering = (answer: string) => {
      const program = `
        const { main } = await import(${JSON.stringify(main)});
        const ask = async (question) => { console.error(question); return ${JSON.stringify(answer)}; };
        const { stdout: out, stderr: err } = process;
        process.exitCode = await main(["train", "squares.yaml"], { out, err, ask });`;
      return spawnSync(process.execPath, ["--input-type=module", "-e", program], {
        cwd: project,
        encoding: "utf8",
        // Where set-up finds no program at all, it can only say so.
        env: { PATH: "/nowhere", HOME: project, PSPC_CACHE: join(project, "empty") },
      });
    };
    const no = answering("n");
    expect(no.stderr).toMatch(/Set it up now\? \[Y\/n\] \nerror: TensorFlow is not set up yet/);
    const yes = answering("");
    expect(yes.stderr).toContain("set-up: cache");
    expect(yes.stderr).toContain("set-up stopped: npm is missing");
    expect(yes.stderr).toContain("error: TensorFlow could not be set up");
    expect([no.status, yes.status]).toEqual([1, 1]);
  });

  it("trains and predicts with what set-up put into the shared cache", () => {
    const cache = { PSPC_CACHE: join(project, "cache") };
    expect(pspc(["train", "squares.yaml"], cache)).toMatchObject({
      code: 0,
      out: "runs/squares\n",
    });
    expect(pspc(["predict", "runs/squares", "data/0.png"], cache).code).toBe(0);
    const page = pspc(["export", "runs/squares", "--to", "squares.html"], cache);
    expect(page).toMatchObject({ code: 0, out: "squares.html\n" });
    expect(page.err).toContain("of the classes equal");
  });
});
