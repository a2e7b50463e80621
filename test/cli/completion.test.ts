/** What a real bash completes by the script that `pspc completion bash` prints. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, expect, it } from "vitest";
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
