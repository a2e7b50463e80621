// @ts-check
/**
 * Measures pspc against PyTorch, slow cases too, and writes the tables of docs/numerics.md anew, between their marks.
 * PSPC_TORCH names a folder for PYTHONPATH where python3 does not find torch by itself. PSPC_NUMERICS names a file of
 * rows that were measured before: then nothing is measured.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { refill } from "./marks.mjs";

const page = "docs/numerics.md";

/** @returns {string} the rows, a line each: the table's name, a tab, the row. */
const measure = () => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-numerics-"));
  const rows = join(folder, "rows.txt");
  const env = { ...process.env, PSPC_ORACLE: "full", PSPC_NUMERICS: rows };
  try {
    const words = ["vitest", "run", "test/oracle"];
    const { status } = spawnSync("npx", words, { env, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 1);
    return readFileSync(rows, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const measured = process.env.PSPC_NUMERICS;
const lines = (measured ? readFileSync(measured, "utf8") : measure()).trim().split("\n");

/** @param {string} name */
const rowsOf = (name) => {
  const rows = lines.flatMap((line) => (line.startsWith(`${name}\t`) ? [line.split("\t")[1]] : []));
  if (rows.length === 0) throw new Error(`nothing was measured for the table ${name} of ${page}`);
  return rows;
};

/** The two lines of a table's head stay. @param {string} name @param {string} old */
const fill = (name, old) => [...old.split("\n").slice(0, 2), ...rowsOf(name)].join("\n");
writeFileSync(page, refill(readFileSync(page, "utf8"), "oracle", fill));
