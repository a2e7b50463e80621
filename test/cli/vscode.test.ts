/** The VS Code extension as it is packed: the listed files, the settings that the server knows, and a program that starts it. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Module } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { bundled, members, zipped } from "../../scripts/vscode.mjs";

const folder = mkdtempSync(join(tmpdir(), "pspc-vscode-"));
afterAll(() => rmSync(folder, { recursive: true }));
const manifest = JSON.parse(readFileSync("editors/vscode/package.json", "utf8"));

test("the archive holds the listed files, as another program reads it", () => {
  const file = join(folder, "pspc.vsix");
  writeFileSync(file, zipped(members(Buffer.from("the program"))));
  const program = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print(json.dumps({name: archive.read(name).decode() for name in archive.namelist()}))`;
  const read = JSON.parse(execFileSync("python3", ["-c", program, file], { encoding: "utf8" }));
  expect(Object.keys(read)).toEqual([
    "[Content_Types].xml",
    "extension.vsixmanifest",
    "extension/extension.cjs",
    "extension/package.json",
    "extension/README.md",
    "extension/LICENSE",
  ]);
  expect(read["extension/extension.cjs"]).toBe("the program");
  expect(JSON.parse(read["extension/package.json"]).dependencies).toBeUndefined();
  expect(read["extension.vsixmanifest"]).toContain(`Version="${manifest.version}"`);
});

test("its version is the package's, and its settings are flags of `pspc lsp`", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(manifest.version).toBe(version);
  const server = readFileSync("src/cli/verb/lsp.ts", "utf8");
  const program = readFileSync("editors/vscode/extension.js", "utf8");
  const settings = Object.keys(manifest.contributes.configuration.properties);
  for (const name of settings.filter((each) => each !== "pspc.command")) {
    const key = name.replace("pspc.", "");
    const [, flag] = RegExp(`${key}: "--([a-z-]+)"`).exec(program) ?? [];
    expect(flag, name).toBeDefined();
    expect(flag === "run-code" || server.includes(`long: "${flag}"`), name).toBe(true);
  }
});

const isInstalled = existsSync("editors/vscode/node_modules/vscode-languageclient");
if (!isInstalled)
  process.stderr.write(
    "test/cli/vscode.test.ts skips the bundle: `npm ci --ignore-scripts` in editors/vscode installs its packages\n",
  );

test.skipIf(!isInstalled)("its program imports VS Code and Node alone", async () => {
  const text = (await bundled()).toString();
  const required = [...text.matchAll(/require\([`"']([^`"']+)[`"']\)/g)].map(
    ([, name]) => name ?? "",
  );
  expect(required).toContain("vscode");
  expect(required.filter((name) => name !== "vscode" && !Module.isBuiltin(name))).toEqual([]);
  expect(text).toContain("activate");
});
