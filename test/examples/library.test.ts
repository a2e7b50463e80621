/** docs/library.md, and the README's example: the snippets have the types that they claim, run in their order, and print what they say. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { temporary } from "../run/tiny.js";

const page = readFileSync("docs/library.md", "utf8");
const inPage = (text: string): readonly string[] =>
  [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, snippet]) => snippet ?? "");
const readme = inPage(readFileSync("README.md", "utf8"));
const snippets = [...inPage(page), ...readme];

/** The first holds the spec that others import. */
const nameOf = (i: number): string => (i === 0 ? "spec.ts" : `snippet-${i}.ts`);

/** The first lines that each `console.log(…); // this` must print. */
const promised = (text: string): readonly string[] =>
  [...text.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, said]) => said ?? "");

const folder = await temporary();
const modules = join(folder, "node_modules");
mkdirSync(modules);
// As installed: the package by its name, through its `exports`.
symlinkSync(resolve("."), join(modules, "pspc"));
symlinkSync(resolve("node_modules/@types"), join(modules, "@types"));
writeFileSync(join(folder, "package.json"), '{"type": "module"}');
cpSync("test/golden/v0.1/data", join(folder, "data"), { recursive: true });
const yaml = readFileSync("test/golden/v0.1/squares.yaml", "utf8");
writeFileSync(join(folder, "spec.yaml"), yaml.replace("iterations: 12", "iterations: 2"));
for (const [i, text] of snippets.entries()) writeFileSync(join(folder, nameOf(i)), text);

const run = (name: string) => {
  const file = join(folder, name.replace(/ts$/, "js"));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stderr, lines: stdout.trimEnd().split("\n") };
};

test("its snippets run, and print what they say", { timeout: 240_000 }, () => {
  expect(snippets.length).toBe(8);
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  for (const [i, text] of snippets.entries())
    writeFileSync(
      join(folder, nameOf(i).replace(/ts$/, "js")),
      ts.transpileModule(text, { compilerOptions }).outputText,
    );
  for (const [i, text] of snippets.entries()) {
    const { status, stderr, lines } = run(nameOf(i));
    expect(status, stderr).toBe(0);
    const isPromising = i > 0 && !readme.includes(text);
    expect(promised(text).length > 0).toBe(isPromising);
    // Of a line in a loop, the first is shown.
    for (const line of promised(text)) expect(lines).toContain(line);
  }
});

test("its snippets have the types that they claim", { timeout: 120_000 }, () => {
  const program = ts.createProgram(
    snippets.map((_, i) => join(folder, nameOf(i))),
    {
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ["node"],
      typeRoots: [resolve("node_modules/@types")],
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      // From the sources: declarations are made when the package is.
      paths: { pspc: [resolve("src/index.ts")] },
    },
  );
  const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
  expect(own.length).toBe(snippets.length);
  const found = own.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  expect(
    found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
  ).toEqual([]);
});
