/** What real shells complete by the scripts that `pspc completion` prints. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { licences } from "../../scripts/licences.mjs";
import { verbs } from "../../src/cli/verbs.js";
import { temporary } from "../run/tiny.js";
import { pspc } from "./captured.js";

const folder = await temporary();

beforeAll(async () => {
  mkdirSync(join(folder, "my specs"));
  const spec = `pspc: 1\nvariants: {fcn: {model.pyramid: none}, deep: {train.seed: 1}, far: {train.seed: 2}}\n`;
  writeFileSync(join(folder, "camvid.yaml"), spec);
  writeFileSync(join(folder, "my specs", "own.yaml"), spec);
  writeFileSync(join(folder, "notes.txt"), "");
  writeFileSync(
    join(folder, "sly.mjs"),
    `import { writeFileSync } from "node:fs";\nwriteFileSync("ran", "");\nexport default { variants: { a: {} } };\n`,
  );
  const { code, out } = await pspc(folder, "completion", "bash");
  expect(code).toBe(0);
  writeFileSync(join(folder, "complete.bash"), out);
});

/** The last of the words is completed. */
const completed = (...words: readonly string[]): readonly string[] => {
  const script = `
    shopt -s extglob
    source ./complete.bash
    pspc() { "${process.execPath}" "${resolve("bin/pspc.js")}" "$@"; }
    COMP_WORDS=(pspc "$@"); COMP_CWORD=$#
    _pspc
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", ...words], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.trim().split("\n").sort();
};

it("completes every verb, and the options that its help has", () => {
  expect(completed("")).toEqual(Object.keys(verbs).sort());
  expect(completed("co")).toEqual(["compare", "compile", "completion"]);
  expect(completed("train", "--re")).toEqual(["--resume"]);
  expect(completed("data", "browse", "s.yaml", "--ep")).toEqual(["--epochs"]);
  expect(completed("plan", "s.yaml", "--")).toEqual(
    expect.arrayContaining(["--memory", "--diff", "--exit-code", "--json"]),
  );
});

it("completes specs and folders, with blanks too, and variants behind `#`", () => {
  expect(completed("check", "")).toEqual(["camvid.yaml", "my specs", "sly.mjs"]);
  expect(completed("check", "my specs/")).toEqual(["my specs/own.yaml"]);
  expect(completed("train", "camvid.yaml#f")).toEqual(["camvid.yaml#far", "camvid.yaml#fcn"]);
  expect(completed("train", "my specs/own.yaml#d")).toEqual(["my specs/own.yaml#deep"]);
});

it("runs no module for a key that is pressed", () => {
  expect(completed("train", "sly.mjs#")).toEqual([""]);
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

it("prints scripts for zsh and fish that name every verb", async () => {
  for (const shell of ["zsh", "fish"]) {
    const { out } = await pspc(folder, "completion", shell);
    for (const verb of Object.keys(verbs)) expect(out).toMatch(new RegExp(`\\b${verb}\\b`));
  }
});

it("keeps the list of licences in step with the lock", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  expect(readFileSync("docs/licences.md", "utf8")).toBe(licences(lock));
});

const has = (shell: string): boolean => spawnSync(shell, ["-c", ":"]).status === 0;

/** In a folder whose `pspc` is this one. */
const inShell = (shell: string, script: string, ...words: readonly string[]): readonly string[] => {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const own = `#!/bin/sh\nexec "${process.execPath}" "${resolve("bin/pspc.js")}" "$@"\n`;
  writeFileSync(join(bin, "pspc"), own, { mode: 0o755 });
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync(shell, ["-c", script, ...words], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.trim().split("\n").sort();
};

/** Runs in a machine with that shell alone: CI's has bash, and Debian packages the others. */
describe.runIf(has("zsh"))("a zsh, where there is one", () => {
  const completed = async (...words: readonly string[]): Promise<readonly string[]> => {
    writeFileSync(join(folder, "complete.zsh"), (await pspc(folder, "completion", "zsh")).out);
    const script = `compdef() {}; source ./complete.zsh
      compadd() { shift; print -l -- "$@" }; _files() {}
      words=(pspc "$@"); CURRENT=$(( $# + 1 )); _pspc`;
    return inShell("zsh", script, "zsh", ...words);
  };

  it("completes verbs, options and variants, of specs with blanks too", async () => {
    expect(await completed("")).toEqual(Object.keys(verbs).sort());
    expect(await completed("train", "--re")).toContain("--resume");
    const variants = ["deep", "far", "fcn"];
    for (const [typed, spec] of [
      ["camvid.yaml#", "camvid.yaml"],
      ["my\\ specs/own.yaml\\#d", "my specs/own.yaml"],
    ] as const)
      expect(await completed("train", typed)).toEqual(variants.map((name) => `${spec}#${name}`));
  });
});

describe.runIf(has("fish"))("a fish, where there is one", () => {
  const completed = async (line: string): Promise<readonly string[]> => {
    writeFileSync(join(folder, "complete.fish"), (await pspc(folder, "completion", "fish")).out);
    return inShell("fish", 'source complete.fish; complete -C "$argv[1]"', line);
  };

  it("completes verbs, options and variants, of specs with blanks too", async () => {
    expect((await completed("pspc compl"))[0]).toMatch(/^completion\t/);
    expect(await completed("pspc train --re")).toEqual(["--resume"]);
    expect(await completed("pspc train camvid.yaml#f")).toEqual([
      "camvid.yaml#far",
      "camvid.yaml#fcn",
    ]);
    expect(await completed("pspc train my\\ specs/own.yaml#d")).toEqual(["my specs/own.yaml#deep"]);
  });
});
