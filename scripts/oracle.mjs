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

/** A mark, the two lines of a table's head, its rows, a mark. */
const tables = /(<!-- oracle: (\w+) -->\n(?:\|.*\n){2})(?:\|.*\n)*(?=<!-- end -->)/g;

/** @param {string} name */
const rowsOf = (name) => {
  const rows = lines.flatMap((line) => (line.startsWith(`${name}\t`) ? [line.split("\t")[1]] : []));
  if (rows.length === 0) throw new Error(`nothing was measured for the table ${name} of ${page}`);
  return rows.map((row) => `${row}\n`).join("");
};

const text = readFileSync(page, "utf8");
writeFileSync(
  page,
  text.replace(tables, (_, head, name) => `${head}${rowsOf(name)}`),
);
