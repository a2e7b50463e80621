/** Patterns of files: they mean what they mean to the shell. */

import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { patternExpression } from "../../src/run/inputs.js";
import { temporary } from "./tiny.js";

const folder = await temporary();
const files =
  "a.png b.png c.png a-b.png ].png ^.png x,y.png a(1).png a+.png {z}.png in/a.png in/deep/b.png in/deep/ab.png out/a.jpg"
    .split(" ")
    .sort();

beforeAll(async () => {
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "");
  }
});

/** What bash makes of a pattern, files only. */
const bash = (pattern: string): readonly string[] => {
  const script = `shopt -s globstar nullglob dotglob; for f in ${pattern}; do [ -f "$f" ] && echo "$f"; done; :`;
  const env = { ...process.env, LC_ALL: "C" };
  const { stdout, status } = spawnSync("bash", ["-c", script], { cwd: folder, env });
  expect(status).toBe(0);
  return [...new Set(String(stdout).trim().split("\n"))].filter((name) => name !== "").sort();
};
const hasBash = spawnSync("bash", ["--version"]).status === 0;
if (!hasBash) console.info("no bash here: patterns are not held against it");

test
  .runIf(hasBash)
  .each([
    "*.png",
    "**/*.png",
    "in/**/*.png",
    "in/**",
    "[ab].png",
    "[a-c].png",
    "[!a-b].png",
    "[^a].png",
    "[]].png",
    "[]^].png",
    "[!]a].png",
    "[c-a].png",
    "[ab]*.png",
    "[a/b].png",
    "?.png",
    "{a,c}.png",
    "{a,in/deep/{b,ab}}.png",
    "{a}.png",
    "*[12]*",
    "*,?.png",
    "a+.png",
    "{in,out}/[a-b].{png,jpg}",
  ])("%s is what bash takes it for", (pattern) => {
  expect(files.filter((file) => patternExpression(pattern).test(file))).toEqual(bash(pattern));
});
