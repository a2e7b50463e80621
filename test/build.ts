/** Before the tests: src/ newer than dist/ → dist/ emitted again, types unchecked (`npm test` has checked them). */

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";

const stamp = "dist/.emitted";

const newest = (folder: string): number =>
  Math.max(
    0,
    ...readdirSync(folder, { recursive: true, encoding: "utf8" }).map(
      (file) => statSync(`${folder}/${file}`).mtimeMs,
    ),
  );

export default function setup(): void {
  const started = new Date();
  if (existsSync(stamp) && newest("src") < statSync(stamp).mtimeMs) return;
  const unchecked = ["--noCheck", "--declaration", "false", "--incremental", "false"];
  execFileSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json", ...unchecked],
    { stdio: "inherit" },
  );
  writeFileSync(stamp, "");
  utimesSync(stamp, started, started);
}
